"""A line of text that networks read: typed here, answered with every key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from gui.form.drawing import HEIGHT, draw_ground, make_clear
from gui.theme import GRID, themes
from gui.word_keys import keeps_word_keys


class _Edit(QLineEdit):
    """A line that keeps the keys that delete a word."""

    def event(self, event: QEvent) -> bool:
        return keeps_word_keys(event) or super().event(event)


class TypedLine(QWidget):
    """A line to type in. `typed` tells what the person made of it; what the lab writes does not."""

    typed = Signal(str)

    def __init__(self, name: str, about: str, invitation: str, parent: QWidget | None = None) -> None:
        """`name` and `about` are for those who cannot see it; `invitation` stands there while it is empty."""
        super().__init__(parent)
        self.edit = _Edit(self)
        make_clear(self.edit)
        self.edit.setTextMargins(GRID, 0, GRID, 0)
        self.edit.setAccessibleName(name)
        self.edit.setAccessibleDescription(about)
        self.edit.setPlaceholderText(invitation)
        self.edit.textEdited.connect(self.typed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit)
        self.setFixedHeight(HEIGHT)
        themes.changed.connect(self.update)

    def show_text(self, text: str) -> None:
        """Show the text in force, unless the person is typing another one."""
        if text != self.edit.text() and not self.edit.hasFocus():
            self.edit.setText(text)

    def focus(self) -> None:
        """Go on typing at its end."""
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)  # another reason would select all of it
        self.edit.end(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self, self.edit.hasFocus())
