"""A slider with its name before and its value behind it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui.form.slider import Slider
from gui.theme import GRID


class LabelledSlider(QWidget):
    """`moved` tells every place while the knob moves, `settled` where it was left."""

    moved = Signal(int)
    settled = Signal(int)

    def __init__(
        self, name: str, tip: str, text: Callable[[int], str], widest: str, parent: QWidget | None = None
    ) -> None:
        """`text` writes the value of a place; room is always kept for `widest`."""
        super().__init__(parent)
        self._text = text
        self.slider = Slider(1, 0)
        self.slider.setAccessibleName(name)
        self.slider.setToolTip(tip)
        self.label, self.value = QLabel(name, self), QLabel("", self)
        self.value.setFixedWidth(self.value.fontMetrics().horizontalAdvance(widest) + GRID)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)
        self.slider.valueChanged.connect(self._move)
        self.slider.sliderReleased.connect(lambda: self.settled.emit(self.slider.value()))
        self.slider.reset_wanted.connect(self._reset)
        self._home = 0

    def show_place(self, place: int, count: int, home: int = 0) -> None:
        """Offer `count` places and show one without telling anybody, unless the person is moving it."""
        self._home = home
        self.slider.set_home(home)
        if self.slider.isSliderDown():
            return
        if (place, count - 1) != (self.slider.value(), self.slider.maximum()):
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, max(1, count - 1))
                self.slider.setValue(place)
        self._write()

    def _move(self, place: int) -> None:
        self._write()
        self.moved.emit(place)
        if not self.slider.isSliderDown():
            self.settled.emit(place)

    def _reset(self) -> None:
        self.slider.setSliderDown(False)
        self.slider.setValue(self._home)

    def _write(self) -> None:
        text = self._text(self.slider.value())
        if text != self.value.text():
            self.value.setText(text)
            self.slider.setAccessibleDescription(text)
