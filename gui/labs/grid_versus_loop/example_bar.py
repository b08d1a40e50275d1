"""Which test example is looked into: the one before, the next, and a slider over all."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.form.slider import Slider
from gui.lines import Lines
from gui.theme import GRID


class ExampleBar(QWidget):
    """`wanted` tells the index of the example to open."""

    wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = 0
        self.previous = self._button("‹", "Previous example", -1)
        self.next = self._button("›", "Next example", 1)
        self.slider = Slider(1, 0)
        self.slider.setAccessibleName("Example")
        self.slider.setToolTip("One of the test examples ([ and ] go to the one beside)")
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

    def show_example(self, index: int, name: str, count: int) -> None:
        """Show which one of so many is open; −1 is what the person typed."""
        self._index = index
        self.name.set_text(name)
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, max(1, count - 1))
                self.slider.setValue(max(0, index))

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
