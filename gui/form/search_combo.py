"""A list of thousands of entries, found by typing any part of one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QListView

from gui.form.combo import Combo, Entry
from gui.form.drawing import make_clear

SHOWN = 12
"""Entries that the list of finds shows at once."""


class SearchCombo(Combo):
    """What is typed counts only once it means one entry; until then `is_being_typed`."""

    def __init__(self) -> None:
        super().__init__()
        self._committed = ""
        self.line = QLineEdit(self)
        self.line.setTextMargins(2, 0, 0, 0)
        make_clear(self.line)
        self.setLineEdit(self.line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(self._make_completer())

    def _make_completer(self) -> QCompleter:
        completer = QCompleter(self.entry_model, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(SHOWN)
        finds = QListView()
        finds.setUniformItemSizes(True)
        finds.setItemDelegate(Entry(finds))
        completer.setPopup(finds)
        return completer

    @property
    def is_being_typed(self) -> bool:
        """Whether it shows something that does not count yet."""
        return self.hasFocus() and self.currentText() != self._committed

    def set_entries(self, entries: Sequence[str]) -> None:
        """Offer `entries`, also while the person types: what they typed stays."""
        typed, cursor = self.is_being_typed, self.line.cursorPosition()
        text, committed = self.currentText(), self._committed
        super().set_entries(entries)
        self.show_entry(committed)
        if typed:
            with QSignalBlocker(self):
                self.setEditText(text)
                self.line.setCursorPosition(cursor)

    def show_entry(self, text: str) -> None:
        """Show an entry, or any text, without telling anybody."""
        super().show_entry(text)
        with QSignalBlocker(self):
            self.setEditText(text)
            self.line.setCursorPosition(0)
        self._committed = text

    def match(self, text: str) -> str | None:
        """The entry that `text` means: itself in any case, or the only one that has it in its name."""
        wanted = text.strip().casefold()
        holding = [entry for entry in self._entries if wanted in entry.casefold()]
        exact = [entry for entry in holding if entry.casefold() == wanted]
        if exact:
            return exact[0]
        return holding[0] if wanted and len(holding) == 1 else None
