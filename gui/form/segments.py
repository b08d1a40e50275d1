"""Two or three short choices side by side, one of them chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QSizePolicy, QWidget

from gui.form.drawing import HEIGHT, RADIUS, draw_ground
from gui.theme import theme, themes


class Segments(QWidget):
    """`chosen(place)` tells what the person chose; the arrow keys go from one to the next."""

    chosen = Signal(int)

    def __init__(self, entries: Sequence[str]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        self.buttons = [_Segment(entry) for entry in entries]
        for place, button in enumerate(self.buttons):
            row.addWidget(button, button.sizeHint().width())
            button.focus_changed.connect(self.update)
            button.toggled.connect(lambda on, at=place: self._toggled(on, at))
        self._quiet = False
        self.setFixedHeight(HEIGHT + 2)
        self.setFocusProxy(self.buttons[0])
        themes.changed.connect(self.update)

    def show_choice(self, place: int) -> None:
        """Show a choice without telling anybody."""
        self._quiet = True
        self.buttons[place].setChecked(True)
        self.setFocusProxy(self.buttons[place])
        self._quiet = False

    def name_for_all(self, name: str, help: str) -> None:
        """Accessible names: each choice says what it is a choice of."""
        for button in self.buttons:
            button.setAccessibleName(f"{name}: {button.text()}")
            button.setAccessibleDescription(help)

    def _toggled(self, on: bool, place: int) -> None:
        if on and not self._quiet:
            self.setFocusProxy(self.buttons[place])
            self.chosen.emit(place)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self, any(button.hasFocus() for button in self.buttons))


class _Segment(QRadioButton):
    """One of the choices; being a radio button it is read out as one and knows the arrow keys."""

    focus_changed = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 14, HEIGHT - 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, position: QPoint) -> bool:
        return self.rect().contains(position)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked():
            painter.setPen(QPen(QColor(theme().line), 1))
            painter.setBrush(QColor(theme().page))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        chosen = self.isChecked() or self.underMouse()
        painter.setPen(QColor(theme().text if chosen else theme().muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
