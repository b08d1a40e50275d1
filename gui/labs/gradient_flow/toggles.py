"""Which networks learn: a toggle each, which is also the legend of every picture below."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.config import NETWORKS
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Runner
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.networks import COLOURS, FULL, READERS, SHORT, chosen
from gui.network_toggles import Network, State, ToggleRow


class NetworkToggles(ToggleRow):
    """All six; `chosen` tells the setting that names the networks that are on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        networks = [Network(cell, SHORT[cell], FULL[cell], COLOURS[cell]) for cell in NETWORKS]
        super().__init__(networks, parent)

    def show_networks(self, snapshot: GradientFlowSnapshot) -> None:
        """Show who is on and how each fares."""
        on = chosen(snapshot.config.cells)
        runners = {one.cell: one for one in snapshot.runners}
        can_all = snapshot.config.task != "sentence"
        self.show_states(
            {cell: _state(cell in on, can_all or cell in READERS, runners.get(cell)) for cell in NETWORKS}
        )


def _state(is_on: bool, is_possible: bool, runner: Runner | None) -> State:
    if runner is None:
        return State(is_on, is_possible=is_possible)
    said = wording.exploded(runner)
    return State(is_on, wording.note(runner), said, bool(said), is_possible)
