"""The slider through a training run: every kept moment of it, and at its right end now."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from gui.form.slider import Slider
from gui.theme import GRID

PAGES = 10
"""Presses of Page Down that lead through the whole run."""


@dataclass(frozen=True)
class Timeline:
    """How a run stands, and where in it one is."""

    kept: tuple[int, ...]
    """Steps to go back to, ascending."""
    newest: int
    shown: int
    follows: bool
    """Whether what is shown is always the newest."""


class TimeTravel(QWidget):
    """Slider, label, and the way back to now. `travelled` tells the step; None follows the training."""

    travelled = Signal(object)

    def __init__(self, unit: str = "step", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._line: Timeline | None = None
        self._moments: tuple[int, ...] = ()
        self._asked: tuple[int | None] | None = None  # on its way to the lab
        self.slider = Slider(1, 0)
        self.slider.setAccessibleName("Time in the training")
        self.slider.setToolTip("Go back to any kept moment. The right end is now.")
        self.label = QLabel(self)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        # Room for the longest label, so that the slider does not move while it is dragged.
        self.label.setMinimumWidth(self.fontMetrics().horizontalAdvance(f"now, following: {unit} 888,888"))
        self.back = QPushButton("Back to now", self)
        self.back.setToolTip("Show the networks as they are, and follow them.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.slider, 1)
        row.addWidget(self.label)
        row.addWidget(self.back)
        self.slider.valueChanged.connect(self._scrub)
        self.slider.sliderReleased.connect(self._settle)
        self.slider.reset_wanted.connect(lambda: self._go(None))
        self.back.clicked.connect(lambda: self._go(None))

    @property
    def step(self) -> int | None:
        """The step that is shown or asked for; None is now."""
        if self._asked is not None:
            return self._asked[0]
        return None if self._line is None or self._line.follows else self._line.shown

    def show_timeline(self, line: Timeline) -> None:
        """Follow the run; what was just asked for stays shown until the lab has done it."""
        before, self._line = self._line, line
        if before is not None and line.newest < before.newest:
            self._asked = None  # another run
        elif self._asked is not None:
            asked, shown = self._asked[0], None if line.follows else line.shown
            is_gone = asked is not None and asked not in line.kept
            self._asked = None if shown == asked or is_gone else self._asked
        self._settle()

    def _settle(self) -> None:
        """Put knob and label where they belong; a held slider keeps its moments under the pointer."""
        line = self._line
        if line is None:
            return
        if not self.slider.isSliderDown():
            self._moments = tuple(moment for moment in line.kept if moment < line.newest)
            step, last = self.step, len(self._moments)
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, max(1, last))
                self.slider.setPageStep(max(1, last // PAGES))
                place = last if step is None else bisect_left(self._moments, step)
                self.slider.setValue(place if last else 1)
            self.slider.setEnabled(bool(last))
        self._say(line)

    def _say(self, line: Timeline) -> None:
        step = self.step
        where = f"{self._unit} {line.newest if step is None else step:,}"
        text = f"now, following: {where}" if step is None else f"{where} of {line.newest:,}"
        if text != self.label.text():
            self.label.setText(text)
            self.slider.setAccessibleDescription(text)
        is_past = step is not None
        self.label.setForegroundRole(QPalette.ColorRole.Link if is_past else QPalette.ColorRole.WindowText)
        self.back.setEnabled(is_past)

    def _scrub(self, place: int) -> None:
        self._go(self._moments[place] if place < len(self._moments) else None)

    def _go(self, step: int | None) -> None:
        if step != self.step:
            self._asked = (step,)
            self.travelled.emit(step)
        if self.back.hasFocus() and step is None:
            self.slider.setFocus(Qt.FocusReason.OtherFocusReason)  # the button is disabled now
        self._settle()
