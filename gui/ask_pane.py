"""The Ask pane: what is under the pointer, and how it was computed, with the numbers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.ask import Answer
from gui.ask_text import answer_text
from gui.ask_view import AnswerView
from gui.icons import IconButton
from gui.theme import GRID, small_font

HINT = "Click a value to keep it here."
PINNED = "Pinned. Esc lets go."


class AskPane(QWidget):
    """`show_answer` as often as the pointer moves; pinned, it says so until it is let go."""

    pinned = Signal()
    """The person pressed the pin: what is shown stays, whatever else is asked."""
    unpinned = Signal()
    """The person let go, by the pin or by Esc inside the pane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_kept = False
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.setMinimumWidth(220)
        self.view = AnswerView()
        self._make_header()
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.view)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setAccessibleName("Calculation")
        self._scroll.verticalScrollBar().setAccessibleName("Scroll the calculation")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addLayout(self._header)
        layout.addWidget(self._scroll)
        self._show_state()

    @property
    def answer(self) -> Answer | None:
        """What is shown."""
        return self.view.answer

    @property
    def is_pinned(self) -> bool:
        return self.pin_button.isChecked()

    def show_answer(self, answer: Answer | None) -> None:
        """Show an answer, or with None what to do to get one."""
        if self._is_kept:
            return
        had_answer = self.answer is not None
        self.view.show_answer(answer)
        if had_answer != (answer is not None):
            self._show_state()

    def set_pinned(self, pinned: bool) -> None:
        """Show whether the answer stays, without telling anybody."""
        self._is_kept = False
        self.pin_button.setChecked(pinned)
        self._show_state()

    def copy(self) -> None:
        """Put the whole calculation on the clipboard as text."""
        if self.answer is not None:
            QGuiApplication.clipboard().setText(answer_text(self.answer))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.is_pinned:
            self.set_pinned(False)
            self.unpinned.emit()
            return
        super().keyPressEvent(event)

    def _make_header(self) -> None:
        title = QLabel("Ask")
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._hint = QLabel()
        self._hint.setFont(small_font(self._hint.font()))
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.pin_button = IconButton("pin", "Pin", "Keep this value here (click the value itself, or this)")
        self.pin_button.setCheckable(True)
        self.pin_button.clicked.connect(self._pin_clicked)
        self.copy_button = IconButton("copy", "Copy calculation", "Copy the whole calculation as text")
        self.copy_button.clicked.connect(self.copy)
        self._header = QHBoxLayout()
        self._header.setContentsMargins(2 * GRID, 0, GRID, 0)
        self._header.setSpacing(GRID // 2)
        self._header.addWidget(title)
        self._header.addWidget(self._hint, 1)
        self._header.addWidget(self.pin_button)
        self._header.addWidget(self.copy_button)

    def _pin_clicked(self, pinned: bool) -> None:
        self._is_kept = pinned
        self._show_state()
        (self.pinned if pinned else self.unpinned).emit()

    def _show_state(self) -> None:
        has_answer = self.answer is not None
        self.pin_button.setEnabled(has_answer or self.is_pinned)
        self.copy_button.setEnabled(has_answer)
        self._hint.setText(PINNED if self.is_pinned else HINT if has_answer else "")
        described = answer_text(self.answer) if self.answer is not None and self.is_pinned else ""
        self.view.setAccessibleDescription(described)
