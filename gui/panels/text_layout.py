"""Where each character of a wrapped text lies: lines broken at words, and the character at a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TextLayout:
    """Characters in lines; lengths in device-independent pixels from the text's left edge."""

    lefts: Ints
    """(N,) left edge of each character in its line."""
    widths: Ints
    """(N,)"""
    lines: Ints
    """(N,) number of the line that a character is in."""
    starts: Ints
    """(lines + 1,) first character of each line, and at the end N."""

    @property
    def count(self) -> int:
        """How many characters there are."""
        return len(self.widths)

    @property
    def line_count(self) -> int:
        return len(self.starts) - 1

    def at(self, x: float, line: int) -> int | None:
        """The character that covers `x` in a line; None beside it."""
        if not 0 <= line < self.line_count:
            return None
        found = self.nearest(x, line)
        left = self.lefts[found]
        return found if left <= x < left + self.widths[found] else None

    def nearest(self, x: float, line: int) -> int:
        """The character of the nearest line that is nearest to `x`; there must be one."""
        line = min(max(line, 0), self.line_count - 1)
        start, stop = int(self.starts[line]), int(self.starts[line + 1])
        after = int(np.searchsorted(self.lefts[start:stop], x, side="right"))
        return start + max(0, after - 1)

    def above_or_below(self, character: int, lines: int) -> int:
        """The character so many lines below (negative: above); itself where there is no such line."""
        line = int(self.lines[character]) + lines
        if not 0 <= line < self.line_count:
            return character
        return self.nearest(self.lefts[character] + self.widths[character] / 2, line)

    def parts(self, start: int, stop: int) -> list[tuple[int, int, int]]:
        """The lines that the characters start..stop-1 take: (line, its first of them, its last of them)."""
        if start >= stop:
            return []
        found = range(int(self.lines[start]), int(self.lines[stop - 1]) + 1)
        return [(line, max(start, int(self.starts[line])), self._last(line, stop)) for line in found]

    def _last(self, line: int, stop: int) -> int:
        return min(stop, int(self.starts[line + 1])) - 1


def wrap(widths: Ints, blanks: NDArray[np.bool_], ends: NDArray[np.bool_], room: float) -> TextLayout:
    """Break a text of (N,) character widths into lines no wider than `room`.

    A line ends after a blank if it can, after any character if it must, and always after a character
    marked in `ends`. A blank may hang over the end of its line: keep room for one.
    """
    edges = np.concatenate(([0], np.cumsum(widths))).astype(np.int64)
    needs = np.where(blanks | ends, edges[:-1], edges[1:])
    breaks, stops = np.flatnonzero(blanks) + 1, np.flatnonzero(ends) + 1
    starts = [0]
    while starts[-1] < len(widths):
        starts.append(_line_end(starts[-1], edges, needs, breaks, stops, room))
    firsts = np.asarray(starts, np.int64)
    lines = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
    return TextLayout(edges[:-1] - edges[firsts[lines]], widths, lines, firsts)


def _line_end(start: int, edges: Ints, needs: Ints, breaks: Ints, stops: Ints, room: float) -> int:
    """Where the line that begins with `start` ends: the first character of the next."""
    fitting = int(np.searchsorted(needs, edges[start] + room, side="right"))
    stop = max(start + 1, fitting)
    forced = int(np.searchsorted(stops, start, side="right"))
    if forced < len(stops) and stops[forced] <= stop:
        return int(stops[forced])
    if stop >= len(needs):
        return len(needs)
    word = int(np.searchsorted(breaks, stop, side="right")) - 1
    return int(breaks[word]) if word >= 0 and breaks[word] > start else stop
