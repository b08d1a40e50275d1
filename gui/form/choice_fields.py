"""Fields for settings that are chosen: yes or no, one of a few, one of thousands, or free text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit

from gui.form.check_box import CheckBox
from gui.form.combo import Combo
from gui.form.drawing import HEIGHT, draw_ground, make_clear
from gui.form.field import Field
from gui.form.search_combo import SearchCombo
from gui.form.segments import Segments


class BoolField(Field):
    """A check box."""

    def __init__(self) -> None:
        self.box = CheckBox()
        super().__init__(self.box)
        self.box.toggled.connect(self.changed.emit)

    def show_value(self, value: bool) -> None:
        with QSignalBlocker(self.box):
            self.box.setChecked(value)


class SegmentField(Field):
    """Two or three short choices side by side."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.segments = Segments(list(entries))
        super().__init__(self.segments)
        self._values = list(entries.values())
        self.segments.chosen.connect(lambda place: self.changed.emit(self._values[place]))

    def show_value(self, value: Any) -> None:
        self.segments.show_choice(self._values.index(value))

    def name_parts(self, name: str, help: str) -> None:
        self.segments.name_for_all(name, help)


class ChoiceField(Field):
    """A list of fixed choices."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.combo = Combo()
        super().__init__(self.combo)
        self._values = list(entries.values())
        self.combo.set_entries(list(entries))
        self.combo.activated.connect(lambda place: self.changed.emit(self._values[place]))

    def show_value(self, value: Any) -> None:
        self.combo.show_entry(self.combo.entries[self._values.index(value)])


class SearchField(Field):
    """A list whose entries the lab sends while it runs; any part of an entry finds it."""

    def __init__(self, choices: Sequence[str], none_label: str | None) -> None:
        self.combo = SearchCombo()
        super().__init__(self.combo)
        self._first = () if none_label is None else (none_label,)
        self.set_choices(choices)
        self.combo.activated.connect(self._finish)
        self.combo.line.editingFinished.connect(self._finish)

    @property
    def is_busy(self) -> bool:
        return self.combo.is_being_typed

    def show_value(self, value: str | None) -> None:
        self._value = value
        self.combo.show_entry(self._first[0] if value is None and self._first else value or "")

    _value: str | None = None

    def set_choices(self, values: Sequence[str]) -> None:
        entries = (*self._first, *values)
        if entries != self.combo.entries:
            self.combo.set_entries(entries)

    def _finish(self, _place: int = -1) -> None:
        """Take what was typed or picked where it means one entry, else go back to what counted."""
        text = self.combo.currentText()
        found = self.combo.match(text)
        if found is None and text and len(self.combo.entries) == len(self._first):
            found = text  # the lab has not said yet what there is
        value = self._value if found is None else None if (found,) == self._first else found
        before = self._value
        self.show_value(value)
        if value != before:
            self.changed.emit(value)


class _Line(QLineEdit):
    """A line of text on the ground that its field draws."""

    focus_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        make_clear(self)
        self.setTextMargins(6, 0, 6, 0)
        self.setFixedHeight(HEIGHT)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()


class TextField(Field):
    """Free text; where it may be left out, an empty field means that."""

    def __init__(self, none_label: str | None) -> None:
        self.edit = _Line()
        self.edit.setPlaceholderText(none_label or "")
        super().__init__(self.edit)
        self.edit.focus_changed.connect(self.update)
        self._optional = none_label is not None
        self.edit.editingFinished.connect(self._finish)

    @property
    def is_busy(self) -> bool:
        return self.edit.hasFocus() and self.edit.isModified()

    def show_value(self, value: str | None) -> None:
        self._value = value
        if self.edit.text() != (value or ""):
            self.edit.setText(value or "")
        self.edit.setModified(False)

    _value: str | None = None

    def _finish(self) -> None:
        text = self.edit.text()
        value = None if self._optional and not text else text
        before, self._value = self._value, value
        self.edit.setModified(False)
        if value != before:
            self.changed.emit(value)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self, self.edit.hasFocus())
