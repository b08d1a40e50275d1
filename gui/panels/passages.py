"""Passages of a text one below the other, each with what it matches in a column and a little around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.bars import percent
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.scrolling import BREADTH, SCROLL_ROOM, bring, scroll_bar, scroll_by, set_reach
from gui.theme import GRID, theme

PITCH = 1.6
"""Height of a row, as a multiple of the font's height."""
WIDEST = 0.6
"""Share of the room that what matches may take, where it is long."""
GAP = 4
"""Around what matches, in device-independent pixels."""
SPOKEN = 5
"""Passages that a screen reader is told."""


@dataclass(frozen=True)
class Passage:
    """What matches, with what stands around it."""

    before: str
    match: str
    after: str
    share: float
    """How well it matches, 0 to 1."""
    figure: str = ""
    """How that is written at the right, instead of in per cent."""


@dataclass(frozen=True)
class _Columns:
    """Where a row's parts are, in pixels of the canvas."""

    match: float
    """Left end of what matches."""
    match_room: float
    text_end: float
    figure_end: float


class PassagesPanel(Panel):
    """The passages, as a concordance has them: what matches stands in one column. A cell is (row,)."""

    is_vector = True
    nothing_yet = "No passages yet."
    help_text = "Arrow keys move by passage, Home and End go to the ends, Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._passages: list[Passage] = []
        self._scroll = scroll_bar(Qt.Orientation.Vertical, self.canvas, f"Scroll {title}")
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._settle)

    # What a view uses.

    def set_passages(self, passages: Sequence[Passage]) -> None:
        """Show passages, the best first, from the top; none leaves the panel empty."""
        self._passages = list(passages)
        self._scroll.setValue(0)
        self._settle()
        if self._passages:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def set_empty(self, sentence: str) -> None:
        self._passages = []
        self._settle()
        super().set_empty(sentence)

    def row_rect(self, row: int) -> QRectF:
        """The whole row of a passage, in pixels of the canvas."""
        pitch = self._pitch
        return QRectF(0, row * pitch - self._scroll.value(), self._width, pitch)

    def match_rect(self, row: int) -> QRectF:
        """Where what matches is drawn, in pixels of the canvas."""
        columns, metrics = self._columns(), QFontMetricsF(self._bold)
        match = metrics.elidedText(
            self._passages[row].match, Qt.TextElideMode.ElideMiddle, columns.match_room
        )
        height = min(self._pitch - 2, metrics.height() + 2)
        whole = self.row_rect(row)
        return QRectF(
            columns.match,
            whole.center().y() - height / 2,
            metrics.horizontalAdvance(match) + 2 * GAP,
            height,
        )

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        if not (0 <= point.x() < self._width and 0 <= point.y() < self.canvas.height()):
            return None
        row = int((point.y() + self._scroll.value()) // self._pitch)
        return (row,) if row < len(self._passages) else None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._passages)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._passages:
            return None
        row = 0 if cell is None else cell[0] + down * (self._seen if far else 1)
        return (min(max(row, 0), len(self._passages) - 1),)

    def reveal(self, cell: Cell) -> None:
        row = self.row_rect(cell[0])
        bring(self._scroll, row.top(), row.bottom() - self.canvas.height())

    def wheel(self, at: QPointF, notches: float) -> bool:
        return scroll_by(self._scroll, -round(notches * 2 * self._pitch))

    def key(self, event: QKeyEvent) -> bool:
        key, page = Qt.Key(event.key()), round(self._seen * self._pitch)
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            return scroll_by(self._scroll, page if key == Qt.Key.Key_PageDown else -page)
        row = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._passages) - 1}.get(key)
        if row is None or not self._passages:
            return False
        self.point(None)  # the pointer rests: scrolling must not pull the cursor to it
        self.reveal((row,))
        self.move_cursor((row,))
        return True

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        if cell is None:
            return ""
        passage = self._passages[cell[0]]
        shown = self._shown(passage, self._columns())
        return "" if shown == (passage.before, passage.match, passage.after) else _whole(passage)

    def summary(self) -> str:
        told = "; ".join(
            f"{passage.match}, {_figure(passage).replace('%', 'percent')}"
            for passage in self._passages[:SPOKEN]
        )
        count = len(self._passages)
        return f"{count} {'passage' if count == 1 else 'passages'}: {told}{'; …' if count > SPOKEN else ''}."

    def numbers(self) -> Numbers:
        """A row for each passage, with its rank from 1."""
        rows = [
            [rank, passage.before, passage.match, passage.after, passage.share]
            for rank, passage in enumerate(self._passages, start=1)
        ]
        return ["rank", "before", "match", "after", "share"], rows

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns, offset, pitch = self._columns(), self._scroll.value(), self._pitch
        first, last = int(offset // pitch), int((offset + self.canvas.height()) // pitch) + 1
        for row in range(first, min(last, len(self._passages))):
            self._paint_row(painter, row, columns)

    def _paint_row(self, painter: QPainter, row: int, columns: _Columns) -> None:
        colours, passage, whole = theme(), self._passages[row], self.row_rect(row)
        before, match, after = self._shown(passage, columns)
        plain, ground = QFontMetricsF(self.canvas.font()), self.match_rect(row)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.cursor_cell == (row,):
            painter.setBrush(QColor(colours.chrome))
            painter.drawRoundedRect(whole.adjusted(0, 1, 0, -1), 4, 4)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(ground, 3, 3)
        baseline = whole.center().y() + (plain.ascent() - plain.descent()) / 2
        painter.setFont(self._bold)
        painter.setPen(QColor(colours.accent_text))
        painter.drawText(QPointF(ground.left() + GAP, baseline), match)
        painter.setFont(self.canvas.font())
        painter.setPen(QColor(colours.text))
        figure = _figure(passage)
        # By their ends, not in boxes: those would leave out the spaces at the ends.
        painter.drawText(QPointF(ground.left() - GAP / 2 - plain.horizontalAdvance(before), baseline), before)
        painter.drawText(QPointF(ground.right() + GAP / 2, baseline), after)
        painter.drawText(QPointF(columns.figure_end - plain.horizontalAdvance(figure), baseline), figure)

    # Layout and scrolling.

    @property
    def _bold(self) -> QFont:
        font = QFont(self.canvas.font())
        font.setBold(True)
        return font

    @property
    def _pitch(self) -> float:
        """Height of a row."""
        return float(round(QFontMetricsF(self.canvas.font()).height() * PITCH))

    @property
    def _seen(self) -> int:
        """How many whole rows there is room for."""
        return max(1, int(self.canvas.height() // self._pitch))

    @property
    def _width(self) -> float:
        return float(self.canvas.width() - (0 if self._scroll.isHidden() else SCROLL_ROOM))

    def _columns(self) -> _Columns:
        """What matches stands in the middle, or farther left where little stands before it."""
        plain, bold = QFontMetricsF(self.canvas.font()), QFontMetricsF(self._bold)

        def longest(metrics: QFontMetricsF, texts: list[str]) -> float:
            return max((metrics.horizontalAdvance(text) for text in texts), default=0.0)

        figures = longest(plain, [_figure(passage) for passage in self._passages])
        figure_end = self._width - GRID / 2
        text_end = figure_end - figures - 2 * GRID
        match = min(longest(bold, [passage.match for passage in self._passages]) + 1, WIDEST * text_end)
        before = longest(plain, [passage.before for passage in self._passages]) + GAP
        return _Columns(min(before, max(0.0, text_end - match) / 2), match, text_end, figure_end)

    def _shown(self, passage: Passage, columns: _Columns) -> tuple[str, str, str]:
        """The three parts as far as there is room for them."""
        plain, bold = QFontMetricsF(self.canvas.font()), QFontMetricsF(self._bold)
        mode = Qt.TextElideMode
        match = bold.elidedText(passage.match, mode.ElideMiddle, columns.match_room)
        left = columns.text_end - columns.match - bold.horizontalAdvance(match) - 3 * GAP
        return (
            plain.elidedText(passage.before, mode.ElideLeft, columns.match - GAP / 2),
            match,
            plain.elidedText(passage.after, mode.ElideRight, max(0.0, left)),
        )

    def _settle(self) -> None:
        self._scroll.setGeometry(self.canvas.width() - BREADTH, 0, BREADTH, self.canvas.height())
        self._scroll.setSingleStep(round(self._pitch))
        set_reach(self._scroll, len(self._passages) * self._pitch, self.canvas.height())
        self.canvas.update()

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)


def _figure(passage: Passage) -> str:
    return passage.figure or percent(passage.share)


def _whole(passage: Passage) -> str:
    return f"{passage.before}{passage.match}{passage.after}"
