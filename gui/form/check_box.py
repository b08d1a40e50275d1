"""A flat check box."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from gui.form.drawing import HEIGHT, RADIUS, ink
from gui.icons import draw_icon
from gui.theme import theme, themes

SIDE = 18.0


class CheckBox(QCheckBox):
    """Ticked in the accent colour; the whole row is its target."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(round(SIDE) + (10 + words if words else 2), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, position: QPoint) -> bool:
        return self.rect().contains(position)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme()
        box = QRectF(0.5, (self.height() - SIDE) / 2 + 0.5, SIDE - 1, SIDE - 1)
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.line), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        if self.isChecked():
            draw_icon(painter, "check", box.adjusted(1, 1, -1, -1), colours.accent)
        painter.setPen(ink(self))
        room = self.rect().adjusted(round(SIDE) + 8, 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
