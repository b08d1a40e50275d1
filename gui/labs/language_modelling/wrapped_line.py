"""Text broken into as many lines as it needs, which takes no more room from others than these."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget


class WrappedLine(QLabel):
    """Plain text that is wrapped. Its height is fixed to what the present width makes of it.

    A label whose height depends on its width makes every layout around it do so, up to the page's, which then
    gives the others their preferred heights and takes the room from what stands above.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumWidth(1)
        self._fit()

    def hasHeightForWidth(self) -> bool:
        return False

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self.text():
            self.setText(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Until it is seen it has no width that means anything, and takes one line."""
        needed = self.heightForWidth(self.width()) if self.isVisible() else 0
        self.setFixedHeight(max(self.fontMetrics().height(), needed))
