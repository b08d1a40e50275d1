"""How values were spread, moment after moment: histograms one behind the other, the newest in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.plot_strokes import paint_lines, polygon, segments
from gui.panels.plot_ticks import Floats, Scale, tick_texts
from gui.panels.series import series_colour
from gui.panels.still import Still
from gui.theme import GRID, small_font, theme

OVERLAP = 4.0
"""How many rows the highest histogram reaches over."""
FAINTEST, STRONGEST = 0.25, 0.9
"""Opacity of the oldest and the newest."""


@dataclass(frozen=True, eq=False)
class Rows:
    """R histograms of B equal bins, oldest first."""

    steps: NDArray[np.int64]
    """(R,) when each was."""
    shares: NDArray[np.float32]
    """(R, B)"""
    low: NDArray[np.float64]
    """(R,) where the first bin begins."""
    high: NDArray[np.float64]
    """(R,) where the last one ends."""


class RidgesPanel(Panel):
    """The histograms; a cell is (row, bin)."""

    is_vector = True
    nothing_yet = "Nothing was measured yet."
    help_text = "Left and right move from bin to bin, up and down through time."

    def __init__(
        self,
        title: str,
        sentence: str = "",
        name: str = "",
        colour: str | int = "accent",
        unit: str = "step",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, sentence, name, parent)
        self._colour, self._unit = colour, unit
        self._rows: Rows | None = None
        self._relative = np.zeros((0, 0))
        self._still = Still(self.canvas)

    # What a view uses.

    def set_rows(self, rows: Rows | None) -> None:
        """Show these; None or no rows leave the panel empty."""
        self._rows = rows if rows is not None and len(rows.steps) else None
        self._relative = np.zeros((0, 0)) if self._rows is None else _relative(self._rows)
        self._still.forget()
        if self._rows is None:
            self.set_empty(self.nothing_yet)
        else:
            self.refresh()

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        """The nearest row whose outline lies under the pointer, the newest first."""
        rows, area = self._rows, self._area()
        if rows is None or not area.adjusted(0, -GRID, 0, GRID).contains(point):
            return None
        value = self._value(point.x())
        for row in reversed(range(len(rows.steps))):
            place = self._bin(row, value)
            if place is not None and self._y(row) - self._height(row, place) <= point.y() <= self._y(row) + 1:
                return row, place
        return None

    def contains(self, cell: Cell) -> bool:
        shape = (0, 0) if self._rows is None else self._rows.shares.shape
        return cell[0] < shape[0] and cell[1] < shape[1]

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if self._rows is None:
            return None
        count, bins = self._rows.shares.shape
        row, place = (count - 1, bins // 2) if cell is None else cell
        step = 10 if far else 1
        return min(max(row + down, 0), count - 1), min(max(place + step * right, 0), bins - 1)

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        return "" if cell is None else self._told(cell)

    def summary(self) -> str:
        if self._rows is None:
            return ""
        newest = f"the newest from {self._rows.low[-1]:.3g} to {self._rows.high[-1]:.3g}"
        return f"{len(self._rows.steps)} histograms, {newest}."

    def numbers(self) -> Numbers:
        """A row for each histogram: when, its ends, and the share of the values in each bin."""
        rows = self._rows
        bins = 0 if rows is None else rows.shares.shape[1]
        head = [self._unit, "low", "high", *(f"bin {place}" for place in range(bins))]
        if rows is None:
            return head, []
        columns = (rows.steps, rows.low, rows.high, rows.shares)
        parts = zip(*(column.tolist() for column in columns), strict=True)
        return head, [[step, low, high, *shares] for step, low, high, shares in parts]

    # Painting.

    def paint(self, painter: QPainter) -> None:
        if self._rows is None:
            return
        self._still.paint(painter, self._paint_still)
        if self.cursor_cell is not None and self.contains(self.cursor_cell):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_cursor(painter, self.cursor_cell)

    def _paint_still(self, painter: QPainter) -> None:
        """All but what moves with the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter)
        count, line = len(self._relative), QColor(series_colour(self._colour))
        for row, outline in enumerate(zip(*self._outlines(), strict=True)):
            line.setAlphaF(FAINTEST + (STRONGEST - FAINTEST) * (row + 1) / count)
            _paint_row(painter, *outline, QPen(line, 1.6 if row == count - 1 else 1.0))
        self._paint_steps(painter)

    def _outlines(self) -> tuple[Floats, Floats]:
        """(R, B + 3) across and down: histograms from bin to bin, each closed along its row."""
        rows = self._rows
        assert rows is not None
        count, bins = self._relative.shape
        shares = np.concatenate([[0.0], (np.arange(bins) + 0.5) / bins, [1.0, 0.0]])
        across = self._x(rows.low[:, None] + (rows.high - rows.low)[:, None] * shares)
        down = np.repeat(np.array([[self._y(row)] for row in range(count)]), bins + 3, axis=1)
        down[:, 1 : bins + 1] -= self._relative * self._reach()
        return across, down

    def _paint_axis(self, painter: QPainter) -> None:
        area, (low, high) = self._area(), self._ends
        painter.setFont(small_font(self.canvas.font()))
        metrics = QFontMetricsF(painter.font())
        ticks = self._ticks(Scale(low, high), metrics)
        for value, text in zip(ticks, tick_texts(ticks), strict=True):
            x = float(self._x(np.array([value]))[0])
            painter.setPen(QPen(QColor(theme().line), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(QColor(theme().muted))
            painter.drawText(
                QPointF(x - metrics.horizontalAdvance(text) / 2, area.bottom() + metrics.ascent() + 2), text
            )

    def _ticks(self, scale: Scale, metrics: QFontMetricsF) -> list[float]:
        """As many round values as have room beside each other, zero alone where that is all."""
        width = self._area().width()
        for most in range(max(2, int(width // 90)), 1, -1):
            ticks = scale.ticks(most)
            texts = tick_texts(ticks)
            if len(ticks) * (max(map(metrics.horizontalAdvance, texts)) + GRID) <= width:
                return ticks
        return [0.0] if scale.low <= 0 <= scale.high else []

    def _paint_steps(self, painter: QPainter) -> None:
        """When the oldest and the newest were, at the right of their rows."""
        rows, area = self._rows, self._area()
        if rows is None:
            return
        painter.setPen(QColor(theme().muted))
        metrics = QFontMetricsF(painter.font())
        told = {len(rows.steps) - 1, 0}
        for row in told:
            text = f"{int(rows.steps[row]):,}"
            painter.drawText(QPointF(area.right() + GRID / 2, self._y(row) + metrics.ascent() / 3), text)

    def _paint_cursor(self, painter: QPainter, cell: Cell) -> None:
        row, place = cell
        rows = self._rows
        assert rows is not None
        width = (rows.high[row] - rows.low[row]) / rows.shares.shape[1]
        value = rows.low[row] + (place + 0.5) * width
        at = QPointF(float(self._x(np.array([value]))[0]), self._y(row) - self._height(row, place))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().text))
        painter.drawEllipse(at, 3.0, 3.0)

    # Where things lie.

    def _area(self) -> QRectF:
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        right = metrics.horizontalAdvance("888,888") + GRID
        width, height = self.canvas.width() - right - GRID / 2, self.canvas.height() - metrics.height() - GRID
        return QRectF(GRID / 2, GRID / 2, width, height)

    @property
    def _ends(self) -> tuple[float, float]:
        rows = self._rows
        if rows is None:
            return 0.0, 1.0
        low, high = float(rows.low.min()), float(rows.high.max())
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _x(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        area, (low, high) = self._area(), self._ends
        return area.left() + (values - low) / (high - low) * area.width()

    def _value(self, x: float) -> float:
        area, (low, high) = self._area(), self._ends
        return low + (x - area.left()) / max(1.0, area.width()) * (high - low)

    def _pitch(self) -> float:
        count = 1 if self._rows is None else len(self._rows.steps)
        rows = count - 1 + min(OVERLAP, count) if count > 1 else 1
        return self._area().height() / rows

    def _y(self, row: int) -> float:
        """Where a row stands; the newest at the bottom."""
        rows = self._rows
        last = 0 if rows is None else len(rows.steps) - 1
        return self._area().bottom() - (last - row) * self._pitch()

    def _height(self, row: int, place: int) -> float:
        """Of a bin's outline."""
        return float(self._relative[row, place]) * self._reach()

    def _reach(self) -> float:
        """How high one of the highest histograms is."""
        return self._pitch() * min(OVERLAP, len(self._relative)) * 0.9

    def _bin(self, row: int, value: float) -> int | None:
        rows = self._rows
        if rows is None or not rows.low[row] <= value <= rows.high[row]:
            return None
        bins = rows.shares.shape[1]
        width = (rows.high[row] - rows.low[row]) / bins
        return min(bins - 1, int((value - rows.low[row]) / width))

    def _told(self, cell: Cell) -> str:
        rows = self._rows
        assert rows is not None
        row, place = cell
        width = (rows.high[row] - rows.low[row]) / rows.shares.shape[1]
        start = rows.low[row] + place * width
        share = f"{float(rows.shares[row, place]):.2%}".replace("%", " %")
        return f"{share} from {start:.3g} to {start + width:.3g}, {self._unit} {int(rows.steps[row]):,}"


def _paint_row(painter: QPainter, across: Floats, down: Floats, pen: QPen) -> None:
    """A histogram in front of those before it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # its edge lies under the line
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme().page))
    painter.drawPolygon(polygon(across, down))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    paint_lines(painter, segments(across, down))


def _relative(rows: Rows) -> Floats:
    """(R, B) each bin's density, as a part of the largest of all."""
    densities = rows.shares / ((rows.high - rows.low) / rows.shares.shape[1])[:, None]
    # The root keeps what is rare in sight beside a peak of zeros.
    most = float(np.sqrt(np.quantile(densities.max(1), 0.9))) or 1.0
    return np.minimum(1.3, np.sqrt(densities) / most).astype(np.float64)
