"""The part of a picture that does not move with the pointer: painted once, until something of it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from gui.theme import theme


class Still:
    """Keeps the picture of a canvas for the screen. Into a vector file it is painted as strokes and text."""

    def __init__(self, canvas: QWidget) -> None:
        self._canvas = canvas
        self._picture = QPixmap()
        self._painted_for: tuple[object, ...] = ()
        self._changes = self._painted_at = 0
        """How often something was changed, and how often when it was painted last."""
        self._is_held = False

    def forget(self) -> None:
        """Something was changed: paint all anew."""
        self._changes += 1
        self._canvas.update()

    @contextmanager
    def held(self) -> Iterator[None]:
        """The former picture stays until all of the next is there, where it has the size that is wanted."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            self._canvas.update()

    def paint(self, painter: QPainter, paint: Callable[[QPainter], None]) -> None:
        """Paint what `paint` paints, on the page's colour."""
        if painter.paintEngine().type() is not QPaintEngine.Type.Raster:
            paint(painter)
            return
        ratio = pixel_ratio(painter)
        wanted = self._wanted(ratio)
        if wanted != self._painted_for or not (self._painted_at == self._changes or self._is_held):
            picture, changes = self._empty(ratio), self._changes
            self._add(picture, paint)
            self._keep(picture, wanted, changes)
        painter.drawPixmap(0, 0, self._picture)

    def paint_in_pieces(self, parts: Sequence[Callable[[QPainter], None]]) -> Iterator[None]:
        """Paint the next picture part by part, before it is asked for; nothing where it is there already."""
        ratio, changes = self._canvas.devicePixelRatioF(), self._changes
        wanted = self._wanted(ratio)
        if self._painted_at == changes and wanted == self._painted_for:
            return
        with self.held():
            picture = self._empty(ratio)
            for part in parts:
                yield
                self._add(picture, part)
            if changes == self._changes and wanted == self._wanted(ratio):
                self._keep(picture, wanted, changes)

    def _keep(self, picture: QPixmap, wanted: tuple[object, ...], changes: int) -> None:
        self._picture, self._painted_for, self._painted_at = picture, wanted, changes

    def _wanted(self, ratio: float) -> tuple[object, ...]:
        canvas = self._canvas
        return canvas.width(), canvas.height(), ratio, canvas.font().key(), theme()

    def _empty(self, ratio: float) -> QPixmap:
        picture = QPixmap(self._canvas.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(theme().page))
        return picture

    def _add(self, picture: QPixmap, paint: Callable[[QPainter], None]) -> None:
        within = QPainter(picture)
        within.setFont(self._canvas.font())
        paint(within)
        within.end()


def pixel_ratio(painter: QPainter) -> float:
    """Pixels for each device-independent one of what is painted on: a screen, or a larger picture of it."""
    return painter.deviceTransform().m11()
