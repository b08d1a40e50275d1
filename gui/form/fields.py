"""One field of the form for each kind of setting: it shows a value and tells of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.settings import Config, Setting
from gui.form.check_box import CheckBox
from gui.form.combo import Combo
from gui.form.drawing import HEIGHT
from gui.form.number_field import NumberField
from gui.form.scale import Scale, scale_of
from gui.form.segments import Segments
from gui.form.slider import Slider
from gui.form.wording import on_screen

FEW = 3
"""At most this many choices stand side by side."""
SHORT = 22
"""At most this many letters in all do."""


NUMBER = 52
"""Least width of the number beside a slider, so that sliders below each other end alike."""


class Field(QWidget):
    """`show_value` never emits; `changed` carries every new value of the person's, live."""

    changed = Signal(object)
    drag_started = Signal()
    drag_ended = Signal()
    reset_wanted = Signal()
    continuous = False
    """Whether changes in quick succession are one (a slider moved by the arrow keys)."""

    def __init__(self, *parts: QWidget, stacked: bool = False) -> None:
        super().__init__()
        layout: QBoxLayout = QVBoxLayout(self) if stacked else QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4 if stacked else 8)
        for part in parts:
            layout.addWidget(part)
        self.parts = parts
        self.setFocusProxy(parts[0])

    @property
    def is_busy(self) -> bool:
        """Whether the person is dragging or typing, so that the value must not be changed under them."""
        return False

    def show_value(self, value: Any) -> None:
        raise NotImplementedError

    def set_choices(self, values: Sequence[str]) -> None:
        """Offer other choices. Raises TypeError where the setting has none."""
        raise TypeError("this setting has no open choices")

    def needed_width(self) -> int:
        """Width in pixels below which something would be cut off or too small to use."""
        return self.sizeHint().width()

    def name_parts(self, name: str, help: str) -> None:
        """Accessible name and description of every control."""
        for part in self.parts:
            part.setAccessibleName(name)
            part.setAccessibleDescription(help)


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
        self.combo = Combo(searchable=True)
        super().__init__(self.combo)
        self._first = () if none_label is None else (none_label,)
        self.set_choices(choices)
        self.combo.activated.connect(self._finish)
        self.combo.lineEdit().editingFinished.connect(self._finish)

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
            self.updateGeometry()

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


class SliderField(Field):
    """A slider and its number, always in step."""

    continuous = True

    def __init__(self, scale: Scale, unit: str, default: float) -> None:
        self.slider = Slider(scale.notches, scale.notch(default))
        self.number = NumberField(scale, unit)
        super().__init__(self.slider, self.number)
        self.number.setMinimumWidth(NUMBER)
        self.layout().setStretch(0, 1)
        self._scale = scale
        self.slider.valueChanged.connect(self._slid)
        self.number.valueChanged.connect(self._typed)
        self.slider.sliderPressed.connect(self.drag_started)
        self.slider.sliderReleased.connect(self.drag_ended)
        self.slider.reset_wanted.connect(self.reset_wanted)

    @property
    def is_busy(self) -> bool:
        return self.slider.isSliderDown() or self.number.is_being_typed

    def show_value(self, value: float) -> None:
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setValue(self._scale.notch(value))
            self.number.setValue(value)
        self.slider.update()

    def needed_width(self) -> int:
        return self.minimumSizeHint().width()

    def name_parts(self, name: str, help: str) -> None:
        super().name_parts(name, help)
        self.number.setAccessibleName(f"{name}, number")

    def _slid(self, notch: int) -> None:
        value = self._scale.value(notch)
        with QSignalBlocker(self.number):
            self.number.setValue(value)
        self.changed.emit(value)

    def _typed(self, number: float) -> None:
        value = self._scale.clamped(number)
        with QSignalBlocker(self.slider):
            self.slider.setValue(self._scale.notch(value))
        self.slider.update()
        self.changed.emit(value)


