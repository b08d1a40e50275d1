"""The film strip: small pictures to go through, the current one marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.layers import picture_image
from gui.panels.marks import outline
from gui.panels.panel import Numbers
from gui.panels.strip import StripPanel
from gui.theme import theme

GAP = 6


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

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._frames: tuple[Frame, ...] = ()
        self._images: dict[int, QImage] = {}
        self._current = -1
        self.canvas.resized.connect(self._lay_tiles)
        self.set_empty("Drop a picture or a folder anywhere.")

    def set_frames(self, frames: Sequence[Frame], current: int) -> None:
        """Show these pictures; what is shown already is kept."""
        before, self._frames = self._frames, tuple(frames)
        for place, frame in enumerate(self._frames):
            if place >= len(before) or before[place].picture is not frame.picture:
                self._images.pop(place, None)
        moved, self._current = current != self._current, current
        if len(before) != len(self._frames):
            self._lay_tiles()
        if not self._frames:
            self.set_empty("Drop a picture or a folder anywhere.")
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
        return f"{frame.name}\n{frame.note}" if frame.note else frame.name

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
        colours, frame = theme(), self._frames[place]
        square = QRectF(rect.left() + 2, rect.top() + 2, rect.width() - GAP, rect.width() - GAP)
        if frame.picture is None:
            painter.fillRect(square, QColor(colours.raised))
            painter.setPen(QColor(colours.danger if frame.failed else colours.muted))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "×" if frame.failed else "…")
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(square, self._image(place, frame.picture))
        if place == self._current:
            outline(painter, square, colours.accent, 2)
        elif self.cursor_cell == (place,):
            outline(painter, square, colours.text)

    def _image(self, place: int, picture: NDArray[np.uint8]) -> QImage:
        if place not in self._images:
            self._images[place] = picture_image(picture)
        return self._images[place]

    def _lay_tiles(self) -> None:
        side = max(24.0, self.canvas.height() - 12.0)
        self.set_widths([side + GAP] * len(self._frames))
