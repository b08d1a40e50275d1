"""What was found, in a sentence, and set apart from it what is known from the literature."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.lines import Lines
from gui.theme import GRID, small_font, theme, themes

LINES, PUBLISHED_LINES = 3, 3
"""Where there is little room; a line more of each where there is more."""


class Footing(QWidget):
    """The finding left, the published figures right of a hairline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = Lines(LINES, muted=False, parent=self)
        self.waiting = Lines(LINES, muted=True, parent=self)
        self.published = Lines(PUBLISHED_LINES, muted=True, small=True, parent=self)
        self.caption = QLabel("Published", self)
        self.caption.setFont(small_font(self.font()))
        self.known = QWidget(self)
        column = QVBoxLayout(self.known)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.caption)
        column.addWidget(self.published)
        column.addStretch(1)
        self.waiting.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4 * GRID)
        row.addWidget(self.finding, 5)
        row.addWidget(self.waiting, 5)
        row.addWidget(self.known, 3)
        themes.changed.connect(self.update)

    def show_texts(self, finding: str, waiting: str, published: str) -> None:
        """Show a finding, in whose place the other sentence stands while there is none."""
        self.finding.set_text(finding)
        self.waiting.set_text(waiting)
        self.published.set_text(published)
        for widget, is_shown in (
            (self.finding, bool(finding)),
            (self.waiting, not finding),
            (self.known, bool(published)),
        ):
            if widget.isVisibleTo(self) != is_shown:
                widget.setVisible(is_shown)
        self.update()

    def give_room(self, *, roomy: bool) -> None:
        """A line more for each text where there is room."""
        for lines, least in (
            (self.finding, LINES),
            (self.waiting, LINES),
            (self.published, PUBLISHED_LINES),
        ):
            lines.set_most(least + roomy)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.known.isVisibleTo(self):
            at = self.known.x() - 2 * GRID
            QPainter(self).fillRect(at, 0, 1, self.height(), QColor(theme().line))
