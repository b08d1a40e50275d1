"""Which test example is looked into: the one before, the next, and a slider over the first of them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.form.slider import Slider
from gui.lines import Lines
from gui.theme import GRID

FIRST = 200
"""Examples on the slider; the buttons go on beyond."""


class ExampleBar(QWidget):
    """`wanted` tells the index of the example to open."""

    wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = 0
        self.previous = self._button("‹", "Previous example", -1)
        self.next = self._button("›", "Next example", 1)
        self.slider = Slider(FIRST - 1, 0)
        self.slider.setAccessibleName("Example")
        self.slider.setToolTip("One of the first test examples ([ and ] go to the one beside)")
        self.name = Lines(1, muted=True, small=True, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        row.addWidget(self.previous)
        row.addWidget(self.next)
        row.addWidget(self.slider, 2)
        row.addSpacing(GRID // 2)
        row.addWidget(self.name, 3)
        self.slider.valueChanged.connect(self._slide)
        self._is_quiet = False

    def show_example(self, index: int, name: str) -> None:
        """Show which one is open; −1 is what the person typed."""
        self._index = index
        self.name.set_text(name)
        if index >= 0 and not self.slider.isSliderDown():
            self._is_quiet = True
            self.slider.setValue(min(index, FIRST - 1))
            self._is_quiet = False

    def fit(self, *, roomy: bool) -> None:
        """Without room the buttons stand alone."""
        for widget in (self.slider, self.name):
            if widget.isVisibleTo(self) != roomy:
                widget.setVisible(roomy)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred if roomy else policy.Fixed, policy.Preferred)

    def go(self, by: int) -> None:
        """Open the one so many further on."""
        self._index = max(0, self._index + by)
        self.wanted.emit(self._index)

    def _slide(self, place: int) -> None:
        if not self._is_quiet:
            self._index = place
            self.wanted.emit(place)

    def _button(self, text: str, name: str, by: int) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({'[' if by < 0 else ']'})")
        button.setFixedWidth(3 * GRID)
        button.clicked.connect(lambda: self.go(by))
        return button
