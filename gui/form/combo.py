"""A list to choose one entry from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSignalBlocker,
    QSize,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QListView, QStyledItemDelegate, QStyleOptionViewItem

from gui.form.drawing import HEIGHT, draw_ground, ink, quiet_wheel
from gui.icons import draw_icon
from gui.theme import theme, themes

ARROW = 22
"""Room for the arrow at the right, in pixels."""
MEASURED = 50
"""Up to so many entries are measured; a longer list gets a usual width."""


class Entry(QStyledItemDelegate):
    """An entry of the open list, with room to hit it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width() + 12, HEIGHT - 2)


class Combo(QComboBox):
    """Drawn flat. `activated` tells what the person chose; nothing else does."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[str, ...] = ()
        self.entry_model = QStringListModel(self)
        self.setModel(self.entry_model)
        quiet_wheel(self)
        self.setFixedHeight(HEIGHT)
        self.setMaxVisibleItems(14)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        view = QListView()
        view.setUniformItemSizes(True)  # else thousands of entries are measured one by one
        self.setView(view)
        self.setItemDelegate(Entry(self))
        themes.changed.connect(self.update)

    @property
    def entries(self) -> tuple[str, ...]:
        return self._entries

    def set_entries(self, entries: Sequence[str]) -> None:
        """Offer `entries`; what is shown stays."""
        shown = self.currentText()
        self._entries = tuple(entries)
        with QSignalBlocker(self):
            self.entry_model.setStringList(self._entries)
        self.show_entry(shown)
        self.updateGeometry()  # the layout around it keeps the width of the old entries otherwise

    def show_entry(self, text: str) -> None:
        """Show an entry without telling anybody."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self._entries.index(text) if text in self._entries else -1)
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough that no entry is cut off, as far as the form has room."""
        if len(self._entries) > MEASURED:
            return QSize(180, HEIGHT)
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(entry) for entry in self._entries), default=60)
        return QSize(widest + 8 + ARROW + 4, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_ground(painter, self, self.hasFocus())
        box = QRectF(self.width() - ARROW + 2, self.height() / 2 - 7, 14, 14)
        draw_icon(painter, "down", box, theme().muted)
        if not self.isEditable():
            painter.setPen(ink(self))
            room = self.rect().adjusted(8, 0, -ARROW, 0)
            text = self.fontMetrics().elidedText(
                self.currentText(), Qt.TextElideMode.ElideRight, room.width()
            )
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
