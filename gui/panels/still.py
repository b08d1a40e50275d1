"""The part of a picture that does not move with the pointer: painted once, until something of it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        self._is_right = self._is_held = False

    def forget(self) -> None:
        """Something was changed: paint all anew."""
        self._is_right = False
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
        canvas, ratio = self._canvas, pixel_ratio(painter)
        wanted = (canvas.width(), canvas.height(), ratio, canvas.font().key(), theme())
        if wanted != self._painted_for or not (self._is_right or self._is_held):
            self._painted_for, self._is_right = wanted, True
            self._picture = QPixmap(canvas.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(theme().page))
            within = QPainter(self._picture)
            within.setFont(canvas.font())
            paint(within)
            within.end()
        painter.drawPixmap(0, 0, self._picture)


def pixel_ratio(painter: QPainter) -> float:
    """Pixels for each device-independent one of what is painted on: a screen, or a larger picture of it."""
    return painter.deviceTransform().m11()
