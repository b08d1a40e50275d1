"""One-character labels shaped once and drawn many times, each alone and centred in a cell of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QFontMetricsF, QGlyphRun, QPainter, QRawFont, QTextLayout

SPACES = frozenset("␣ \u00a0")
LINE_ENDS = frozenset("↵\n")
MARKS = dict.fromkeys(SPACES, "·") | dict.fromkeys(LINE_ENDS, "↵")
"""What stands for a character that has no ink of its own."""
CARRIER = "\u25cc"
"""The dotted circle, which carries a combining character that stands alone."""


Cell = tuple[str, float, float, float]
"""A label, the left edge and the width of its cell, and the baseline."""


@dataclass(frozen=True)
class _Shaped:
    """A label's glyphs: for each font that has some their numbers and their places."""

    runs: tuple[tuple[int, list[int], list[tuple[float, float]]], ...]
    advance: float
    ascent: float


class Glyphs:
    """Draws labels in a font; shaping is slow, so each label is shaped once."""

    def __init__(self, font: QFont) -> None:
        self._font = QFont(font)
        self._shaped: dict[str, _Shaped] = {}
        self._raw_fonts: list[QRawFont] = []
        self.metrics = QFontMetricsF(self._font)

    def advance(self, label: str) -> float:
        """The label's own width, in device-independent pixels."""
        return self._shape(label).advance

    def cell_width(self, label: str) -> int:
        """Whole pixels that a label's cell takes in a text: narrow letters get room to be pointed at."""
        return max(ceil(self.metrics.height() * 0.44), ceil(self.advance(label)) + 2)

    def draw(self, painter: QPainter, label: str, left: float, width: float, baseline: float) -> None:
        """Draw a label in the painter's pen, centred between `left` and `left + width`."""
        self.draw_all(painter, [(label, left, width, baseline)])

    def draw_all(self, painter: QPainter, cells: Iterable[Cell]) -> None:
        """Draw labels in the painter's pen, each centred in its cell; many at once take less time."""
        runs: dict[int, tuple[list[int], list[QPointF]]] = {}
        for label, left, width, baseline in cells:
            shaped = self._shape(label)
            x, y = left + (width - shaped.advance) / 2, baseline - shaped.ascent
            for font, glyphs, places in shaped.runs:
                numbers, points = runs.setdefault(font, ([], []))
                numbers += glyphs
                points += [QPointF(x + right, y + down) for right, down in places]
        for font, (numbers, points) in runs.items():
            run = QGlyphRun()
            run.setRawFont(self._raw_fonts[font])
            run.setGlyphIndexes(numbers)
            run.setPositions(points)
            painter.drawGlyphRun(QPointF(), run)

    def draw_within(self, painter: QPainter, cells: Iterable[Cell]) -> None:
        """Draw labels like `draw_all`, those wider than their cells made narrower."""
        fitting = []
        for label, left, width, baseline in cells:
            advance = self.advance(label)
            if advance <= width:
                fitting.append((label, left, width, baseline))
                continue
            painter.save()
            painter.translate(left, 0)
            painter.scale(width / advance, 1)
            self.draw(painter, label, 0, advance, baseline)
            painter.restore()
        self.draw_all(painter, fitting)

    def _shape(self, label: str) -> _Shaped:
        found = self._shaped.get(label)
        if found is None:
            found = self._shaped[label] = self._shape_anew(MARKS.get(label) or _carried(label))
        return found

    def _shape_anew(self, text: str) -> _Shaped:
        layout = QTextLayout(text, self._font)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        if not line.isValid():  # no text at all
            return _Shaped((), 0.0, 0.0)
        runs = tuple(
            (
                self._number_of(run.rawFont()),
                run.glyphIndexes(),
                [(place.x(), place.y()) for place in run.positions()],
            )
            for run in layout.glyphRuns()
        )
        return _Shaped(runs, line.naturalTextWidth(), line.ascent())

    def _number_of(self, font: QRawFont) -> int:
        if font not in self._raw_fonts:
            self._raw_fonts.append(font)
        return self._raw_fonts.index(font)


def _carried(label: str) -> str:
    """The label, with something under it where it combines with what comes before."""
    return CARRIER + label if unicodedata.category(label[:1] or " ").startswith("M") else label
