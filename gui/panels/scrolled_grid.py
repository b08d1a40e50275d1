"""A matrix's rows and columns fitted into a canvas: scrolled by two bars, its rows enlarged at will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import floor

from PySide6.QtCore import QRect, QSignalBlocker, Qt
from PySide6.QtWidgets import QWidget

from gui.panels.matrix_grid import Grid, column_width, most_zoom
from gui.panels.scrolling import BREADTH, SCROLL_ROOM, bring, scroll_bar, set_reach

ABOVE = 3
"""Room above the matrix for the outline of its first row, in device-independent pixels."""


@dataclass(frozen=True)
class Margins:
    """Room beside the matrix, in device-independent pixels; scroll bars come on top of it."""

    left: int
    right: int
    below: int


class ScrolledGrid:
    """Holds the bars and how far rows are enlarged; makes a `Grid` of them whenever one of these changes."""

    def __init__(self, canvas: QWidget, title: str, scrolled: Callable[[], None]) -> None:
        """`scrolled` is called when the person has moved a bar or enlarged the rows."""
        self._canvas, self._margins, self._told = canvas, Margins(0, 0, 0), scrolled
        self.grid: Grid | None = None
        self.zoom = 1.0
        """How many times taller than the view all rows together are."""
        self.across = scroll_bar(Qt.Orientation.Horizontal, canvas, f"Scroll {title} sideways")
        self.down = scroll_bar(Qt.Orientation.Vertical, canvas, f"Scroll {title}")
        self.across.valueChanged.connect(self._scrolled)
        self.down.valueChanged.connect(self._scrolled)

    def clear(self) -> None:
        """There is no matrix."""
        self.grid = None
        for bar in (self.across, self.down):
            with QSignalBlocker(bar):
                set_reach(bar, 0, 0)

    def lay_out(self, rows: int, columns: int, margins: Margins, stays_at_end: bool = False) -> None:
        """Fit so many rows and columns into the canvas as it is, scrolled as before, or to the end."""
        self._margins = margins
        canvas, ratio, view = self._canvas, self._canvas.devicePixelRatioF(), self._view()
        self.zoom = min(self.zoom, most_zoom(rows, view.height(), ratio))
        width = column_width(columns, view.width(), ratio)
        grid = Grid(rows, columns, view, width, round(view.height() * self.zoom), ratio=ratio)
        seen = grid.seen
        with QSignalBlocker(self.across), QSignalBlocker(self.down):
            self.across.setGeometry(
                round(seen.left()), canvas.height() - BREADTH, round(seen.width()), BREADTH
            )
            set_reach(self.across, grid.full_width / ratio, seen.width())
            self.down.setGeometry(canvas.width() - BREADTH, ABOVE, BREADTH, round(seen.height()))
            set_reach(self.down, grid.full_height / ratio, seen.height())
            if stays_at_end:
                self.across.setValue(self.across.maximum())
        self._follow(grid)

    @property
    def down_room(self) -> int:
        """Width that the bar for the rows takes, which is there while they are enlarged."""
        return SCROLL_ROOM if self.zoom > 1 else 0

    def zoom_to(self, zoom: float, at: float) -> None:
        """Make rows higher or lower; what is at this height of the canvas stays there."""
        before = self.grid
        if before is None:
            return
        from_top = at - before.seen.top()
        share = (self.down.value() + from_top) / before.full_height
        self.zoom = max(1.0, zoom)
        self.lay_out(before.rows, before.columns, self._margins)
        with QSignalBlocker(self.down):
            self.down.setValue(round(share * self.grid.full_height - from_top) if self.grid else 0)
        self._scrolled()

    def reveal(self, row: int, column: int) -> None:
        """Scroll so that a value is in sight."""
        if self.grid is not None:
            value, seen = self.grid.value(row, column), self.grid.seen
            bring(self.across, value.left() - seen.left(), value.right() - seen.right())
            bring(self.down, value.top() - seen.top(), value.bottom() - seen.bottom())

    def _view(self) -> QRect:
        """The device pixels there are for values; room for the bar below is kept, so that nothing jumps."""
        canvas, margins, ratio = self._canvas, self._margins, self._canvas.devicePixelRatioF()
        width = canvas.width() - margins.left - margins.right - self.down_room
        height = canvas.height() - ABOVE - margins.below - SCROLL_ROOM
        left, top = round(margins.left * ratio), round(ABOVE * ratio)
        return QRect(left, top, max(1, floor(width * ratio)), max(1, floor(height * ratio)))

    def _follow(self, grid: Grid) -> None:
        """Scroll the grid to where the bars are."""
        across = min(round(self.across.value() * grid.ratio), max(0, grid.full_width - grid.view.width()))
        down = min(round(self.down.value() * grid.ratio), grid.full_height - grid.view.height())
        self.grid = replace(grid, across=across, down=down)

    def _scrolled(self) -> None:
        if self.grid is not None:
            self._follow(self.grid)
            self._told()
