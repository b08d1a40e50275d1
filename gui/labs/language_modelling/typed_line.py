"""The line to type in: every key appears at once, whatever the networks are doing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QRegularExpression, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gui.labs.language_modelling.plain_marks import PLAIN
from gui.theme import GRID, theme, themes
from gui.word_keys import keeps_word_keys

LINES = 2
"""Lines that are seen at once; a longer text scrolls."""
LONGEST = 20_000
"""Characters up to which the line is filled by pasting: ten times what the networks read. Qt lays a line of a
million out for more than a minute, and answers nothing meanwhile."""
_MARKS = QRegularExpression(f"[{''.join(PLAIN)}]")
LARGER = 1.25
"""Size of what is typed, beside the other text."""


class TypedLine(QPlainTextEdit):
    """A few lines of text. `typed` tells what the person made of it; what the lab writes does not."""

    typed = Signal(str)
    shortened = Signal(str)
    """A sentence that says how much of a paste was taken."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Text")
        self.setAccessibleDescription("What the three networks read and go on from.")
        self.setPlaceholderText("Type a sentence, or drop a text file anywhere on the window.")
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # lines are wrapped
        self.setUndoRedoEnabled(True)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * LARGER)
        self.setFont(font)
        self.document().setDocumentMargin(0)  # which would show a part of a third line
        self.setViewportMargins(GRID, GRID, GRID, GRID)
        frame = 2 * self.frameWidth() + 2 * GRID
        self.setFixedHeight(LINES * QFontMetrics(font).lineSpacing() + frame)
        self._has_written = False
        self.textChanged.connect(self._tell)
        themes.changed.connect(self._dress)
        self._dress()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste, or take what was dropped: of a text that is too long its end."""
        text, selected = source.text(), len(self.textCursor().selectedText())
        room = max(0, LONGEST - self.document().characterCount() + selected)
        if len(text) <= room:
            super().insertFromMimeData(source)
            return
        self.insertPlainText(text[len(text) - room :])
        self.ensureCursorVisible()
        self.shortened.emit(
            f"Of the {len(text):,} characters pasted the last {room:,} were taken."
            " Save the text as a file and drop that: the networks then read all of it."
        )

    def event(self, event: QEvent) -> bool:
        """Keep the keys that delete a word."""
        return keeps_word_keys(event) or super().event(event)

    def show_text(self, text: str) -> None:
        """Show what the lab put on the line; what was only added is added at the end."""
        before = self.toPlainText()
        if text == before:
            return
        with QSignalBlocker(self):
            if before and text.startswith(before):
                cursor = QTextCursor(self.document())
                cursor.movePosition(QTextCursor.MoveOperation.End)
                # All that was written without a key between is one step of undo, apart from what was typed:
                # Qt joins an insertion to the one before while the document counts as modified.
                self.document().setModified(self._has_written)
                cursor.insertText(text[len(before) :])
                self.document().setModified(False)
            else:
                self.setPlainText(text)
            self.moveCursor(QTextCursor.MoveOperation.End)
            self._has_written = True

    def insert_at_end(self, text: str) -> None:
        """Add to the text as if it had been typed, and go on typing there."""
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.insertPlainText(text)
        self.setFocus()

    def empty(self) -> None:
        """Take all text away, as if it had been deleted: that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.removeSelectedText()
        self.setFocus()

    def write_plain(self) -> None:
        """Write quotes and dashes as a keyboard does, as one change that can be undone."""
        whole = QTextCursor(self.document())
        whole.beginEditBlock()
        found = self.document().find(_MARKS, 0)
        while not found.isNull():
            found.insertText(PLAIN[found.selectedText()])
            found = self.document().find(_MARKS, found)
        whole.endEditBlock()
        self.setFocus()

    def _tell(self) -> None:
        self._has_written = False
        self.typed.emit(self.toPlainText())

    def _dress(self) -> None:
        colours = theme()
        ground = f"background: {colours.raised}; color: {colours.text};"
        self.setStyleSheet(
            f"QPlainTextEdit {{ {ground} border: 1px solid {colours.line}; border-radius: 6px; }} "
            f"QPlainTextEdit:focus {{ border-color: {colours.accent}; }}"
        )
