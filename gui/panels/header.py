"""A panel's header: its title, the sentence that says what one is looking at, and its quiet menu button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from gui.theme import GRID, small_font, theme

MOST_LINES = 2
"""Lines the sentence may take below the title; the rest is elided and in the tooltip."""
LOW = 28 * GRID
"""Height of a panel below which its sentence takes one line."""


class Header(QWidget):
    """The title, and after it (or below, where it is narrow) the sentence, elided with a tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = self._sentence = ""
        self._lines: list[str] = []
        self._most, self._kept = MOST_LINES, 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def lines(self) -> list[str]:
        """The sentence as laid out below the title; empty where it follows on the title's own line."""
        return self._lines

    def set_texts(self, title: str, sentence: str) -> None:
        """Show a title and a sentence."""
        if (title, sentence) != (self._title, self._sentence):
            self._title, self._sentence = title, sentence
            self.setAccessibleName(title)
            self.setAccessibleDescription(sentence)
            self._arrange()

    def suit(self, panel_height: int) -> None:
        """Take fewer lines in a low panel."""
        most = 1 if panel_height < LOW else MOST_LINES
        if most != self._most:
            self._most = most
            self._arrange()

    def keep_lines(self, count: int) -> None:
        """Take at least the height of the title and `count` lines: so that pictures in a row start level.

        The sentence then has these lines in a low panel, too.
        """
        self._kept = count
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = QFontMetricsF(self.font())
        painter.setPen(QColor(theme().text))
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QPointF(0, metrics.ascent()), title)
        painter.setPen(QColor(theme().muted))
        if not self._lines:
            after = metrics.horizontalAdvance(self._title) + GRID
            painter.drawText(QPointF(after, metrics.ascent()), self._sentence)
            return
        small = small_font(self.font())
        painter.setFont(small)
        top = metrics.height() + 2 + QFontMetricsF(small).ascent()
        for number, line in enumerate(self._lines):
            painter.drawText(QPointF(0, top + number * QFontMetricsF(small).lineSpacing()), line)

    def _arrange(self) -> None:
        """Choose one line or several for the present width, and take the height that needs."""
        metrics = QFontMetricsF(self.font())
        title, sentence = (metrics.horizontalAdvance(text) for text in (self._title, self._sentence))
        fits = title + (GRID + sentence if self._sentence else 0) <= self.width()
        small = small_font(self.font())
        self._lines = [] if fits or not self._sentence else self._wrapped(small)
        height = metrics.height()
        if below := max(len(self._lines), self._kept):
            height += 2 + below * QFontMetricsF(small).lineSpacing()
        self.setFixedHeight(round(height + 0.5))
        cut = title > self.width() or "".join(self._lines).endswith("…")
        self.setToolTip("\n".join(part for part in (self._title, self._sentence) if part) if cut else "")
        self.update()

    def _wrapped(self, font: QFont) -> list[str]:
        """The sentence broken at words into the lines there is room for, the last one elided."""
        text, width = self._sentence, self.width()
        layout = QTextLayout(text, font)
        layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
        starts: list[int] = []
        layout.beginLayout()
        most = max(self._most, self._kept)
        while len(starts) < most and (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1))
            starts.append(line.textStart())
        layout.endLayout()
        parts = [
            text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
        ]
        metrics = QFontMetricsF(font)
        return [metrics.elidedText(part, Qt.TextElideMode.ElideRight, width) for part in parts]


class MenuButton(QToolButton):
    """The "⋯" of a panel: seen while the pointer is over the panel or the button has the focus."""

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        super().__init__(parent)
        self._owner = parent
        self.setText("⋯")
        self.setToolTip("Copy, save or enlarge this picture")
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { padding: 0; }")
        self.setFixedSize(QSize(3 * GRID, max(2 * GRID, round(QFontMetricsF(self.font()).height()))))
        parent.installEventFilter(self)

    @property
    def is_seen(self) -> bool:
        """Whether the button is painted; it takes clicks and the focus either way."""
        return self.hasFocus() or self.menu().isVisible() or self._owner.underMouse()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.is_seen:
            super().paintEvent(event)
