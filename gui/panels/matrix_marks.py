"""Marks on a matrix: a row, a column, a value, each drawn so that what it marks stays to be seen."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from gui.panels.marks import cross, outline
from gui.panels.matrix_grid import Grid
from gui.theme import theme

LEAST_INSIDE = 3.0
"""Pixels of the matrix that an outline leaves free at least."""
LEAST_OUTLINED = 5.0
"""Side of a value from which it is outlined; a smaller one is marked by a cross."""


def mark_row(painter: QPainter, grid: Grid, row: int, colour: str, width: float) -> None:
    """Outline a row."""
    _outline_within(painter, grid, grid.row(row), colour, width)


def mark_column(painter: QPainter, grid: Grid, column: int, colour: str, width: float) -> None:
    """Outline a column."""
    _outline_within(painter, grid, grid.column(column), colour, width)


def mark_cursor(painter: QPainter, grid: Grid, row: int, column: int) -> None:
    """Outline a value, its column, and its row if that is high enough; else a cross marks the value."""
    value = grid.value(row, column)
    mark_column(painter, grid, column, theme().text, 1)
    if value.height() < LEAST_OUTLINED:
        cross(painter, value.center(), value.width() / 2)
        return
    mark_row(painter, grid, row, theme().text, 1)
    _outline_within(painter, grid, value, theme().text, 1)


def _outline_within(painter: QPainter, grid: Grid, place: QRectF, colour: str, width: float) -> None:
    """An outline of which nothing lies beside the matrix."""
    more = max(0.0, (LEAST_INSIDE - place.height()) / 2)
    painter.save()
    painter.setClipRect(grid.seen.adjusted(-width, -width, width, width))
    outline(painter, place.adjusted(0, -more, 0, more), colour, width)
    painter.restore()
