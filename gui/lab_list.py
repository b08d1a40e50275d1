"""The list of labs, grouped by the kind of network they are about."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.lab import GROUPS
from gui.icons import draw_mark
from gui.theme import GRID, small_font, theme, themes

SUBTITLES = {"Grid": "CNN", "Loop": "RNN", "Both": "CNN and RNN"}
ROW = 29
HEADING = 34
_NAME = Qt.ItemDataRole.UserRole
_GROUP = Qt.ItemDataRole.UserRole + 1
_CURRENT = Qt.ItemDataRole.UserRole + 2
_Index = QModelIndex | QPersistentModelIndex


class LabList(QWidget):
    """`chosen(name)` when the person picks a lab: by a click, or by the arrow keys and Enter."""

    chosen = Signal(str)

    def __init__(self, labs: Iterable[tuple[str, str, str]] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current = ""
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.setMinimumWidth(140)
        self.list = _List()
        self.list.setItemDelegate(_Painter(self.list))
        self.list.itemClicked.connect(self._choose)
        self.list.entered_by_key.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, GRID)
        layout.setSpacing(GRID // 2)
        layout.addWidget(_Brand())
        layout.addWidget(self.list, 1)
        self.setFocusProxy(self.list)
        self.set_labs(labs)

    def set_labs(self, labs: Iterable[tuple[str, str, str]]) -> None:
        """Show labs given as (name, title, group); a group without labs has no heading."""
        listed = list(labs)
        self.list.clear()
        for group in GROUPS:
            members = [(name, title) for name, title, of in listed if of == group]
            if members:
                self._add_heading(group)
            for name, title in members:
                self._add(name, title, group)
        self.set_current(self._current)

    @property
    def current(self) -> str:
        """Name of the lab that is marked, "" for none."""
        return self._current

    def set_current(self, name: str) -> None:
        """Mark the lab that is shown, without telling anybody."""
        self._current = name
        for item in self._items():
            is_current = item.data(_NAME) == name
            item.setData(_CURRENT, is_current)
            if is_current:
                self.list.setCurrentItem(item)

    def names(self) -> tuple[str, ...]:
        """Names of the labs, in the order on screen."""
        return tuple(item.data(_NAME) for item in self._items() if item.data(_NAME))

    def _items(self) -> Iterable[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _add_heading(self, group: str) -> None:
        item = QListWidgetItem(group)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setSizeHint(QSize(0, HEADING))
        item.setData(_GROUP, SUBTITLES[group])
        self.list.addItem(item)

    def _add(self, name: str, title: str, group: str) -> None:
        item = QListWidgetItem(title)
        item.setData(_NAME, name)
        item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, f"{group}, {SUBTITLES[group]}")
        item.setToolTip(title)
        item.setSizeHint(QSize(0, ROW))
        self.list.addItem(item)

    def _choose(self, item: QListWidgetItem) -> None:
        name = item.data(_NAME)
        if name:
            self.set_current(name)
            self.chosen.emit(name)


class _List(QListWidget):
    """The arrow keys move a cursor, Enter or the space bar picks."""

    entered_by_key = Signal(QListWidgetItem)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Labs")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        themes.changed.connect(self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            item = self.currentItem()
            if item is not None:
                self.entered_by_key.emit(item)
            return
        super().keyPressEvent(event)


class _Painter(QStyledItemDelegate):
    """Draws headings and labs; the current one on raised ground with a bar in the accent colour."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(_NAME):
            self._paint_lab(painter, option, index)
        else:
            self._paint_heading(painter, option, index)
        painter.restore()

    def _paint_lab(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours, current = theme(), bool(index.data(_CURRENT))
        state = option.state
        box = QRectF(option.rect).adjusted(GRID, 0.5, -GRID, -0.5)
        has_cursor = bool(state & QStyle.StateFlag.State_HasFocus)
        if current or state & QStyle.StateFlag.State_MouseOver or has_cursor:
            painter.setPen(QPen(QColor(colours.accent), 1) if has_cursor else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raised) if current else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 4, 4)
        if current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawRoundedRect(QRectF(box.left() + 7, box.center().y() - 6, 3, 12), 1.5, 1.5)
        strong = current or bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QColor(colours.text if strong else colours.muted))
        room = option.rect.adjusted(2 * GRID + 9, 0, -GRID - 6, 0)
        _draw_line(painter, room, index.data())

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        font = small_font(option.font)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme().text))
        room = option.rect.adjusted(2 * GRID, 8, -GRID, 0)
        title = index.data()
        _draw_line(painter, room, title)
        room.setLeft(room.left() + painter.fontMetrics().horizontalAdvance(title) + GRID)
        painter.setFont(small_font(option.font))
        painter.setPen(QColor(theme().muted))
        _draw_line(painter, room, index.data(_GROUP))


def _draw_line(painter: QPainter, room: QRect, text: str) -> None:
    text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class _Brand(QWidget):
    """The application's mark and name."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(40)
        self.setAccessibleName("Gridloop")
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.setFont(font)
        themes.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_mark(painter, QRectF(2 * GRID, self.height() / 2 - 11, 22, 22))
        painter.setPen(QColor(theme().text))
        room = self.rect().adjusted(2 * GRID + 30, 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "Gridloop")
