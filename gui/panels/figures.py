"""Figures of several networks: a row each, a column a quantity, with a bar that compares them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Numbers
from gui.panels.series import series_colour
from gui.panels.told_panel import Told, ToldPanel
from gui.theme import GRID, small_font, theme

TALLEST = 34.0
"""Height of a row, as far as the panel's height allows."""


@dataclass(frozen=True)
class Figure:
    """One number of one network; NaN and a dash where there is none."""

    value: float
    text: str
    share: float = 0.0
    """Length of its bar, 0 to 1."""
    told: Told | None = None


@dataclass(frozen=True)
class FigureRow:
    """One network's figures, one for each column."""

    name: str
    colour: str | int
    figures: tuple[Figure, ...]


class FiguresPanel(ToldPanel):
    """The table; a cell is (row, column)."""

    is_vector = True
    nothing_yet = "Nothing measured yet."
    help_text = "Arrow keys move by figure; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._columns: tuple[str, ...] = ()
        self._rows: tuple[FigureRow, ...] = ()

    # What a view uses.

    def set_figures(self, columns: Sequence[str], rows: Sequence[FigureRow]) -> None:
        """Show these. Raises ValueError where a row has another number of figures than there are columns."""
        if any(len(row.figures) != len(columns) for row in rows):
            raise ValueError(f"{len(columns)} columns for rows of another length.")
        if tuple(columns) == self._columns and tuple(rows) == self._rows and not self.is_empty:
            return
        self._columns, self._rows = tuple(columns), tuple(rows)
        if self._rows:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def value_rect(self, cell: Cell) -> QRectF:
        """A figure's own rectangle."""
        edges, pitch = self._layout()
        return _rect(cell, edges, pitch, self._top)

    # What the panel asks.

    def told(self, cell: Cell) -> Told | None:
        return self._rows[cell[0]].figures[cell[1]].told

    def cell_at(self, point: QPointF) -> Cell | None:
        edges, pitch = self._layout()
        cell = int((point.y() - self._top) // pitch), bisect_right(edges, point.x()) - 1
        return cell if point.y() >= self._top and self.contains(cell) else None

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[0] < len(self._rows) and 0 <= cell[1] < len(self._columns)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._rows:
            return None
        row, column = cell or (0, 0)
        if cell is None:
            return 0, 0
        return min(max(row + down, 0), len(self._rows) - 1), min(
            max(column + right, 0), len(self._columns) - 1
        )

    def summary(self) -> str:
        said = []
        for row in self._rows:
            figures = zip(self._columns, row.figures, strict=True)
            said.append(f"{row.name}: {', '.join(f'{name} {one.text}' for name, one in figures)}.")
        return " ".join(said).replace("%", "percent")

    def numbers(self) -> Numbers:
        """A row for each network: its name and its figures."""
        rows = [[row.name, *(figure.value for figure in row.figures)] for row in self._rows]
        return ["network", *self._columns], rows

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        return "" if cell is None else f"{self._rows[cell[0]].name}, {self._columns[cell[1]]}"

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        edges, pitch = self._layout()
        painter.setPen(QColor(theme().muted))
        for name, left, end in zip(self._columns, edges, edges[1:], strict=False):
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, end - left - GRID)
            right = end - GRID
            painter.drawText(QPointF(right - metrics.horizontalAdvance(shown), metrics.ascent()), shown)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawLine(QLineF(0, self._top - 1, self.canvas.width(), self._top - 1))
        for number in range(len(self._rows)):
            self._paint_row(painter, metrics, number, edges, pitch)

    def _paint_row(
        self, painter: QPainter, metrics: QFontMetricsF, number: int, edges: list[float], pitch: float
    ) -> None:
        row, first, top = self._rows[number], edges[0], self._top + number * pitch
        has_bar = pitch >= metrics.height() + 6
        middle = top + (pitch - (5 if has_bar else 0)) / 2 + metrics.capHeight() / 2
        painter.setPen(QColor(series_colour(row.colour)))
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, first - GRID)
        painter.drawText(QPointF(0, middle), name)
        for place, figure in enumerate(row.figures):
            where = _rect((number, place), edges, pitch, self._top).adjusted(0, 0, -GRID, 0)
            if self.cursor_cell == (number, place):
                painter.fillRect(where.adjusted(0, 1, GRID / 2, -1), QColor(theme().chrome))
            painter.setPen(QColor(theme().text if isfinite(figure.value) else theme().muted))
            right = where.right() - metrics.horizontalAdvance(figure.text)
            painter.drawText(QPointF(max(where.left(), right), middle), figure.text)
            if has_bar and figure.share > 0:
                length = max(2.0, min(1.0, figure.share) * (where.width() - GRID))
                bar = QRectF(where.right() - length, where.bottom() - 5, length, 3)
                painter.fillRect(bar, QColor(series_colour(row.colour)))

    # Layout.

    @property
    def _top(self) -> float:
        return QFontMetricsF(small_font(self.canvas.font())).height() + 4

    def _layout(self) -> tuple[list[float], float]:
        """Where columns begin and the last ends, each as broad as its name asks for; height of a row."""
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        name = max((metrics.horizontalAdvance(row.name) for row in self._rows), default=0.0) + 2 * GRID
        edges = [min(name, 0.3 * self.canvas.width())]
        wanted = [metrics.horizontalAdvance(column) + 2 * GRID for column in self._columns]
        scale = (self.canvas.width() - edges[0]) / (sum(wanted) or 1.0)
        for breadth in wanted:
            edges.append(edges[-1] + scale * breadth)
        pitch = (self.canvas.height() - self._top) / max(1, len(self._rows))
        return edges, min(TALLEST, max(8.0, pitch))


def _rect(cell: Cell, edges: list[float], pitch: float, top: float) -> QRectF:
    """A figure's own rectangle in rows of this height between these edges of columns."""
    left, right = edges[cell[1]], edges[cell[1] + 1]
    return QRectF(left, top + cell[0] * pitch, right - left, pitch)
