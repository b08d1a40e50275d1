"""A row of tiles side by side that scrolls: the base of layer strip and film strip."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Panel
from gui.panels.scrolling import scroll_bar, scroll_by
from gui.theme import GRID

BAR = 10
"""Height of the scroll bar in device-independent pixels."""


class StripPanel(Panel):
    """Tiles in a row; a cell is (place,), counted from the left.

    A subclass gives the tiles' widths to `set_widths`, and paints one in `paint_tile`.
    """

    help_text = "Left and right move along, Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._edges: list[float] = [0.0]
        self._scroll = scroll_bar(Qt.Orientation.Horizontal, self.canvas, f"Scroll {title}")
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._settle)

    def paint_tile(self, painter: QPainter, place: int, rect: QRectF) -> None:
        """Draw one tile into `rect`."""
        raise NotImplementedError

    def set_widths(self, widths: list[float]) -> None:
        """The tiles' widths in device-independent pixels, gaps included."""
        self._edges = [0.0, *accumulate(widths)]
        self._settle()

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return len(self._edges) - 1

    def tile_rect(self, place: int) -> QRectF:
        """Where a tile is drawn, in pixels of the canvas; outside it where it is scrolled away."""
        left = self._edges[place] - self._scroll.value()
        height = self.canvas.height() - self._bar_height
        return QRectF(left, 0, self._edges[place + 1] - self._edges[place], height)

    @property
    def _bar_height(self) -> int:
        """Room for the scroll bar, kept whether it is needed or not so that tiles do not jump."""
        return BAR

    # What the panel asks.

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        exposed = self.canvas.exposed
        first, last = self._place_at(exposed.left()), self._place_at(exposed.right())
        for place in range(first, min(last + 1, self.count)):
            self.paint_tile(painter, place, self.tile_rect(place))

    def cell_at(self, point: QPointF) -> Cell | None:
        place = self._place_at(point.x())
        inside = 0 <= point.x() < self.canvas.width() and place < self.count
        return (place,) if inside and self.tile_rect(place).contains(point) else None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < self.count

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self.count:
            return None
        place = (0 if cell is None else cell[0]) + (right + down) * (5 if far else 1)
        return (min(max(place, 0), self.count - 1),)

    def reveal(self, cell: Cell) -> None:
        """Scroll so that a tile and a bit of its neighbours are seen."""
        left, right = self._edges[cell[0]], self._edges[cell[0] + 1]
        margin = min(3.0 * GRID, self.canvas.width() / 4)
        value = self._scroll.value()
        value = max(min(value, left - margin), right + margin - self.canvas.width())
        self._scroll.setValue(round(value))

    def wheel(self, at: QPointF, notches: float) -> bool:
        return scroll_by(self._scroll, -round(notches * 12 * GRID))

    def drag(self, by: QPointF) -> None:
        self._scroll.setValue(self._scroll.value() - round(by.x()))

    def key(self, event: QKeyEvent) -> bool:
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.count - 1}
        place = ends.get(Qt.Key(event.key()))
        if place is None or not self.count:
            return False
        self.point(None)  # the pointer rests: scrolling must not pull the cursor to it
        self.reveal((place,))
        self.move_cursor((place,))
        return True

    def _place_at(self, x: float) -> int:
        return max(0, bisect_right(self._edges, x + self._scroll.value()) - 1)

    def _settle(self) -> None:
        room, full = self.canvas.width(), round(self._edges[-1])
        self._scroll.setGeometry(0, self.canvas.height() - BAR, room, BAR)
        self._scroll.setRange(0, max(0, full - room))
        self._scroll.setPageStep(room)
        self._scroll.setVisible(full > room)
        self.canvas.update()

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)
