"""Where the rows and columns of a matrix lie on the canvas, in whole device pixels."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QRect, QRectF

NARROWEST, WIDEST = 9, 40
"""A column, in device-independent pixels; a longer text scrolls, a shorter one leaves room to grow."""
TALLEST = 32
"""A row, in device-independent pixels, as far as it can be enlarged beyond filling the height."""


@dataclass(frozen=True)
class Grid:
    """Rows and columns seen through a window; everything but `ratio` counts device pixels.

    A row's edges lie anywhere. A pixel shows the row that its middle lies in, or the mean of those it
    covers where rows are lower than a pixel.
    """

    rows: int
    columns: int
    view: QRect
    """Where on the canvas the matrix is seen, if it has as many columns and rows as have room."""
    column_width: int
    full_height: int
    """Of all rows."""
    across: int = 0
    down: int = 0
    """How far the matrix is scrolled."""
    ratio: float = 1.0
    """Device pixels to a device-independent one."""

    @property
    def full_width(self) -> int:
        """Of all columns."""
        return self.columns * self.column_width

    @property
    def picture(self) -> QRect:
        """The part of the view that values are drawn in."""
        view = self.view
        return QRect(view.left(), view.top(), min(view.width(), self.full_width), view.height())

    @property
    def seen_columns(self) -> range:
        """The columns in sight, if only partly."""
        width = self.column_width
        return range(self.across // width, min(self.columns, ceil((self.across + self.view.width()) / width)))

    def at(self, x: int, y: int) -> tuple[int, int] | None:
        """Row and column at a pixel of the canvas; None beside the picture."""
        if not self.picture.contains(x, y):
            return None
        from_top = y - self.view.top() + self.down
        column = (x - self.view.left() + self.across) // self.column_width
        return (2 * from_top + 1) * self.rows // (2 * self.full_height), column

    @property
    def seen(self) -> QRectF:
        """The view in device-independent pixels."""
        view = self.view
        return self._on_canvas(view.left(), view.top(), view.width(), view.height())

    def value(self, row: int, column: int) -> QRectF:
        """A value's place on the canvas, in device-independent pixels; it may be out of sight."""
        across, down = self.column(column), self.row(row)
        return QRectF(across.left(), down.top(), across.width(), down.height())

    def column(self, column: int) -> QRectF:
        """A column's place on the canvas, in device-independent pixels; its ends may be out of sight."""
        left = self.view.left() + column * self.column_width - self.across
        return self._on_canvas(left, self.view.top(), self.column_width, self.view.height())

    def row(self, row: int) -> QRectF:
        """A row's place on the canvas, in device-independent pixels."""
        height = self.full_height / self.rows
        top = self.view.top() + row * height - self.down
        return self._on_canvas(self.view.left(), top, self.picture.width(), height)

    def _on_canvas(self, left: float, top: float, width: float, height: float) -> QRectF:
        ratio = self.ratio
        return QRectF(left / ratio, top / ratio, width / ratio, height / ratio)


def column_width(columns: int, room: int, ratio: float) -> int:
    """Device pixels of each column: as wide as all fit into `room`, within the limits."""
    return min(max(room // columns, ceil(NARROWEST * ratio)), round(WIDEST * ratio))


def most_zoom(rows: int, height: int, ratio: float) -> float:
    """How many times taller than the view all rows together may get."""
    return max(1.0, TALLEST * ratio * rows / max(1, height))
