"""The command palette: type a few letters of anything the window can do, and run it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.actions import Entry
from gui.fuzzy import match
from gui.overlay import Overlay
from gui.theme import GRID, Theme, small_font, theme, themes

WIDTH = 72 * GRID
ROWS = 10
"""Rows shown at once; the others scroll."""
LONGEST_QUERY = 60
MOST = 200
"""Rows offered at once; typing narrows them."""


def rank(query: str, entries: list[Entry]) -> list[tuple[Entry, frozenset[int]]]:
    """The entries that fit, best first (then shortest, then in the order given), with the letters matched."""
    found = [(match(query, entry.title, entry.hint), entry) for entry in entries]
    fitting = [(fit, entry) for fit, entry in found if fit is not None]
    if query.split():
        fitting.sort(key=lambda pair: (-pair[0].score, len(pair[1].title)))
    return [(entry, fit.places) for fit, entry in fitting[:MOST]]


class CommandPalette(Overlay):
    """A search line over a list.

    `entries` is asked anew each time it opens, so that it offers what is there now.
    """

    def __init__(self, window: QWidget, entries: Callable[[], list[Entry]]) -> None:
        super().__init__(window, "Command palette", WIDTH)
        self._source = entries
        self._entries: list[Entry] = []
        self.search = QLineEdit(self.panel)
        self.search.setPlaceholderText("What would you like to do?")
        self.search.setAccessibleName("Search commands")
        self.search.setFrame(False)
        self.search.setMaxLength(LONGEST_QUERY)
        self.list = _List(self.panel)
        self.none = QLabel(self.panel)
        self.none.setTextFormat(Qt.TextFormat.PlainText)
        self.keys = QLabel("↑ ↓  choose      Enter  run      Esc  close", self.panel)
        for widget in (self.search, self.list, self.none, self.keys):
            self.body.addWidget(widget)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.run_current)
        self.search.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self.run_current())
        self.list.currentItemChanged.connect(self._say_current)
        self._dress_parts()
        themes.changed.connect(self._dress_parts)

    def toggle(self) -> None:
        """Open it with an empty search line, or close it."""
        if self.isVisible():
            self.dismiss()
            return
        self._entries = self._source()
        self.search.clear()
        self._filter("")
        self.open(self.search)

    def run_current(self) -> None:
        """Close, give the keyboard back, and do what the chosen row says."""
        item = self.list.currentItem()
        if item is None:
            return
        entry: Entry = item.data(ENTRY)
        self.dismiss()
        entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self._move(step)
                return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        """One row on or back goes round; a page stops at the ends."""
        row, rows = self.list.currentRow() + step, self.list.count()
        self.list.setCurrentRow(row % rows if abs(step) == 1 else min(max(row, 0), rows - 1))

    def _filter(self, query: str) -> None:
        self.list.clear()
        for entry, places in rank(query, self._entries):
            item = QListWidgetItem(entry.title)
            item.setData(ENTRY, entry)
            item.setData(PLACES, places)
            spoken = ", ".join(part for part in (entry.title, entry.hint, entry.shortcut) if part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            self.list.addItem(item)
        found = self.list.count() > 0
        self.list.setVisible(found)
        self.none.setVisible(not found)
        self.none.setText(f"Nothing here is called “{query.strip()}”.")
        self.list.setCurrentRow(0 if found else -1)
        self.list.updateGeometry()
        if self.isVisible():
            self._fit()

    def _say_current(self, item: QListWidgetItem | None) -> None:
        """The keyboard stays in the search line, so that is where a screen reader hears the chosen row."""
        spoken = item.data(Qt.ItemDataRole.AccessibleTextRole) if item else "Nothing found"
        self.search.setAccessibleDescription(spoken)

    def _dress_parts(self) -> None:
        colours = theme()
        font = self.panel.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.search.setFont(font)
        self.search.setStyleSheet(
            f"QLineEdit {{ background: transparent; border: none; border-bottom: 1px solid {colours.line};"
            f" padding: {GRID + 4}px {2 * GRID}px; }}"
        )
        self.list.setStyleSheet(
            f"QListWidget {{ background: transparent; border: none; padding: {GRID // 2}px 0; }}"
        )
        self.keys.setFont(small_font(self.panel.font()))
        self.keys.setStyleSheet(
            f"color: {colours.muted}; border-top: 1px solid {colours.line}; padding: {GRID}px {2 * GRID}px;"
        )
        self.none.setStyleSheet(f"color: {colours.muted}; padding: {2 * GRID}px;")


ENTRY = Qt.ItemDataRole.UserRole
PLACES = Qt.ItemDataRole.UserRole + 1

_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: ROWS,
    Qt.Key.Key_PageUp: -ROWS,
}


class _List(QListWidget):
    """As tall as its rows, up to `ROWS` of them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Commands")
        self.setItemDelegate(_Row(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        row = self.sizeHintForRow(0) if self.count() else 0
        return QSize(WIDTH, min(self.count(), ROWS) * row + GRID)

    def minimumSizeHint(self) -> QSize:
        return QSize(8 * GRID, 3 * GRID)


class _Row(QStyledItemDelegate):
    """Draws title with the matched letters, kind, and shortcut on one line."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(WIDTH, option.fontMetrics.height() + 2 * GRID)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours, entry, area = theme(), index.data(ENTRY), QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, option, area, colours)
        inner = area.adjusted(2 * GRID, 0, -2 * GRID, 0)
        if entry.shortcut:
            inner.setRight(_key_cap(painter, inner, entry.shortcut, option, colours) - GRID)
        painter.setFont(small_font(option.font))
        painter.setPen(QColor(colours.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, int(right), entry.hint)
        inner.setRight(inner.right() - QFontMetricsF(painter.font()).horizontalAdvance(entry.hint) - GRID)
        _title(painter, inner, entry.title, index.data(PLACES), option, colours)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, area: QRectF, colours: Theme) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if not chosen and not option.state & QStyle.StateFlag.State_MouseOver:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.setOpacity(1.0 if chosen else 0.5)
        painter.drawRoundedRect(area.adjusted(GRID / 2, 1, -GRID / 2, -1), 4, 4)
        painter.setOpacity(1.0)
        if chosen:
            painter.setBrush(QColor(colours.accent))
            mark = QRectF(area.left() + GRID, area.top() + GRID, 3, area.height() - 2 * GRID)
            painter.drawRoundedRect(mark, 1.5, 1.5)


def _key_cap(
    painter: QPainter, area: QRectF, text: str, option: QStyleOptionViewItem, colours: Theme
) -> float:
    """Draws a shortcut at the right of `area`; its left edge."""
    painter.setFont(small_font(option.font))
    metrics = QFontMetricsF(painter.font())
    width, height = metrics.horizontalAdvance(text) + 1.5 * GRID, metrics.height() + 4
    cap = QRectF(area.right() - width, area.center().y() - height / 2, width, height)
    painter.setPen(QColor(colours.line))
    painter.setBrush(QColor(colours.page))
    painter.drawRoundedRect(cap, 3, 3)
    painter.setPen(QColor(colours.muted))
    painter.drawText(cap, int(Qt.AlignmentFlag.AlignCenter), text)
    return cap.left()


def _title(
    painter: QPainter,
    area: QRectF,
    title: str,
    places: frozenset[int],
    option: QStyleOptionViewItem,
    colours: Theme,
) -> None:
    text = option.fontMetrics.elidedText(title, Qt.TextElideMode.ElideRight, int(area.width()))
    layout = QTextLayout(text, option.font)
    ranges = []
    for place in places:
        letter = QTextLayout.FormatRange()
        letter.start, letter.length = place, 1
        letter.format = QTextCharFormat()
        letter.format.setForeground(QColor(colours.accent_text))
        ranges.append(letter)
    layout.setFormats(ranges)
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    painter.setPen(QColor(colours.text))
    layout.draw(painter, QPointF(area.left(), area.center().y() - line.height() / 2))
