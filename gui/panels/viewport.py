"""The part of a picture that is seen: the arithmetic between picture pixels, device pixels and the canvas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor

from PySide6.QtCore import QPointF, QRect, QRectF, QSize

LARGEST = 48
"""Device-independent pixels that a picture's pixel grows to when zoomed in."""


@dataclass(frozen=True)
class Viewport:
    """A picture of height x width pixels in a room of device pixels, `ratio` of them to a canvas pixel."""

    height: int
    width: int
    room: QSize
    ratio: float
    zoom: float = 1.0
    """How many times larger than where all of the picture is seen."""
    left: float = 0.0
    """Device pixels of the picture that are out of sight, left of the canvas."""
    top: float = 0.0

    @property
    def fit(self) -> float:
        """Device pixels to a pixel of the picture when all of it is seen."""
        return min(self.room.width() / self.width, self.room.height() / self.height)

    @property
    def largest_zoom(self) -> float:
        return max(1.0, LARGEST * self.ratio / self.fit)

    @property
    def full(self) -> QSize:
        """Device pixels of the whole picture."""
        scale = self.fit * self.zoom
        return QSize(max(1, round(self.width * scale)), max(1, round(self.height * scale)))

    @property
    def view(self) -> QRect:
        """The part of `full` that is seen."""
        seen = self.full.boundedTo(self.room)
        return QRect(round(self.left), round(self.top), seen.width(), seen.height())

    @property
    def shown(self) -> QRectF:
        """Where the canvas shows the picture."""
        return QRectF(0, 0, self.view.width() / self.ratio, self.view.height() / self.ratio)

    def at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) of the picture's pixel under a point of the canvas; None beside the picture."""
        x, y = floor(point.x() * self.ratio), floor(point.y() * self.ratio)
        view, full = self.view, self.full
        if not (0 <= x < view.width() and 0 <= y < view.height()):
            return None
        # A device pixel shows what is under its middle; where that is a border, what comes before it.
        row = ((2 * (y + view.top()) + 1) * self.height - 1) // (2 * full.height())
        return row, ((2 * (x + view.left()) + 1) * self.width - 1) // (2 * full.width())

    def place(self, top: float, left: float, bottom: float, right: float) -> QRectF:
        """A rectangle in picture pixels, on the canvas."""
        view = self.view
        across, down = self.full.width() / self.width, self.full.height() / self.height
        x, y = left * across - view.left(), top * down - view.top()
        size = (right - left) * across, (bottom - top) * down
        return QRectF(x / self.ratio, y / self.ratio, size[0] / self.ratio, size[1] / self.ratio)

    def zoomed(self, zoom: float, still: QPointF) -> Viewport:
        """Larger or smaller, with what is at `still` on the canvas staying there."""
        after = replace(self, zoom=min(max(1.0, zoom), self.largest_zoom))
        x, y = still.x() * self.ratio, still.y() * self.ratio
        across, down = after.full.width() / self.full.width(), after.full.height() / self.full.height()
        return replace(after, left=(self.left + x) * across - x, top=(self.top + y) * down - y).kept()

    def moved(self, by: QPointF) -> Viewport:
        """The picture dragged by so many pixels of the canvas."""
        left, top = self.left - by.x() * self.ratio, self.top - by.y() * self.ratio
        return replace(self, left=left, top=top).kept()

    def kept(self) -> Viewport:
        """Within the picture's edges and the largest zoom."""
        bounded = replace(self, zoom=min(self.zoom, self.largest_zoom))
        full, view = bounded.full, bounded.view
        left = min(max(bounded.left, 0.0), full.width() - view.width())
        return replace(bounded, left=left, top=min(max(bounded.top, 0.0), full.height() - view.height()))
