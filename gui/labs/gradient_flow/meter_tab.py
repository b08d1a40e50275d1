"""The memory meter: which lengths each network solves, beside the gradient curve that explains it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from engine.labs.gradient_flow.snapshot import Flow, GradientFlowSnapshot, Meter
from gui.form.drawing import HEIGHT, draw_ground, make_clear
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import Drawn, FlowChart
from gui.labs.gradient_flow.networks import COLOURS, SHORT
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.lines import Lines
from gui.panels.line_plot import Curve, Level
from gui.theme import GRID, themes

LENGTHS = "10, 20, 50, 100, 200"
"""What is tried unless the person says otherwise."""
FIELD = 22 * GRID


class LengthsField(QWidget):
    """The lengths to try."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.edit = QLineEdit(LENGTHS, self)
        make_clear(self.edit)
        self.edit.setTextMargins(6, 0, 6, 0)
        self.edit.setAccessibleName("Lengths to try")
        self.edit.setAccessibleDescription("Whole numbers with commas.")
        self.edit.setToolTip("Each network begins anew at each of these lengths.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit)
        self.setFixedSize(FIELD, HEIGHT)
        themes.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self, self.edit.hasFocus())


class MeterTab(ChartsTab):
    """Success against length, and how far the gradient reaches back now."""

    sweep_wanted = Signal(str)
    """The lengths to try, with commas."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.success = FlowChart("Success against length", "memory-meter")
        self.reach = FlowChart("How far it reaches back", "reach", "‖∂L/∂h(t)‖ over that of the last step.")
        self.success.nothing_yet = (
            "Press Measure: at every length each network begins anew, and learns for “Steps a length”."
        )
        self.success.set_empty(self.success.nothing_yet)
        super().__init__((self.success, self.reach), parent, (3, 2))
        self.lengths, self.measure = LengthsField(self), QPushButton("Measure", self)
        self.longest = Lines(1, muted=True, small=True, parent=self)
        self.measure.setToolTip("Try all lengths in the background; the bar below cancels it.")
        self.measure.clicked.connect(self._measure)
        self.lengths.edit.returnPressed.connect(self._measure)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(QLabel("Lengths", self))
        row.addWidget(self.lengths)
        row.addWidget(self.measure)
        row.addWidget(self.longest, 1)
        self.column.insertLayout(0, row)

    def _measure(self) -> None:
        self.sweep_wanted.emit(self.lengths.edit.text().replace(" ", ""))

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._draw_success, self._draw_reach

    def _draw_reach(self, snapshot: GradientFlowSnapshot) -> bool:
        flows = [(one.cell, one.flow) for one in snapshot.runners]
        cells = tuple(cell for cell, _ in flows)
        if self.reach.is_shown(cells, *(flow.log10_norms for _, flow in flows)):
            return False
        drawn = [_reach(cell, flow) for cell, flow in flows]
        self.reach.draw(drawn, "steps back", "", power_y=True)
        return True

    def _draw_success(self, snapshot: GradientFlowSnapshot) -> bool:
        meter = snapshot.meter
        self.longest.set_text("" if meter is None else wording.longest_line(meter))
        if meter is None:
            return self.success.forget(self.success.nothing_yet)
        if self.success.is_shown(meter.lengths, meter.accuracy):
            return False
        levels = [Level(meter.solved, "solved"), Level(meter.chance, "chance")]
        self.success.set_sentence(f"Accuracy after at most {meter.steps:,} steps at each length.")
        drawn = [_success(cell, meter) for cell in meter.accuracy]
        self.success.draw(
            drawn,
            "length",
            "",
            y_range=(0.0, 1.0),
            y_percent=True,
            x_names=[str(length) for length in meter.lengths],
            levels=levels,
        )
        return True


def _success(cell: str, meter: Meter) -> Drawn:
    """A network's accuracies, not a number at the lengths that are still to come."""
    done = meter.accuracy[cell]
    values = np.full(len(meter.lengths), np.nan)
    values[: len(done)] = done
    return Drawn(Curve(SHORT[cell], np.arange(len(values)), values, COLOURS[cell]), f"meter-{cell}")


def _reach(cell: str, flow: Flow) -> Drawn:
    """The gradient from the end backwards, the last state's being 1."""
    values = flow.log10_norms[::-1].astype(np.float64)
    relative = values - values[0] if len(values) and np.isfinite(values[0]) else np.full(len(values), np.nan)
    last = len(values) - 1
    curve = Curve(SHORT[cell], np.arange(len(values)), relative, COLOURS[cell])
    return Drawn(curve, f"flow-{cell}", where=(range(last, -1, -1),))
