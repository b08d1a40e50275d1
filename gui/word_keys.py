"""The keys that delete a word belong to a line of text: the window has Ctrl+Backspace for something else."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence

DELETES = QKeySequence.StandardKey.DeleteStartOfWord, QKeySequence.StandardKey.DeleteEndOfWord


def keeps_word_keys(event: QEvent) -> bool:
    """Whether this asks for such a key as a shortcut: the line that has the keyboard then keeps it."""
    may_be_taken = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
    if may_be_taken and any(event.matches(key) for key in DELETES):
        event.accept()
        return True
    return False
