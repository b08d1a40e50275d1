"""Gradients and units: how large each parameter's gradient is, how far it moves, and which units are lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Health
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import Drawn, FlowChart, log_range
from gui.labs.gradient_flow.networks import COLOURS, SHORT
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.panels.line_plot import Curve

NOTHING = "Press play: measured at every fourth update."
RELU = ("relu", "irnn")
SERIES = {"weight_ih_l0": 3, "bias_ih_l0": 3, "head.weight": 4, "head.bias": 4}
"""Colours of what is not the loop itself, which has the network's own."""


class ParametersTab(ChartsTab):
    """Gradient norm and update ratio of one network's parameters; saturated and dead units of all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.gradients = FlowChart("Gradient norm", "gradient-norm")
        self.updates = FlowChart("Update ratio", "update-ratio")
        self.units = FlowChart("Lost units", "lost-units", "Saturated; dashed: dead.")
        for chart in (self.gradients, self.updates, self.units):
            chart.set_empty(NOTHING)
        self._cell = ""
        super().__init__((self.gradients, self.updates, self.units), parent, (4, 4, 3))

    def choose(self, cell: str) -> None:
        """Show the parameters of this network from the next drawing on."""
        self._cell = cell

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._draw_gradients, self._draw_updates, self._draw_units

    def _draw_gradients(self, snapshot: GradientFlowSnapshot) -> bool:
        health = self._looked_at(snapshot)
        if health is None:
            return self.gradients.forget(_why_not(snapshot))
        about = "before clipping", "‖gradient‖"
        return self._draw_parameters(self.gradients, "gradient", health, health.gradient_norms, about)

    def _draw_updates(self, snapshot: GradientFlowSnapshot) -> bool:
        health = self._looked_at(snapshot)
        if health is None:
            return self.updates.forget(_why_not(snapshot))
        about = "of one update", "‖change‖ / ‖weights‖"
        return self._draw_parameters(self.updates, "update", health, health.update_ratios, about)

    def _draw_units(self, snapshot: GradientFlowSnapshot) -> bool:
        known = [(one.cell, one.health) for one in snapshot.runners if one.health is not None]
        lost = [part for _, health in known for part in (health.saturated, health.dead)]
        if not known:
            return self.units.forget(_why_not(snapshot))
        if self.units.is_shown(tuple(cell for cell, _ in known), *lost):
            return False
        drawn = [curve for cell, health in known for curve in _lost(cell, health)]
        self.units.draw(drawn, "step", "", y_range=(0.0, 1.0), y_percent=True)
        return True

    def _looked_at(self, snapshot: GradientFlowSnapshot) -> Health | None:
        return next((one.health for one in snapshot.runners if one.cell == self._cell), None)

    def _draw_parameters(
        self, chart: FlowChart, array: str, health: Health, values: np.ndarray, about: tuple[str, str]
    ) -> bool:
        """A curve a parameter; `about` are what is measured, in words, and the axis."""
        cell, (what, label) = self._cell, about
        if chart.is_shown(cell, values):
            return False
        chart.set_sentence(f"{SHORT[cell]}, {what}; dashed: biases.")
        drawn = [_parameter(cell, health, array, place, row) for place, row in enumerate(values)]
        chart.draw(drawn, "step", label, log_y=True, y_range=log_range([values.ravel()]))
        return True


def _why_not(snapshot: GradientFlowSnapshot) -> str:
    """Why there is nothing to be seen."""
    return wording.NOTHING_LEARNED if snapshot.config.task == "sentence" else NOTHING


def _parameter(cell: str, health: Health, array: str, place: int, values: np.ndarray) -> Drawn:
    name = health.parameters[place]
    curve = Curve(
        wording.parameter(name),
        health.steps,
        values,
        SERIES.get(name, COLOURS[cell]),
        dashed="bias" in name,
    )
    return Drawn(curve, f"{array}-{cell}", (place,))


def _lost(cell: str, health: Health) -> list[Drawn]:
    """Saturated and dead units of one network; no dead ones where there are none, and for relu, which does
    not saturate, nothing else.
    """
    name, steps, colour = SHORT[cell], health.steps, COLOURS[cell]
    dead = Drawn(Curve(f"{name} dead", steps, health.dead, colour, True), f"dead-{cell}")
    if cell in RELU:
        return [replace(dead, curve=replace(dead.curve, name=name))]
    saturated = Drawn(Curve(name, steps, health.saturated, colour), f"saturated-{cell}")
    return [saturated, dead] if np.nanmax(health.dead, initial=0.0) > 0 else [saturated]
