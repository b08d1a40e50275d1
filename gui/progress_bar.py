"""A slim progress bar with its words beside it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from gui.theme import GRID, theme, themes

HEIGHT = 28


class Progress(QWidget):
    """A slim bar with its words beside it; without a known total the bar is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._fraction: float | None = 0.0
        self._text = ""
        self._bar = _Bar()
        self._words = QLabel()
        self._words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._words.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self._bar, 1)
        row.addWidget(self._words)
        self.setAccessibleName("Progress")

    @property
    def text(self) -> str:
        return self._text

    @property
    def fraction(self) -> float | None:
        """What is done, 0 to 1; None where the total is not known."""
        return self._fraction

    def show_text(self, text: str, fraction: float | None) -> None:
        if (text, fraction) == (self._text, self._fraction):
            return
        self._text, self._fraction = text, fraction
        self._bar.show_fraction(fraction)
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The words give way to at least a short bar, from their end."""
        metrics = self._words.fontMetrics()
        room = max(40, self.width() - 2 * GRID - _Bar.SHORTEST)
        text = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        # Rounded up, so that the bar does not twitch with every digit that changes.
        self._words.setMinimumWidth(min(room, -(-metrics.horizontalAdvance(text) // 32) * 32))
        self._words.setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, HEIGHT)


class _Bar(QWidget):
    SHORTEST = 48

    def __init__(self) -> None:
        super().__init__()
        self._fraction: float | None = 0.0
        self.setMinimumWidth(self.SHORTEST)
        self.setFixedHeight(HEIGHT)
        themes.changed.connect(self.update)

    def show_fraction(self, fraction: float | None) -> None:
        self._fraction = fraction
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._fraction is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        trough = QRectF(0, self.height() / 2 - 2, self.width(), 4)
        painter.setBrush(QColor(theme().raised))
        painter.drawRoundedRect(trough, 2, 2)
        trough.setWidth(max(4.0, self.width() * self._fraction))
        painter.setBrush(QColor(theme().accent))
        painter.drawRoundedRect(trough, 2, 2)
