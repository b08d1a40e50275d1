"""A person's table as rows of cells: its encoding, its separator, and no more rows than can be used.

Rows are chosen from the bytes, before anything is decoded, so that a million of them take a second or two.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.file_bytes import display_name, read_file
from engine.data.text import decode_text
from engine.errors import UserError

MAX_BYTES = 500_000_000
MOST_ROWS = 20_000
MOST_CELLS = 4_000_000
"""Of all rows taken together: the longer the rows, the fewer are taken."""

_HEAD = 1_000_000
"""Bytes from which the encoding is told."""
_LOOKED_AT = 50
"""Rows from which the separator is told."""
_CODECS = {
    "UTF-8": "utf-8",
    "UTF-8 with a byte-order mark": "utf-8-sig",
    "Windows-1252": "cp1252",
    "Latin-1": "latin-1",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "UTF-32 LE": "utf-32-le",
    "UTF-32 BE": "utf-32-be",
}
"""By the words that `decode_text` says."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows that were taken, each without empty cells at its end, and none of them empty."""

    rows: list[list[str]]
    """The first row of the file is the first here, whatever else was left out."""
    separator: str
    """"," or ";" or a tab, or " " for any white space."""
    count: int
    """Rows that the file has, empty ones left out."""


def read_cells(path: Path) -> Cells:
    """The cells of the table at `path`; the first row and some drawn where there are more than can be used.

    Raises UserError where there is no table.
    """
    name = display_name(path)
    lines = _lines(_as_utf8(read_file(path, MAX_BYTES), name))
    if not lines.count:
        raise UserError(f"{name} is empty", "it holds no character", "Open another file")
    head = lines.take(np.arange(min(_LOOKED_AT, lines.count)))
    separator = _separator(head)
    widest = max(map(len, _split(head, separator)))
    most = max(2, min(MOST_ROWS, MOST_CELLS // widest))
    # Drawn, not evenly spaced: classes that come in turn would fall out.
    others = np.random.default_rng(0).permutation(np.arange(1, lines.count))[: most - 1]
    chosen = np.sort(np.append(others, 0))
    rows = [row for row in map(_stripped, _split(lines.take(chosen), separator)) if row]
    return Cells(rows, separator, lines.count)


def _as_utf8(data: bytes, name: str) -> bytes:
    """The same text in UTF-8, without a byte-order mark."""
    _, words, _ = decode_text(data[:_HEAD], name)
    codec = _CODECS[words]
    if codec == "utf-8":
        return data
    text = data.decode(codec, "replace").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    return text.encode("utf-8")


@dataclass(frozen=True, eq=False)
class _Lines:
    """Where the lines are that hold more than white space."""

    data: bytes
    starts: np.ndarray
    ends: np.ndarray

    @property
    def count(self) -> int:
        return len(self.starts)

    def take(self, indices: np.ndarray) -> list[str]:
        """Some of them as text; a byte that does not fit the encoding becomes a question mark."""
        spans = zip(self.starts[indices].tolist(), self.ends[indices].tolist(), strict=True)
        return [self.data[start:end].decode("utf-8", "replace").strip("\r\n\0") for start, end in spans]


def _lines(data: bytes) -> _Lines:
    end = b"\n" if b"\n" in data else b"\r"
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == end[0])
    ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])
    # Of longer lines that hold white space alone nothing is left when they are split.
    short = np.flatnonzero(ends - starts < 3)
    blank = [index for index in short if not data[starts[index] : ends[index]].strip()]
    kept = np.delete(np.arange(len(starts)), blank)
    return _Lines(data, starts[kept], ends[kept])


def _separator(head: Sequence[str]) -> str:
    """The first of ; tab , that nine lines of ten have; else white space."""
    for separator in (";", "\t", ","):
        if sum(separator in line for line in head) >= 0.9 * len(head):
            return separator
    for separator in (";", "\t", ","):  # ragged: a line with a class alone has none
        if sum(separator in line for line in head) * 2 >= len(head):
            return separator
    return " "


def _split(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Each line by itself, so that a quotation mark that never ends spoils its own row only."""
    if separator == " ":
        return [line.split() for line in lines]
    return [[cell.strip() for cell in _row(line, separator)] for line in lines]


def _row(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a cell of more than a hundred thousand characters
        return line.split(separator)


def _stripped(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row = row[:-1]
    return row
