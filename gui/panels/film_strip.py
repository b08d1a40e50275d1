"""The film strip: small pictures to go through, the current one marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.layers import picture_image
from gui.panels.marks import outline
from gui.panels.panel import Cell, Numbers
from gui.panels.strip import StripPanel
from gui.theme import theme

GAP = 6.0
"""Between pictures, in device-independent pixels."""
LEAST = 24.0
"""Side of a picture in the lowest strip."""


@dataclass(frozen=True)
class Frame:
    """One picture of the strip."""

    name: str
    picture: NDArray[np.uint8] | None
    """(h, w, 3) uint8; None while it is not read yet, or where it cannot be."""
    note: str = ""
    """Its credit, or why it cannot be shown."""
    failed: bool = False


class FilmStrip(StripPanel):
    """Small squares in a row; a cell is (picture,)."""

    nothing_yet = "Drop a picture or a folder anywhere."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._frames: tuple[Frame, ...] = ()
        self._images: dict[int, tuple[tuple[object, ...], QImage]] = {}
        self._current = -1
        self.canvas.resized.connect(self._resized)

    def set_frames(self, frames: Sequence[Frame], current: int) -> None:
        """Show these pictures; what is shown already is kept."""
        before, self._frames = self._frames, tuple(frames)
        moved, self._current = current != self._current, current
        if len(before) != len(self._frames):
            self._images = {place: kept for place, kept in self._images.items() if place < len(frames)}
            self._lay_tiles()
        if not self._frames:
            self.set_empty(self.nothing_yet)
            return
        self.refresh()
        if moved and 0 <= current < self.count:
            self.reveal((current,))

    @property
    def current(self) -> int:
        """The marked picture."""
        return self._current

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        if cell is None:
            return ""
        frame = self._frames[cell[0]]
        note = frame.note or ("" if frame.picture is not None else "Not read yet")
        return f"{frame.name}\n{note}" if note else frame.name

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        """The keyboard begins at the current picture."""
        if cell is None and 0 <= self._current < self.count:
            return (self._current,)
        return super().neighbour(cell, right, down, far)

    def picture_rect(self, place: int) -> QRectF:
        """Where a picture is drawn, in pixels of the canvas."""
        return _square(self.tile_rect(place))

    def summary(self) -> str:
        if not 0 <= self._current < len(self._frames):
            return f"{len(self._frames)} pictures."
        return f"{self._frames[self._current].name}, {self._current + 1} of {len(self._frames)}."

    def numbers(self) -> Numbers:
        """A row for each picture: its place, name and note."""
        return ["place", "name", "note"], [
            [n, frame.name, frame.note] for n, frame in enumerate(self._frames)
        ]

    def paint_tile(self, painter: QPainter, place: int, rect: QRectF) -> None:
        colours, frame, square = theme(), self._frames[place], _square(rect)
        if frame.picture is not None:
            painter.drawImage(square.topLeft(), self._image(place, frame.picture, square.width()))
        else:
            painter.fillRect(square, QColor(colours.raised))
            if frame.failed:
                _paint_failure(painter, square)
        if place == self._current:
            outline(painter, square.adjusted(1, 1, -1, -1), colours.accent, 2)
        elif self.cursor_cell == (place,):
            outline(painter, square.adjusted(1, 1, -1, -1), colours.text)

    def _image(self, place: int, picture: NDArray[np.uint8], side: float) -> QImage:
        """The picture as drawn, kept as long as it and its size stay."""
        ratio = self.canvas.devicePixelRatioF()
        key, image = self._images.get(place, ((), QImage()))
        if not key or key[0] is not picture or key[1:] != (side, ratio):
            image = _cropped(picture_image(picture), round(side * ratio))
            image.setDevicePixelRatio(ratio)
            self._images[place] = ((picture, side, ratio), image)
        return image

    def _lay_tiles(self) -> None:
        side = max(LEAST, float(self.canvas.height() - self._bar_height - GAP))
        self.set_widths([side + GAP] * len(self._frames))

    def _resized(self) -> None:
        self._lay_tiles()
        if 0 <= self._current < self.count:
            self.reveal((self._current,))


def _square(tile: QRectF) -> QRectF:
    side = tile.width() - GAP
    return QRectF(round(tile.left()), 2, side, side)


def _cropped(image: QImage, side: int) -> QImage:
    """The middle of a picture as a square of device pixels."""
    least = min(image.width(), image.height())
    middle = image.copy((image.width() - least) // 2, (image.height() - least) // 2, least, least)
    kept, averaged = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return middle.scaled(side, side, kept, averaged)


def _paint_failure(painter: QPainter, square: QRectF) -> None:
    """A quiet cross in the middle of a picture that could not be read."""
    painter.setPen(QPen(QColor(theme().danger), 1.5))
    middle, arm = square.center(), min(5.0, square.width() / 6)
    for down in (arm, -arm):
        painter.drawLine(middle + QPointF(-arm, -down), middle + QPointF(arm, down))
