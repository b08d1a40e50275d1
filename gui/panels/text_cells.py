"""The characters of a text as coloured cells in wrapped lines: where each is, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QFont, QPainter

from gui.colour_maps import SEQUENTIAL
from gui.panels.glyphs import LINE_ENDS, MARKS, SPACES, Cell, Glyphs
from gui.panels.levels import grounds_and_inks, levels
from gui.panels.text_layout import wrap
from gui.theme import theme

GROUND, PITCH = 1.25, 1.5
"""Height of a character's ground and distance of the lines, as multiples of the font's height."""
UNDERLINE = 3
"""Thickness of the line below a range."""
FAINT = 0.5
"""Opacity of the marks that stand for spaces and line ends."""


class TextCells:
    """The cells; places are in device-independent pixels from the top left of the whole text."""

    def __init__(self, font: QFont) -> None:
        self._labels: list[str] = []
        self._levels: list[int] = []
        self._colour_map = SEQUENTIAL
        self.set_font(font)
        self.wrap(0)

    def set_font(self, font: QFont) -> None:
        """Measure the characters anew, before the text is wrapped again."""
        self._glyphs = Glyphs(font)
        height = self._glyphs.metrics.height()
        self._ground_height, self.pitch = round(height * GROUND), round(height * PITCH)
        self._baseline = round((self._ground_height - height) / 2 + self._glyphs.metrics.ascent())
        self._measure()

    def set_text(
        self, labels: Sequence[str], values: NDArray[np.float64], low: float, high: float, colour_map: str
    ) -> None:
        """Put labels on the colours of their values (not a number: the page's), before they are wrapped."""
        coloured = levels(values, low, high).astype(np.int64)
        self._levels = np.where(np.isnan(values), -1, coloured).tolist()
        self._labels, self._colour_map = list(labels), colour_map
        self._measure()

    def wrap(self, room: float) -> None:
        """Break the text into lines of this width."""
        self.layout = wrap(self._widths, self._blanks, self._ends, room - self._glyphs.cell_width("␣"))

    @property
    def labels(self) -> list[str]:
        return self._labels

    @property
    def count(self) -> int:
        """How many characters there are."""
        return len(self._labels)

    @property
    def height(self) -> int:
        """Of all lines."""
        return self.layout.line_count * self.pitch

    def line_at(self, y: float) -> int:
        """The line at a height; the gap below a line belongs to it."""
        return int(y // self.pitch)

    def at(self, point: QPointF) -> int | None:
        """The character at a point, None beside them all."""
        return self.layout.at(point.x(), self.line_at(point.y()))

    def nearest(self, point: QPointF) -> int:
        """The character nearest to a point; there must be one."""
        return self.layout.nearest(point.x(), self.line_at(point.y()))

    def rect(self, character: int) -> QRectF:
        """A character's ground."""
        layout = self.layout
        top = int(layout.lines[character]) * self.pitch
        width = int(layout.widths[character]) - 1
        return QRectF(int(layout.lefts[character]), top, width, self._ground_height)

    def paint(self, painter: QPainter, shown: QRect) -> None:
        """Draw the lines that `shown` touches."""
        layout = self.layout
        touched = [self.line_at(shown.top()), self.line_at(shown.bottom()) + 1]
        start, stop = layout.starts[np.clip(touched, 0, layout.line_count)].tolist()
        grounds, inks = grounds_and_inks(self._colour_map)
        page_ink = QColor(theme().text).rgb()
        # Plain numbers, taken out of the arrays at once: one by one would take longer than drawing.
        lefts, widths, lines = (
            column[start:stop].tolist() for column in (layout.lefts, layout.widths, layout.lines)
        )
        cells = zip(self._labels[start:stop], self._levels[start:stop], lefts, widths, lines, strict=True)
        written: dict[tuple[int, bool], list[Cell]] = {}
        for label, level, left, width, line in cells:
            top, ink = line * self.pitch, page_ink
            if level >= 0:
                painter.fillRect(left, top, width - 1, self._ground_height, grounds[level])
                ink = inks[level]
            cell = label, left, width - 1, top + self._baseline
            written.setdefault((ink, label in MARKS), []).append(cell)
        for (ink, is_mark), cells_in_it in written.items():
            painter.setPen(QColor.fromRgb(ink))
            painter.setOpacity(FAINT if is_mark else 1.0)
            self._glyphs.draw_all(painter, cells_in_it)
        painter.setOpacity(1.0)

    def paint_underline(self, painter: QPainter, start: int, stop: int, colour: str) -> None:
        """Draw a line below the characters start..stop-1, in the gap between the lines."""
        layout = self.layout
        for line, first, last in layout.parts(start, stop):
            left, right = int(layout.lefts[first]), int(layout.lefts[last] + layout.widths[last]) - 1
            top = line * self.pitch + self._ground_height + 1
            painter.fillRect(left, top, right - left, UNDERLINE, QColor(colour))

    def _measure(self) -> None:
        labels = self._labels
        widths = {label: self._glyphs.cell_width(label) for label in set(labels)}
        self._widths = np.array([widths[label] for label in labels], np.int64)
        self._blanks = np.array([label in SPACES for label in labels], np.bool_)
        self._ends = np.array([label in LINE_ENDS for label in labels], np.bool_)
