"""Small pictures in a grid, one size for all, each with a caption: crisp where they are enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QScrollBar, QWidget

from gui.panels.layers import CRISP, picture_image
from gui.panels.marks import outline
from gui.panels.panel import Cell, Numbers, Panel
from gui.theme import GRID, small_font, theme

LARGEST, SMALLEST = 176.0, 56.0
"""Side of a tile in device-independent pixels; where smaller ones would be needed one scrolls."""
GAP = 1.5 * GRID
"""Between tiles."""
BAR = 10
"""Width of the scroll bar."""
THINNEST = 3.0
"""Shorter side that a picture keeps, however long and thin."""
LINES = 2
"""Of text below a picture."""


@dataclass(frozen=True)
class Patch:
    """One small picture."""

    picture: NDArray[np.uint8]
    """(h, w, 3) uint8."""
    caption: str
    """Its value, or another short text."""
    note: str = ""
    """Where it is from."""


@dataclass(frozen=True)
class _Grid:
    """Where tiles lie: so many beside each other, each a square with its texts below."""

    columns: int
    side: float
    text: float
    """Height of the texts."""

    def tile(self, place: int) -> QRectF:
        """The square at a place, from the top left corner of all."""
        row, column = divmod(place, self.columns)
        return QRectF(column * (self.side + GAP), row * self.pitch, self.side, self.side)

    @property
    def pitch(self) -> float:
        """From one row to the next."""
        return self.side + self.text + GAP

    def height(self, count: int) -> float:
        """Of so many tiles, texts included."""
        return ceil(count / self.columns) * self.pitch - GAP


class PatchesPanel(Panel):
    """The grid; a cell is (patch,), in the order given (most exciting first)."""

    help_text = "Arrow keys move from patch to patch, Enter chooses."
    nothing_yet = "No patches yet."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._patches: tuple[Patch, ...] = ()
        self._places = 0
        self._grid = _Grid(1, SMALLEST, 0.0)
        self._images: dict[int, tuple[tuple[object, ...], QImage]] = {}
        self._scroll = QScrollBar(Qt.Orientation.Vertical, self.canvas)
        self._scroll.setCursor(Qt.CursorShape.ArrowCursor)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setAccessibleName(f"Scroll {title}")
        self._scroll.hide()
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._settle)

    # What a view uses.

    def set_patches(self, patches: Sequence[Patch], places: int = 0) -> None:
        """Show these pictures, (h, w, 3) uint8 of any size, in this order.

        Room is kept for `places` of them, so that the tiles keep their size while more are found. Raises
        ValueError where a picture is none.
        """
        for patch in patches:
            shape, kind = patch.picture.shape, patch.picture.dtype
            if len(shape) != 3 or shape[2] != 3 or kind != np.uint8 or not patch.picture.size:
                raise ValueError(f"A patch is (h, w, 3) uint8, not {shape} {kind}.")
        self._patches, self._places = tuple(patches), max(places, len(patches))
        self._images = {place: kept for place, kept in self._images.items() if place < len(patches)}
        if not self._patches:
            self.set_empty(self.nothing_yet)
            return
        self._settle()
        self.refresh()

    def tile_rect(self, place: int) -> QRectF:
        """The square that a picture is drawn in, in pixels of the canvas."""
        return self._grid.tile(place).translated(0, -self._scroll.value())

    def picture_rect(self, place: int) -> QRectF:
        """The picture in its square, its longer side filling it, in pixels of the canvas."""
        height, width = self._patches[place].picture.shape[:2]
        tile = self.tile_rect(place)
        scale = tile.width() / max(height, width)
        size = max(THINNEST, width * scale), max(THINNEST, height * scale)
        left, top = tile.left() + (tile.width() - size[0]) / 2, tile.top() + (tile.height() - size[1]) / 2
        return QRectF(round(left), round(top), *size)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        for place in range(len(self._patches)):
            if self.tile_rect(place).adjusted(0, 0, 0, self._grid.text).contains(point):
                return (place,)
        return None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._patches)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._patches:
            return None
        if cell is None:
            return (0,)
        place = cell[0] + right * (self._grid.columns if far else 1) + down * self._grid.columns
        is_there = 0 <= place < len(self._patches)
        return (place,) if is_there else cell

    def reveal(self, cell: Cell) -> None:
        tile = self.tile_rect(cell[0]).adjusted(0, 0, 0, self._grid.text)
        by = min(0.0, tile.top()) or max(0.0, tile.bottom() - self.canvas.height())
        self._scroll.setValue(self._scroll.value() + round(by))

    def wheel(self, at: QPointF, notches: float) -> bool:
        before = self._scroll.value()
        self._scroll.setValue(before - round(notches * 8 * GRID))
        return self._scroll.value() != before

    def key(self, event: QKeyEvent) -> bool:
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._patches) - 1}
        place = ends.get(Qt.Key(event.key()))
        if place is None or not self._patches:
            return False
        self.point(None)
        self.reveal((place,))
        self.move_cursor((place,))
        return True

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        if cell is None:
            return ""
        patch = self._patches[cell[0]]
        height, width = patch.picture.shape[:2]
        texts = (patch.caption, patch.note, f"{height} × {width} pixels")
        return "\n".join(text for text in texts if text)

    def summary(self) -> str:
        names = [" ".join(filter(None, (patch.caption, patch.note))) for patch in self._patches]
        return f"{len(names)} patches: {'; '.join(names)}."

    def numbers(self) -> Numbers:
        """A row for each patch: its rank, caption, note and size."""
        rows = [
            [rank, patch.caption, patch.note, *patch.picture.shape[:2]]
            for rank, patch in enumerate(self._patches, start=1)
        ]
        return ["rank", "value", "from", "height", "width"], rows

    def paint(self, painter: QPainter) -> None:
        for place, patch in enumerate(self._patches):
            tile = self.tile_rect(place)
            if tile.bottom() + self._grid.text > 0 and tile.top() < self.canvas.height():
                self._paint_patch(painter, place, patch, tile)

    def _paint_patch(self, painter: QPainter, place: int, patch: Patch, tile: QRectF) -> None:
        picture = self.picture_rect(place)
        if picture.size() != tile.size():
            painter.fillRect(tile, QColor(theme().chrome))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(picture, self._image(place, patch.picture, picture))
        is_hovered = self.cursor_cell == (place,)
        if is_hovered:
            outline(painter, picture.adjusted(1, 1, -1, -1), theme().text)
        painter.setFont(small_font(self.canvas.font()))
        metrics = QFontMetricsF(painter.font())
        top = tile.bottom() + GRID / 2 + metrics.ascent()
        for number, text in enumerate((patch.caption, patch.note)):
            painter.setPen(QColor(theme().text if number == 0 or is_hovered else theme().muted))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, tile.width())
            painter.drawText(QPointF(tile.left(), top + number * metrics.height()), shown)

    def _image(self, place: int, picture: NDArray[np.uint8], room: QRectF) -> QImage:
        """A picture at the size it is drawn at: averaged, smoothed, or in crisp pixels."""
        ratio = self.canvas.devicePixelRatioF()
        size = max(1, round(room.width() * ratio)), max(1, round(room.height() * ratio))
        key, image = self._images.get(place, ((), QImage()))
        if not key or key[0] is not picture or key[1:] != size:
            is_crisp = size[0] >= CRISP * picture.shape[1]
            modes = Qt.TransformationMode
            mode = modes.FastTransformation if is_crisp else modes.SmoothTransformation
            image = picture_image(picture).scaled(*size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
            self._images[place] = ((picture, *size), image)
        return image

    # Layout.

    def _settle(self) -> None:
        """The largest tiles that leave room for all; else the smallest, and a scroll bar."""
        if not self._patches:
            return
        room, height = float(self.canvas.width()), float(self.canvas.height())
        self._grid = self._best(room, height)
        scrolls = self._grid.height(len(self._patches)) > height + 1
        if scrolls:
            self._grid = self._best(room - BAR - GRID / 2, height)
        self._scroll.setRange(0, max(0, ceil(self._grid.height(len(self._patches)) - height)))
        self._scroll.setPageStep(self.canvas.height())
        self._scroll.setGeometry(self.canvas.width() - BAR, 0, BAR, self.canvas.height())
        self._scroll.setVisible(scrolls)
        self.canvas.update()

    def _best(self, width: float, height: float) -> _Grid:
        text = GRID / 2 + LINES * QFontMetricsF(small_font(self.canvas.font())).height()
        best = 0, 0.0
        for columns in range(1, self._places + 1):
            rows = ceil(self._places / columns)
            across = (width - (columns - 1) * GAP) / columns
            side = float(int(min(LARGEST, across, (height + GAP) / rows - text - GAP)))
            if side > best[1]:
                best = columns, side
        if best[1] >= SMALLEST:
            return _Grid(*best, text)
        columns = max(1, int((width + GAP) / (SMALLEST + GAP)))
        return _Grid(columns, float(int(max(8.0, min(LARGEST, (width + GAP) / columns - GAP)))), text)

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)
