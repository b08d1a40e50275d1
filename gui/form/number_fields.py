"""Fields for numbers: a slider with its number, a number alone, and one that may be left out."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker

from gui.form.check_box import CheckBox
from gui.form.field import Field
from gui.form.number_field import NumberField
from gui.form.scale import Scale
from gui.form.slider import Slider

NUMBER = 52
"""Least width of the number beside a slider, so that sliders below each other end alike."""


class SliderField(Field):
    """A slider and its number, always in step."""

    continuous = True

    def __init__(self, scale: Scale, unit: str, default: float) -> None:
        self.slider = Slider(scale.notches, scale.notch(default))
        self.number = NumberField(scale, unit)
        super().__init__(self.slider, self.number)
        self.number.setMinimumWidth(NUMBER)
        self.row.setStretch(0, 1)
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


class OptionalNumberField(Field):
    """A check box for "none", and below it, while it is not ticked, the number that counts."""

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
        self.number.setVisible(value is not None)
        if value is not None:
            self._last = value
            self.number.show_value(value)

    def name_parts(self, name: str, help: str) -> None:
        self.none.setAccessibleName(f"{name}: {self.none.text()}")
        self.none.setAccessibleDescription(help)
        self.number.name_parts(name, help)

    def _toggled(self, none: bool) -> None:
        self.number.setVisible(not none)
        self.changed.emit(None if none else self._last)

    def _numbered(self, value: float) -> None:
        self._last = value
        self.changed.emit(value)
