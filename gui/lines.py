"""A few lines of text in a height that never changes, so that nothing below them jumps."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import small_font, theme, themes


class Lines(QWidget):
    """Plain text broken at words into at most so many lines; the rest is elided and in the tooltip."""

    def __init__(self, most: int, *, muted: bool, small: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._most, self._is_muted = "", most, muted
        self._lines: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if small:
            self.setFont(small_font(self.font()))
        themes.changed.connect(self.update)
        self._fit()

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    @property
    def lines(self) -> list[str]:
        """The text as it is broken."""
        return self._lines

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self._arrange()

    def set_most(self, most: int) -> None:
        """Take so many lines."""
        if most != self._most:
            self._most = most
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, metrics = QPainter(self), QFontMetricsF(self.font())
        painter.setPen(QColor(theme().muted if self._is_muted else theme().text))
        for number, line in enumerate(self._lines):
            painter.drawText(QPointF(0, metrics.ascent() + number * metrics.lineSpacing()), line)

    def _fit(self) -> None:
        self.setFixedHeight(round(self._most * QFontMetricsF(self.font()).lineSpacing() + 0.5))
        self._arrange()

    def _arrange(self) -> None:
        layout, starts = QTextLayout(self._text, self.font()), list[int]()
        layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
        layout.beginLayout()
        while len(starts) < self._most and (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width()))
            starts.append(line.textStart())
        layout.endLayout()
        ends = [*starts[1:], len(self._text)]
        parts = [self._text[start:end].rstrip() for start, end in zip(starts, ends, strict=True)]
        metrics = QFontMetricsF(self.font())
        self._lines = [metrics.elidedText(part, Qt.TextElideMode.ElideRight, self.width()) for part in parts]
        is_cut = any(line != part for line, part in zip(self._lines, parts, strict=True))
        self.setToolTip(self._text if is_cut else "")
        self.update()
