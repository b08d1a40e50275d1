"""The inside of one network: every unit after every character, and all gates of one unit below."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Meddling, States
from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.labs.language_modelling import meddle_wording, wording
from gui.labs.language_modelling.meddle_menu import MeddleTools, MenuHead, Target
from gui.panels.matrix import MatrixPanel
from gui.panels.panel import Cell, Panel
from gui.theme import GRID
from gui.view import draw_all

ROW, ABOVE_AND_BELOW = 4 * GRID, 8 * GRID
"""Height that a row of the gates takes at most, and that of the heading and the characters' labels."""


class InsideTab(QWidget):
    """The heat map of all units above, the rows of the picked unit below, character under character.

    `tools`, to meddle with what is picked, stand elsewhere on the page, and so may `unit`.
    """

    unit_chosen = Signal(int)
    command_wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: LanguageModellingSnapshot | None = None
        self._drawn: States | None = None
        self._picked: int | None = None  # a character of all that was typed
        self.states = MatrixPanel("States", "", name="states")
        self.unit = MatrixPanel("Gates", "", name="gates")
        self.tools = MeddleTools(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.states, 3)
        self._column = column
        self.take_gates()
        self._wire()

    def take_gates(self) -> None:
        """Show the picked unit below all units."""
        self._column.addWidget(self.unit, 4)

    def panels(self) -> tuple[Panel, ...]:
        """Both heat maps."""
        return self.states, self.unit

    def show_states(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw the chosen quantity and unit."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """The same a panel at a time."""
        before, self._snapshot = self._snapshot, snapshot
        states = snapshot.states
        if before is not None and self._picked is not None:
            self._picked = _followed(self._picked, before.typed, snapshot.typed)
        if states is None:
            self.states.set_title("States", "")
            self.unit.set_title("Gates", "")
            for panel in self.panels():
                panel.set_empty("Nothing typed yet.")
        elif states is not self._drawn:
            yield from self._draw(snapshot, states)
        self._drawn = states
        self._show_picked()

    def _draw(self, snapshot: LanguageModellingSnapshot, states: States) -> Iterator[None]:
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
        yield
        self.unit.set_title(f"Unit {states.unit} of the {name}", wording.unit_line(states))
        self.unit.set_matrix(
            states.of_unit, -1.0, 1.0, colour_map=DIVERGING, rows=np.arange(len(states.gates)),
            columns=snapshot.labels, row_name="quantity",
            names=[wording.QUANTITY[gate] for gate in states.gates],
        )  # fmt: skip
        self.states.keep_room(self.unit.left_room)
        self.unit.setMaximumHeight(ABOVE_AND_BELOW + ROW * len(states.gates))
        yield

    # Meddling -------------------------------------------------------------------------------------

    def _wire(self) -> None:
        self.states.clicked.connect(lambda at: self.unit_chosen.emit(int(at[1][0])))
        for panel, target_at in ((self.states, self._target_at_state), (self.unit, self._target_at_gate)):
            panel.clicked.connect(lambda at: self._pick(int(at[1][1])))
            MenuHead(panel, target_at).wanted.connect(self._meddle)
        self.tools.wanted.connect(self._meddle)

    def _pick(self, place: int) -> None:
        """From this character of the text on the person wants to meddle."""
        if self._snapshot is not None:
            self._picked = self._snapshot.left_out + place
            self._show_picked()

    def _show_picked(self) -> None:
        place = self._place
        for panel in (self.states, self.unit):
            panel.set_step(place)
        states = None if self._snapshot is None else self._snapshot.states
        self.tools.show_target(None if states is None else self._target(states.unit, place or 0))

    @property
    def _place(self) -> int | None:
        """The picked character, where it is among those that are read."""
        if self._snapshot is None or self._picked is None:
            return None
        place = self._picked - self._snapshot.left_out
        return place if 0 <= place < len(self._snapshot.text) else None

    def _target_at_state(self, cell: Cell) -> Target | None:
        states = None if self._snapshot is None else self._snapshot.states
        return None if states is None else self._target(cell[0], cell[1], states.quantity)

    def _target_at_gate(self, cell: Cell) -> Target | None:
        states = None if self._snapshot is None else self._snapshot.states
        return None if states is None else self._target(states.unit, cell[1], states.gates[cell[0]])

    def _target(self, unit: int, place: int, quantity: str = "") -> Target | None:
        if self._snapshot is None or self._snapshot.states is None:
            return None
        text, states, done = self._snapshot.text, self._snapshot.states, self._snapshot.meddling
        gates = tuple(gate for gate in states.gates if gate not in meddle_wording.STATES)
        return Target(text, states.cell, unit, place, gates, quantity if quantity in gates else "", done)

    def _meddle(self, wanted: Meddling) -> None:
        """Ask for it, and show what it is about: the unit's row, and the character's column."""
        self._pick(wanted.place)
        states = None if self._snapshot is None else self._snapshot.states
        if states is not None and wanted.unit not in (None, states.unit):
            self.unit_chosen.emit(wanted.unit)
        self.command_wanted.emit(
            "meddle", (wanted.cell, wanted.kind, wanted.place, wanted.unit, wanted.gate, wanted.value)
        )


def _followed(place: int, before: str, now: str) -> int | None:
    """Where a character of a text stands in what has become of it; None where it is gone."""
    if now[: place + 1] == before[: place + 1]:
        return place
    moved = place + len(now) - len(before)
    return moved if moved >= 0 and now[moved:] == before[place:] else None
