"""What the window shows while something is dragged over it: that it may be dropped anywhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.theme import GRID, theme, title_font


class DropHint(QWidget):
    """A veil over the whole window with one sentence; the pointer goes through it."""

    def __init__(self, window: QWidget, sentence: str) -> None:
        super().__init__(window)
        self._sentence = sentence
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(sentence)
        window.installEventFilter(self)
        self.hide()

    def show_while(self, is_over: bool) -> None:
        """Show or hide the veil."""
        if is_over:
            self.setGeometry(self.parentWidget().rect())
            self.raise_()
        self.setVisible(is_over)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self.parentWidget().rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colours.page)
        veil.setAlphaF(0.85)
        painter.fillRect(self.rect(), veil)
        inset = 2 * GRID
        painter.setPen(QPen(QColor(colours.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(inset, inset, -inset, -inset), GRID, GRID)
        painter.setPen(QColor(colours.text))
        painter.setFont(title_font(self.font()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._sentence)
        painter.end()
