"""Curves over an x that doubles, with named upright marks: how far something reaches along x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log2

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.plot_axes import Axes
from gui.panels.plot_ticks import Scale
from gui.panels.series import series_colour
from gui.panels.told_chart import ToldChart
from gui.theme import GRID, small_font, theme


@dataclass(frozen=True)
class Mark:
    """An upright line at `x`; beyond the axis only its name stands at the end, with an arrow."""

    x: float
    name: str
    colour: str | int


@dataclass(frozen=True)
class Doublings(Scale):
    """A logarithmic scale whose marks are powers of two."""

    def part(self, start: float, end: float) -> Scale:
        found = super().part(start, end)
        return Doublings(found.low, found.high, found.kind)

    def ticks(self, most: int, whole: bool = False) -> list[float]:
        first, last = ceil(log2(self.low) - 1e-9), floor(log2(self.high) + 1e-9)
        stride = max(1, ceil((last - first + 1) / max(1, most)))
        return [2.0**power for power in range(first, last + 1, stride)]


class MarkedChart(ToldChart):
    """The curves of a `ToldChart`; `doubles` says whether x is spaced by its logarithm."""

    def __init__(
        self,
        title: str,
        name: str,
        sentence: str = "",
        parent: QWidget | None = None,
        *,
        doubles: bool = True,
    ) -> None:
        super().__init__(title, name, sentence, parent)
        self._doubles = doubles
        self._marks: tuple[Mark, ...] = ()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show these with the next curves that are drawn."""
        self._marks = tuple(marks)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is marked."""
        return self._marks

    def summary(self) -> str:
        said = [f"{mark.name} at {self._words.x_text(mark.x)}." for mark in self._marks]
        return " ".join([super().summary(), *said])

    def paint_below(self, painter: QPainter, axes: Axes) -> None:
        super().paint_below(painter, axes)
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        rows = sorted(self._marks, key=lambda mark: mark.x)
        for row, mark in enumerate(rows):
            self._paint_mark_of(painter, axes, metrics, mark, row)
        painter.restore()

    def _paint_mark_of(
        self, painter: QPainter, axes: Axes, metrics: QFontMetricsF, mark: Mark, row: int
    ) -> None:
        """A line from the axis up to its name; every name has a row of its own below the top."""
        frame, colour = axes.frame, QColor(series_colour(mark.colour))
        is_beyond = mark.x > axes.x.high
        at = frame.right() if is_beyond else axes.across(max(mark.x, axes.x.low))
        middle = frame.bottom() - (len(self._marks) - row) * metrics.height()
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DotLine))
        if not is_beyond:
            painter.drawLine(QLineF(at, frame.top(), at, frame.bottom()))
        text = f"{mark.name} →" if is_beyond else mark.name
        breadth = metrics.horizontalAdvance(text)
        has_room = at + GRID / 2 + breadth <= frame.right() and not is_beyond
        left = at + GRID / 2 if has_room else at - GRID / 2 - breadth
        ground = QColor(theme().page)
        ground.setAlphaF(0.75)
        painter.fillRect(
            QRectF(left - 2, middle - metrics.height() / 2, breadth + 4, metrics.height()), ground
        )
        painter.setPen(colour)
        painter.drawText(QPointF(left, middle + metrics.capHeight() / 2), text)

    def _settle(self) -> None:
        if self._doubles and self._x.low > 0 and self._x.kind != "log":
            self._x = Doublings(self._x.low, self._x.high, "log")
        super()._settle()
