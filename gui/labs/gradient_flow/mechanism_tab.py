"""Why the gradient flows so: the step Jacobian along the sequence, and the bound beside what was measured."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Mechanism
from gui.labs.gradient_flow.charts import Drawn, FlowChart, log_range
from gui.labs.gradient_flow.networks import COLOURS, SHORT
from gui.labs.gradient_flow.tab import ChartsTab
from gui.panels.line_plot import Curve, Level

FAINTEST = 1e-3
"""The axis of singular values reaches no lower; a band may go on below."""
ONE = Level(1.0, "1: kept as it is")
NOTHING = "Measured when play pauses, and every few updates."
TOO_WIDE = "Networks as wide as these take too long to be taken apart at every key."


class MechanismTab(ChartsTab):
    """Singular values of one step back in time, and Pascanu's bound (2013) on what is left of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.jacobian = FlowChart(
            "Step Jacobian",
            "jacobian",
            "Median singular value, in the band of all.",
        )
        self.bound = FlowChart("Bound", "bound", "Measured gradient; dashed, the most it can be.")
        for chart in (self.jacobian, self.bound):
            chart.nothing_yet = NOTHING
            chart.set_empty(NOTHING)
        super().__init__((self.jacobian, self.bound), parent)

    def draw(self, snapshot: GradientFlowSnapshot) -> None:
        self.jacobian.nothing_yet = TOO_WIDE if snapshot.config.task == "sentence" else NOTHING
        known = [(one, one.mechanism) for one in snapshot.runners if one.mechanism is not None]
        cells = tuple(one.cell for one, _ in known)
        singular = [part for _, each in known for part in (each.smallest, each.middle, each.largest)]
        if not self.jacobian.is_shown(cells, *singular):
            drawn = [_jacobian(one.cell, each) for one, each in known if len(each.middle)]
            y_range = log_range([*singular, np.ones(1)], least=FAINTEST)
            self.jacobian.draw(
                drawn, "step t of the sequence", "singular value", log_y=True, y_range=y_range, levels=[ONE]
            )
        flows = [(one.cell, one.flow.log10_norms, mechanism.log10_bound) for one, mechanism in known]
        if not self.bound.is_shown(cells, *(part for _, *parts in flows for part in parts)):
            drawn = [curve for flow in flows for curve in _bounded(*flow)]
            self.bound.draw(drawn, "step t of the sequence", "‖∂L/∂h(t)‖", power_y=True)


def _jacobian(cell: str, mechanism: Mechanism) -> Drawn:
    curve = Curve(
        SHORT[cell],
        mechanism.places,
        mechanism.middle,
        COLOURS[cell],
        low=mechanism.smallest,
        high=mechanism.largest,
    )
    return Drawn(curve, f"jacobian-{cell}")


def _bounded(cell: str, measured: np.ndarray, bound: np.ndarray) -> list[Drawn]:
    """A network's measured curve and its bound."""
    name, colour = SHORT[cell], COLOURS[cell]
    return [
        Drawn(Curve(name, np.arange(len(measured)), measured, colour), f"flow-{cell}"),
        Drawn(
            Curve(f"{name} bound", np.arange(len(bound)), bound, colour, dashed=True, labelled=False),
            f"bound-{cell}",
        ),
    ][: 2 if len(bound) else 1]
