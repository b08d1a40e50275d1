"""The bar at the top of the page that says what went wrong, or what was done, in one sentence."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from textwrap import shorten
from typing import Literal

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QGuiApplication,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from gui.theme import GRID, small_font, theme, themes

Kind = Literal["error", "info"]

LONGEST = 480
"""Letters of a sentence that are shown; what is longer (a list of a hundred layers) would cover the page."""
MOST_WAITING = 99
"""Errors kept waiting; a loop that fails for ever must not fill the memory."""


@dataclass(frozen=True)
class Notice:
    """One sentence for the person, and the technical cause behind it."""

    kind: Kind
    sentence: str
    details: str = ""


class NoticeBar(QWidget):
    """Shows one notice at a time, the oldest error first; hidden while there is none.

    An info gives way to whatever comes next, and waits for nothing; errors wait until they are closed.
    """

    closed = Signal()
    """The last notice went."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current: Notice | None = None
        self._waiting: deque[Notice] = deque()
        self.sentence = QLabel(self)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)  # file names may look like markup
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.more = QLabel(self)
        self.copy_button = _button(self, "Copy details", "Copy details", "Copy the technical cause")
        self.close_button = _button(self, "×", "Close this message", "Close (Esc)")
        self.copy_button.clicked.connect(self.copy_details)
        self.close_button.clicked.connect(self.close_current)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID + 4, GRID, GRID, GRID)
        row.setSpacing(GRID)
        row.addWidget(self.sentence, 1)
        for widget in (self.more, self.copy_button, self.close_button):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    @property
    def current(self) -> Notice | None:
        """What is shown."""
        return self._current

    @property
    def waiting(self) -> int:
        """How many errors wait behind it."""
        return len(self._waiting)

    def error(self, sentence: str, details: str = "") -> None:
        """Show an error, or let it wait behind the one that is shown; the same one only once."""
        notice = Notice("error", sentence, details)
        if notice.sentence in {one.sentence for one in (self._current, *self._waiting) if one is not None}:
            return
        if self._current is not None and self._current.kind == "error":
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(notice)
            self._count()
            return
        self._show(notice)

    def info(self, sentence: str) -> None:
        """Show an info in place of another; while an error is shown it is dropped."""
        if self._current is None or self._current.kind == "info":
            self._show(Notice("info", sentence))

    def close_current(self) -> None:
        """Close what is shown; the next waiting error takes its place."""
        if self._waiting:
            self._show(self._waiting.popleft())
            return
        had_keyboard = self.isAncestorOf(QGuiApplication.focusObject())
        self._current = None
        self.hide()
        if had_keyboard and self.parentWidget() is not None:
            self.parentWidget().setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def copy_details(self) -> None:
        """Put the sentence and its technical cause on the clipboard."""
        if self._current is None:
            return
        parts = (self._current.sentence, self._current.details)
        QGuiApplication.clipboard().setText("\n\n".join(part for part in parts if part))
        self.copy_button.setText("Copied")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_current()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme()
        is_error = self._current is not None and self._current.kind == "error"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setBrush(QColor(colours.danger if is_error else colours.muted))
        painter.drawRoundedRect(QRectF(GRID, GRID, 3, self.height() - 2 * GRID), 1.5, 1.5)

    def _show(self, notice: Notice) -> None:
        self._current = notice
        is_long = len(notice.sentence) > LONGEST
        shown = shorten(notice.sentence, LONGEST, placeholder=" …") if is_long else notice.sentence
        self.sentence.setText(shown)
        self.sentence.setToolTip("Copy details copies all of it." if is_long else "")
        self.setAccessibleName(notice.sentence)
        self.copy_button.setText("Copy details")
        self.copy_button.setVisible(notice.kind == "error")
        self._count()
        self.show()
        self.updateGeometry()
        self.update()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _count(self) -> None:
        self.more.setText(f"{len(self._waiting)} more")
        self.more.setVisible(bool(self._waiting))

    def _dress(self) -> None:
        self.more.setFont(small_font(self.font()))
        self.more.setStyleSheet(f"color: {theme().muted};")
        self.update()


def _button(parent: QWidget, text: str, name: str, tip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