class NumberOnlyField(Field):
    """A number whose range has no ends, or too many steps for a slider."""

    continuous = True

    def __init__(self, scale: Scale, unit: str) -> None:
        self.number = NumberField(scale, unit)
        super().__init__(self.number)
        self.number.valueChanged.connect(lambda number: self.changed.emit(scale.clamped(number)))

    @property
    def is_busy(self) -> bool:
        return self.number.is_being_typed

    def show_value(self, value: float) -> None:
        with QSignalBlocker(self.number):
            self.number.setValue(value)


class TextField(Field):
    """Free text; where it may be left out, an empty field means that."""

    def __init__(self, none_label: str | None) -> None:
        self.edit = QLineEdit()
        self.edit.setFixedHeight(HEIGHT)
        self.edit.setPlaceholderText(none_label or "")
        super().__init__(self.edit)
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


class OptionalNumberField(Field):
    """A check box for "none", and below it the number that counts while it is not ticked."""

    continuous = True

    def __init__(self, number: Field, none_label: str, start: float) -> None:
        self.none, self.number = CheckBox(none_label), number
        super().__init__(self.none, number, stacked=True)
        self._last = start
        self.number.show_value(start)
        self.none.toggled.connect(self._toggled)
        self.number.changed.connect(self._numbered)
        for name in ("drag_started", "drag_ended", "reset_wanted"):
            getattr(number, name).connect(getattr(self, name))

    @property
    def is_busy(self) -> bool:
        return self.number.is_busy

    def needed_width(self) -> int:
        return max(self.none.sizeHint().width(), self.number.needed_width())

    def show_value(self, value: float | None) -> None:
        with QSignalBlocker(self.none):
            self.none.setChecked(value is None)
        self.number.setEnabled(value is not None)
        if value is not None:
            self._last = value
            self.number.show_value(value)

    def name_parts(self, name: str, help: str) -> None:
        self.none.setAccessibleName(f"{name}: {self.none.text()}")
        self.none.setAccessibleDescription(help)
        self.number.name_parts(name, help)

    def _toggled(self, none: bool) -> None:
        self.number.setEnabled(not none)
        self.changed.emit(None if none else self._last)

    def _numbered(self, value: float) -> None:
        self._last = value
        self.changed.emit(value)


def make_field(config_type: type[Config], name: str) -> Field:
    """The field that suits a setting's type, range and choices."""
    about, kind = config_type.settings()[name], config_type.type_of(name)
    default = getattr(config_type(), name)
    none_label = (about.none_label or "None") if about.optional else None
    if kind is str and about.open_choices:
        return SearchField(about.choices, none_label)
    if kind is str and not about.choices:
        return TextField(none_label)
    if kind is bool and not about.optional:
        return BoolField()
    if kind in (bool, str):
        return _choice_field(_entries(about, kind, none_label))
    return _number_field(about, kind, default, none_label)


def _entries(about: Setting, kind: type, none_label: str | None) -> dict[str, Any]:
    """What is written to what it means, in order."""
    first = {} if none_label is None else {none_label: None}
    if kind is bool:
        return first | {"On": True, "Off": False}
    return first | {on_screen(choice): choice for choice in about.choices}


def _choice_field(entries: dict[str, Any]) -> Field:
    side_by_side = len(entries) <= FEW and sum(map(len, entries)) <= SHORT
    return SegmentField(entries) if side_by_side else ChoiceField(entries)


def _number_field(about: Setting, kind: type, default: float | None, none_label: str | None) -> Field:
    home = default if default is not None else about.low if about.low is not None else 0
    scale = scale_of(about, kind, home)
    field: Field
    if scale.has_slider:
        field = SliderField(scale, about.unit, home)
    else:
        field = NumberOnlyField(scale, about.unit)
    return field if none_label is None else OptionalNumberField(field, none_label, scale.clamped(home))
