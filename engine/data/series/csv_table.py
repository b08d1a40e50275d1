"""A person's own table of labelled sequences: a row a sequence, its class in the first or the last column."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.data.file_bytes import display_name
from engine.data.series.csv_cells import Cells, read_cells
from engine.data.series.labelled import LabelledSeries
from engine.data.series.splitting import hold_out
from engine.errors import UserError

MOST_CLASSES = 100
MOST_POSITIONS = 2000
"""Longer sequences are cut: a recurrent network reads one position after the other."""
LARGEST = 1e30
"""Larger numbers count as none; float32 could not hold their squares."""

_NAMES = re.compile(r"(class|label|target|category|y|kind|species|type)(e?s|_?id|_?name)?", re.IGNORECASE)
"""What a header calls the column of classes."""
_COMPARED = 3
"""Rows that a header has more words than."""

Place = Literal["first", "last"]


@dataclass(frozen=True, eq=False)
class _Table:
    """What was read, row by row."""

    labels: list[str]
    values: np.ndarray
    """(N, T) float64, all finite."""
    place: Place
    notes: list[str]


def read_series_csv(path: Path, seed: int = 0) -> LabelledSeries:
    """The sequences in the table at `path`, standardised; a tenth of each class is held out by `seed`.

    Header or not, separated by comma, semicolon, tab or white space, with decimal points or commas, in any
    encoding that texts may have. Rows with a cell that is no finite number are left out, rows of another
    length than most are cut, or go on with their last value, and of very long tables some rows are drawn;
    `about` says all of it. Raises UserError where two classes with two sequences cannot be had.
    """
    path = Path(path)
    name = display_name(path)
    cells = read_cells(path)
    rows, header = _without_header(cells)
    _insist_on_columns(rows, name, header is not None)
    table = _table(rows, header, cells.separator, name)
    classes, labels = _classes(table, name)
    split = hold_out(labels, classes, seed)
    if not len(split.test):
        raise UserError(
            f"{name} has too few rows",
            "every class has only one",
            "Open a table with several rows of each class",
        )
    values, scaled = _standardised(table.values, split.train, name)
    taken = f" {cells.count:,} rows are too many: {len(cells.rows):,}, drawn among them, are used."
    about = " ".join(
        [
            f"{name}: {len(labels):,} sequences of {values.shape[1]:,} values in {len(classes)} classes, "
            f"which the {table.place} column names.{taken * (cells.count > len(cells.rows))}",
            *table.notes,
            scaled,
            split.sentence,
        ]
    )
    parts = (part for at in (split.train, split.test) for part in (values[at], labels[at]))
    return LabelledSeries(name, *parts, classes, about, "time step")


# Which column, which rows -------------------------------------------------------------------------


def _number(cell: str) -> float:
    """NaN for what is no finite number; "1,5" and "1.234,5" are numbers with a decimal comma."""
    try:
        value = float(cell)
    except ValueError:
        if "," not in cell:
            return math.nan
        try:
            value = float(cell.replace(".", "").replace(",", "."))
        except ValueError:
            return math.nan
    return value if abs(value) <= LARGEST else math.nan


def _is_text(cell: str) -> bool:
    """Whether a cell is a word, not a number or a word for a missing one."""
    return math.isnan(_number(cell)) and cell.lower().strip("+-") not in _MISSING


_MISSING = {"", "nan", "na", "n/a", "null", "none", "inf", "infinity", "?"}


def _without_header(cells: Cells) -> tuple[list[list[str]], list[str] | None]:
    """The rows without their header, and that: a first row with more words than the next ones.

    Or one that calls the first or last column "label", and no other row does: its columns may be numbered.
    """
    first, *others = cells.rows
    words = sum(map(_is_text, first))
    below = max((sum(map(_is_text, row)) for row in others[:_COMPARED]), default=1)
    named = any(_NAMES.fullmatch(first[at]) and all(row[at] != first[at] for row in others) for at in (0, -1))
    if named or (words > below and 2 * words >= len(first)):
        return others, first
    return cells.rows, None


def _insist_on_columns(rows: Sequence[Sequence[str]], name: str, has_header: bool) -> None:
    if not rows:
        why = "it has a header and nothing below" if has_header else "no row has a cell"
        raise UserError(f"{name} has no sequences", why, "Open a table with a sequence in each row")
    if max(map(len, rows)) < 2:
        raise UserError(
            f"{name} has only one column",
            "a row needs a class and at least one value",
            "Put each sequence in a row, its class in the first or the last column",
        )


def _table(rows: list[list[str]], header: list[str] | None, separator: str, name: str) -> _Table:
    place = _place(rows, header, name)
    labels = [row[0 if place == "first" else -1] for row in rows]
    bodies = [row[1:] if place == "first" else row[:-1] for row in rows]
    wished = int(np.median([len(body) for body in bodies if body] or [0]))
    length = min(max(wished, 1), MOST_POSITIONS)
    notes = []
    if wished > MOST_POSITIONS:
        notes.append(f"Of {wished:,} values in a row the first {MOST_POSITIONS:,} are used.")
    uneven = sum(len(body) != wished for body in bodies)
    if uneven:
        notes.append(
            f"{uneven:,} of {len(rows):,} rows had more or fewer than {wished:,} values: cut, or their last "
            "value repeated."
        )
    values = np.array([_sequence(body, length) for body in bodies])
    sound = np.isfinite(values).all(1) & np.array([bool(label) for label in labels])
    if not sound.any():
        raise UserError(
            f"{name} holds no sequence of numbers",
            f"every row has a cell that is no finite number, as {_culprit(bodies, labels)}",
            "Save it as CSV with numbers alone beside the classes",
        )
    if not sound.all():
        lost = len(rows) - int(sound.sum())
        notes.append(
            f"{lost:,} of {len(rows):,} rows are left out: a cell there is empty or no finite number."
        )
    return _Table([label for label, ok in zip(labels, sound, strict=True) if ok], values[sound], place, notes)


def _sequence(body: Sequence[str], length: int) -> list[float]:
    """So many numbers; NaN throughout where there is none."""
    numbers = [_number(cell) for cell in body[:length]] or [math.nan]
    return numbers + [numbers[-1]] * (length - len(numbers))


def _culprit(bodies: Sequence[Sequence[str]], labels: Sequence[str]) -> str:
    wrong = [cell for body in bodies for cell in body if math.isnan(_number(cell))]
    return f"“{display_name((wrong or list(labels))[0]) if (wrong or labels)[0] else ''}”"


def _place(rows: Sequence[Sequence[str]], header: Sequence[str] | None, name: str) -> Place:
    """Where the classes are: the column of words, or that whose header says so, or that of few integers."""
    columns: dict[Place, list[str]] = {"first": [row[0] for row in rows], "last": [row[-1] for row in rows]}
    if header is not None:
        named = [place for place in columns if _NAMES.fullmatch(header[0 if place == "first" else -1])]
        if len(named) == 1:
            return named[0]
    worded = [place for place, column in columns.items() if 2 * sum(map(_is_text, column)) > len(rows)]
    if len(worded) == 1:
        return worded[0]
    scores = {place: _evenness(column) for place, column in columns.items() if place in (worded or columns)}
    best = max(scores, key=lambda place: scores[place])
    if scores[best] <= 0:
        raise UserError(
            f"{name} has no column of classes",
            "neither the first nor the last column is words, or a few whole numbers, that come again",
            "Put the class of each sequence in the first or the last column",
        )
    return best


def _evenness(column: Sequence[str]) -> float:
    """How much a column looks like classes, from 0 to 1: the entropy of its values over the most it could be.

    0 where a number has a fraction, where there are too many values, or where all are different or alike.
    """
    numbers = [_number(cell) for cell in column]
    if any(math.isfinite(number) and number != int(number) for number in numbers):
        return 0.0
    counts = np.array(list(Counter(column).values()))
    if not 1 < len(counts) <= min(MOST_CLASSES, len(column) - 1):
        return 0.0
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() / math.log(len(counts)))


# From rows to a data set --------------------------------------------------------------------------


def _classes(table: _Table, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes in order, numbers by size, and (N,) int64 which each row has."""
    numeric = not any(map(_is_text, table.labels))
    words = [f"{_number(label):g}" for label in table.labels] if numeric else table.labels
    classes = sorted(
        set(words), key=(lambda word: (float(word), "")) if numeric else (lambda word: (0.0, word))
    )
    if len(classes) < 2:
        raise UserError(
            f"{name} has only one class",
            f"the {table.place} column is “{display_name(classes[0])}” in every row that can be used",
            "Open a table with at least two",
        )
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"{name} has too many classes",
            f"the {table.place} column has {len(classes):,} different values, {MOST_CLASSES} are the most",
            "Put the class of each sequence in the first or the last column",
        )
    index = {word: number for number, word in enumerate(classes)}
    return tuple(classes), np.array([index[word] for word in words], np.int64)


def _standardised(values: np.ndarray, train: np.ndarray, name: str) -> tuple[np.ndarray, str]:
    """(N, T, 1) float32 of mean 0 and deviation 1 over the training sequences, and a sentence."""
    mean, deviation = float(values[train].mean()), float(values[train].std())
    if not deviation > abs(mean) * 1e-12:
        raise UserError(
            f"{name} holds nothing to learn from",
            "all its values are the same",
            "Open a table whose values differ",
        )
    scaled = ((values - mean) / deviation).astype(np.float32)[..., None]
    return scaled, f"Less their mean {mean:.4g}, and over their deviation {deviation:.4g}."
