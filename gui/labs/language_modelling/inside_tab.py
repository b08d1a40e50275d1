"""The inside of one network: every unit after every character, and all gates of one unit below."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, States
from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.labs.language_modelling import wording
from gui.panels.matrix import MatrixPanel
from gui.panels.panel import Panel
from gui.theme import GRID

ROW, ABOVE_AND_BELOW = 4 * GRID, 8 * GRID
"""Height that a row of the gates takes at most, and that of the heading and the characters' labels."""


class InsideTab(QWidget):
    """The heat map of all units above, the rows of the picked unit below, character under character."""

    unit_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: States | None = None
        self.states = MatrixPanel("States", "", name="states")
        self.unit = MatrixPanel("Gates", "", name="gates")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.states, 3)
        self._column = column
        self.take_gates()
        self.states.clicked.connect(lambda at: self.unit_chosen.emit(int(at[1][0])))

    def take_gates(self) -> None:
        """Show the picked unit below all units."""
        self._column.addWidget(self.unit, 4)

    def panels(self) -> tuple[Panel, ...]:
        """Both heat maps."""
        return self.states, self.unit

    def show_states(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw the chosen quantity and unit."""
        states, before = snapshot.states, self._shown
        self._shown = states
        if states is None:
            for panel in self.panels():
                panel.set_empty("Nothing typed yet.")
        elif before is None or states is not before:
            self._draw(snapshot, states)

    def _draw(self, snapshot: LanguageModellingSnapshot, states: States) -> None:
        low, high = states.limits
        name, signed = wording.NAMES[states.cell], low < 0
        self.states.set_title(
            f"{name}: {wording.QUANTITY[states.quantity]}", wording.states_line(snapshot, states)
        )
        self.states.set_matrix(
            states.values, low, high, colour_map=DIVERGING if signed else SEQUENTIAL, rows=states.units,
            columns=snapshot.labels,
        )  # fmt: skip
        self.states.set_selected(states.unit)
        self.unit.set_title(f"Unit {states.unit} of the {name}", wording.unit_line(states))
        self.unit.set_matrix(
            states.of_unit, -1.0, 1.0, colour_map=DIVERGING, rows=np.arange(len(states.gates)),
            columns=snapshot.labels, row_name="quantity",
            names=[wording.QUANTITY[gate] for gate in states.gates],
        )  # fmt: skip
        self.states.keep_room(self.unit.left_room)
        self.unit.setMaximumHeight(ABOVE_AND_BELOW + ROW * len(states.gates))
