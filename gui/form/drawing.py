"""What the form's controls share: their height, their ground, and the wheel left to the form."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from gui.icons import faded
from gui.theme import theme

HEIGHT = 26
"""Height of every control, so that the rows of a form stand evenly."""
RADIUS = 4.0


class _QuietWheel(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_idle = isinstance(watched, QWidget) and not watched.hasFocus()
        if event.type() == QEvent.Type.Wheel and is_idle:
            event.ignore()  # so it goes on to the form around
            return True
        return super().eventFilter(watched, event)


def quiet_wheel(control: QWidget) -> None:
    """Let the wheel scroll the form, wherever the pointer is, unless the control has the focus."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_QuietWheel(control))


def draw_ground(painter: QPainter, widget: QWidget, focused: bool) -> None:
    """The rounded ground of a field; the accent colour rings the one that has the focus."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme().accent if focused else theme().raised), 1))
    painter.setBrush(QColor(theme().raised))
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)


def make_clear(edit: QLineEdit) -> None:
    """Let the ground of the control around it shine through a line of text."""
    edit.setFrame(False)
    # A palette set here would be undone by the application's style sheet.
    edit.setStyleSheet("background: transparent; border: none;")


def ink(widget: QWidget) -> QColor:
    """The colour of a control's text."""
    return QColor(theme().text) if widget.isEnabled() else faded(theme().muted, 0.6)
