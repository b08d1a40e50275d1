"""A flat slider whose knob comes to where it is pressed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSlider

from gui.form.drawing import HEIGHT, ink, quiet_wheel
from gui.theme import theme, themes

KNOB = 6.0
"""Radius of the knob."""


class Slider(QSlider):
    """Its bar is filled from the default to the value, so a glance tells what was moved and how far."""

    reset_wanted = Signal()

    def __init__(self, notches: int, home: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._home = home
        self._grip = 0.0
        self.setRange(0, notches)
        self.setPageStep(max(1, notches // 10))
        quiet_wheel(self)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(56)
        themes.changed.connect(self.update)

    def set_home(self, home: int) -> None:
        """Fill the bar from another place on."""
        if home != self._home:
            self._home = home
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, HEIGHT)

    def x_of(self, notch: int) -> float:
        """Where the knob's middle stands for a position, in pixels from the left."""
        return 1 + KNOB + self._room * notch / self.maximum()

    @property
    def _room(self) -> float:
        return max(1.0, self.width() - 2 * KNOB - 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        offset = event.position().x() - self.x_of(self.value())
        self._grip = offset if abs(offset) <= KNOB else 0.0
        self.setSliderDown(True)
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_wanted.emit()

    def _follow(self, event: QMouseEvent) -> None:
        along = (event.position().x() - self._grip - 1 - KNOB) / self._room
        self.setValue(round(along * self.maximum()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        here, home = self.x_of(self.value()), self.x_of(self._home)
        self._draw_bar(painter, self.x_of(0), self.x_of(self.maximum()), theme().line)
        self._draw_bar(painter, min(here, home), max(here, home), theme().muted)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme().accent), 2))
        painter.setBrush(ink(self))
        painter.drawEllipse(QPointF(here, self.height() / 2), KNOB - 0.5, KNOB - 0.5)

    def _draw_bar(self, painter: QPainter, left: float, right: float, colour: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QRectF(left, self.height() / 2 - 1.5, right - left, 3), 1.5, 1.5)
