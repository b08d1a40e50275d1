"""A list to choose one entry from, flat, and searchable where it is long."""

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
from PySide6.QtWidgets import QComboBox, QCompleter, QListView, QStyledItemDelegate, QStyleOptionViewItem

from gui.form.drawing import HEIGHT, QuietWheel, draw_ground, ink, make_clear
from gui.icons import draw_icon
from gui.theme import theme, themes

_Index = QModelIndex | QPersistentModelIndex
ARROW = 22
"""Room for the arrow at the right, in pixels."""


class _Entry(QStyledItemDelegate):
    """An entry of the open list, with room to hit it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(super().sizeHint(option, index).width() + 12, HEIGHT - 2)


class Combo(QuietWheel, QComboBox):
    """`searchable`: type any part of an entry to find it among thousands."""

    def __init__(self, *, searchable: bool = False) -> None:
        super().__init__()
        self._entries: tuple[str, ...] = ()
        self._model = QStringListModel(self)
        self.setModel(self._model)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setMaxVisibleItems(14)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        view = QListView()
        view.setUniformItemSizes(True)  # else thousands of entries are measured one by one
        self.setView(view)
        self.setItemDelegate(_Entry(self))
        if searchable:
            self._make_searchable()
        themes.changed.connect(self.update)

    def _make_searchable(self) -> None:
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        make_clear(self.lineEdit())
        self.lineEdit().setTextMargins(2, 0, 0, 0)
        completer = QCompleter(self._model, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(12)
        popup = completer.popup()
        if isinstance(popup, QListView):
            popup.setUniformItemSizes(True)
            popup.setItemDelegate(_Entry(popup))
        self.setCompleter(completer)

    @property
    def entries(self) -> tuple[str, ...]:
        return self._entries

    def set_entries(self, entries: Sequence[str]) -> None:
        """Offer `entries`; what is shown stays."""
        shown, typed = self.currentText(), self.is_being_typed
        self._entries = tuple(entries)
        with QSignalBlocker(self):
            self._model.setStringList(self._entries)
        if not typed:
            self.show_entry(shown)

    def show_entry(self, text: str) -> None:
        """Show an entry, or in a searchable list any text, without telling anybody."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self._entries.index(text) if text in self._entries else -1)
            if self.isEditable():
                self.setEditText(text)
                self.lineEdit().setCursorPosition(0)
        self._committed = text
        self.update()

    @property
    def is_being_typed(self) -> bool:
        """Whether it shows something that does not count yet."""
        return self.isEditable() and self.hasFocus() and self.currentText() != self._committed

    _committed = ""

    def match(self, text: str) -> str | None:
        """The entry that `text` means: itself in any case, or the only one that has it in its name."""
        wanted = text.strip().casefold()
        holding = [entry for entry in self._entries if wanted in entry.casefold()]
        exact = [entry for entry in holding if entry.casefold() == wanted]
        if exact:
            return exact[0]
        return holding[0] if wanted and len(holding) == 1 else None

    def sizeHint(self) -> QSize:
        """Wide enough that no entry is cut off, as far as the form has room."""
        if len(self._entries) > 50:
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
