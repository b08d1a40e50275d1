"""A person's table: whatever is in it becomes sequences, and what was done is said, or one sentence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.data.series.csv_table import MOST_POSITIONS, read_series_csv
from engine.data.series.labelled import LabelledSeries
from engine.errors import UserError

LENGTH = 8
VALUES = np.round(np.random.default_rng(0).normal(5, 2, (60, LENGTH)), 3)
LABELS = [("sit", "walk", "run")[number % 3] for number in range(60)]
ROWS = [[label, *(f"{value:.3f}" for value in row)] for label, row in zip(LABELS, VALUES, strict=True)]
Rows = Sequence[Sequence[str]]


def joined(rows: Rows, separator: str = ",", end: str = "\n") -> str:
    return end.join(separator.join(row) for row in rows) + end


def read(tmp_path: Path, content: str | bytes) -> LabelledSeries:
    path = tmp_path / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_series_csv(path)


def last(rows: Rows) -> Rows:
    return [[*row[1:], row[0]] for row in rows]


HEADER = [["label", *(f"t{number}" for number in range(LENGTH))]]
NUMBERED = [["y", *map(str, range(LENGTH))]]
COMMAS = [[row[0], *(cell.replace(".", ",") for cell in row[1:])] for row in ROWS]
UMLAUT = joined([[row[0] + "ä", *row[1:]] for row in ROWS])
GOOD = {
    "first": joined(ROWS),
    "last": joined(last(ROWS)),
    "header": joined([*HEADER, *ROWS]),
    "numbered header, last": joined(last([*NUMBERED, *ROWS])),
    "semicolons and decimal commas": joined(COMMAS, ";"),
    "tabs": joined(ROWS, "\t"),
    "white space": joined(ROWS, "   "),
    "carriage returns": joined(ROWS, end="\r"),
    "byte-order mark": joined(ROWS).encode("utf-8-sig"),
    "UTF-16": joined(ROWS).encode("utf-16"),
    "Latin-1": UMLAUT.encode("latin-1"),
    "quoted": joined([[f'"{row[0]}"', *row[1:]] for row in ROWS]),
    "empty cells at the end": joined([[*row, "", ""] for row in ROWS]),
    "blank lines": joined(ROWS, end="\n\n  \n"),
}


@pytest.mark.parametrize("how", GOOD)
def test_the_same_table_is_read_however_it_is_written(how: str, tmp_path: Path):
    data = read(tmp_path, GOOD[how])
    assert [label.rstrip("ä") for label in data.classes] == ["run", "sit", "walk"]
    assert (data.length, data.channels) == (LENGTH, 1)
    assert (len(data.train_y), len(data.test_y)) == (54, 6)
    # All rows, standardised as it says, and each with its own class.
    found = np.concatenate([data.train_x, data.test_x])[..., 0]
    order = np.lexsort(np.round(found, 4).T)
    mean, deviation = data_scale(data)
    wanted = (VALUES - mean) / deviation
    wanted_order = np.lexsort(np.round(wanted, 4).T)
    assert found[order] == pytest.approx(wanted[wanted_order], abs=2e-3)
    labels = np.concatenate([data.train_y, data.test_y])[order]
    assert [data.classes[label].rstrip("ä") for label in labels] == [LABELS[at] for at in wanted_order]
    assert "last" in data.about if how.endswith("last") else "first" in data.about


def data_scale(data: LabelledSeries) -> tuple[float, float]:
    words = data.about.split()
    return float(words[words.index("mean") + 1].strip(",")), float(words[words.index("deviation") + 1][:-1])


def test_the_training_sequences_are_standardised(tmp_path: Path):
    data = read(tmp_path, joined(ROWS))
    assert data.train_x.mean() == pytest.approx(0, abs=1e-6)
    assert data.train_x.std() == pytest.approx(1, abs=1e-6)


def test_classes_may_be_numbers_where_the_values_are_too(tmp_path: Path):
    rows = [[str(10 + number % 2), *row[1:]] for number, row in enumerate(ROWS)]
    assert read(tmp_path, joined(rows)).classes == ("10", "11")
    assert read(tmp_path, joined(last(rows))).classes == ("10", "11")
    whole = np.random.default_rng(1).integers(0, 17, (60, 8)).astype(str).tolist()
    both = [[*row, str(number % 3)] for number, row in enumerate(whole)]
    assert "last column" in read(tmp_path, joined(both)).about


def test_ragged_rows_are_cut_or_go_on(tmp_path: Path):
    rows = [row[: len(row) - 2 * (number == 7)] for number, row in enumerate(ROWS)]
    data = read(tmp_path, joined([*rows[:-1], [*rows[-1], "9"]]))
    assert data.length == LENGTH
    assert "2 of 60 rows had more or fewer than 8 values" in data.about
    found = np.concatenate([data.train_x, data.test_x])[..., 0]
    assert ((found[:, -1] == found[:, -2]) & (found[:, -2] == found[:, -3])).sum() == 1


def test_rows_without_numbers_are_left_out_and_counted(tmp_path: Path):
    rows = [[*row] for row in ROWS]
    for at, cell in enumerate(("nan", "", "inf", "-inf", "1e999", "word")):
        rows[at][3] = cell
    data = read(tmp_path, joined(rows))
    assert "6 of 60 rows are left out" in data.about
    assert len(data.train_y) + len(data.test_y) == 54


def test_a_class_with_one_row_is_trained_on_and_not_tested(tmp_path: Path):
    data = read(tmp_path, joined([*ROWS, ["fly", *ROWS[0][1:]]]))
    assert "Of fly there is only one sequence" in data.about
    fly = data.classes.index("fly")
    assert fly in data.train_y
    assert fly not in data.test_y


def test_long_sequences_are_cut(tmp_path: Path):
    data = read(tmp_path, joined([[*row, *["1"] * MOST_POSITIONS] for row in ROWS]))
    assert data.length == MOST_POSITIONS
    assert f"the first {MOST_POSITIONS:,} are used" in data.about


def test_a_million_rows_take_seconds_and_all_their_classes_stay(tmp_path: Path):
    """Sorted by class, as tables often are."""
    content = "".join(joined([[label, "1.25", "2.5", str(at)]]) * 250_000 for at, label in enumerate("abcd"))
    begun = time.thread_time()
    data = read(tmp_path, content)
    assert time.thread_time() - begun < 6
    assert data.classes == tuple("abcd")
    assert np.bincount(data.train_y).min() > 4000
    assert "1,000,000 rows are too many" in data.about


BAD = {
    "": "is empty",
    "\n \n\n": "is empty",
    "label,a,b\n": "has no sequences",
    joined([row[:1] for row in ROWS]): "only one column",
    joined([["a", *row[1:]] for row in ROWS]): "only one class",
    joined([[str(at), *row[1:]] for at, row in enumerate(ROWS)]): "no column of classes",
    joined([row[1:] for row in ROWS]): "no column of classes",
    joined([[row[0], "red", "green"] for row in ROWS]): "no sequence of numbers",
    joined([[row[0], "nan"] for row in ROWS]): "no sequence of numbers",
    joined([[row[0], "1", "1"] for row in ROWS]): "nothing to learn from",
    joined(ROWS[:3]): "too few rows",
    joined([[f"w{at // 2}", *ROWS[at % 60][1:]] for at in range(220)]): "too many classes",
    "\0\1\2\3" * 100: "is not text",
}


@pytest.mark.parametrize("content", BAD, ids=BAD.values())
def test_what_cannot_be_used_is_said_in_a_sentence(content: str, tmp_path: Path):
    with pytest.raises(UserError, match=BAD[content]) as caught:
        read(tmp_path, content)
    assert "\n" not in caught.value.sentence


def test_a_folder_and_a_missing_file_are_said_to_be_so(tmp_path: Path):
    with pytest.raises(UserError, match="is a folder"):
        read_series_csv(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        read_series_csv(tmp_path / "none.csv")


def test_a_seed_draws_the_same_rows(tmp_path: Path):
    path = tmp_path / "own.csv"
    path.write_text(joined(ROWS))
    one, same, other = (read_series_csv(path, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.test_x, same.test_x)
    assert not np.array_equal(one.test_x, other.test_x)
