"""Why the gradient flows so: the step Jacobian along the sequence, and the bound beside what was measured."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Mechanism
from gui.labs.gradient_flow.charts import Drawn, FlowChart, log_range
from gui.labs.gradient_flow.networks import COLOURS, SHORT
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.panels.line_plot import Curve, Level

FAINTEST = 1e-3
"""The axis of singular values reaches no lower; a band may go on below."""
ONE = Level(1.0, "1: kept as it is")
NOTHING = "Measured when play pauses, and every few updates."
IN_A_BAND = "Median singular value, in the band of all."
LARGEST = "Largest singular value; all would take seconds."
"""Of networks too wide to be decomposed while one waits."""
EITHER = "Median in the band of all; too wide: the largest alone."


class MechanismTab(ChartsTab):
    """Singular values of one step back in time, and Pascanu's bound (2013) on what is left of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.jacobian = FlowChart("Step Jacobian", "jacobian", IN_A_BAND)
        self.bound = FlowChart("Bound", "bound", "Measured gradient; dashed, the most it can be.")
        for chart in (self.jacobian, self.bound):
            chart.nothing_yet = NOTHING
            chart.set_empty(NOTHING)
        super().__init__((self.jacobian, self.bound), parent)

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._draw_jacobian, self._draw_bound

    def _draw_jacobian(self, snapshot: GradientFlowSnapshot) -> bool:
        known = [(one.cell, one.mechanism) for one in snapshot.runners if one.mechanism is not None]
        singular = [part for _, each in known for part in (each.smallest, each.middle, each.largest)]
        if self.jacobian.is_shown(tuple(cell for cell, _ in known), *singular):
            return False
        drawn = [_jacobian(cell, each) for cell, each in known if len(each.middle)]
        y_range = log_range([*singular, np.ones(1)], least=FAINTEST)
        wide = [_is_wide(each) for _, each in known]
        self.jacobian.set_sentence(IN_A_BAND if not any(wide) else LARGEST if all(wide) else EITHER)
        self.jacobian.draw(
            drawn, "step t of the sequence", "singular value", log_y=True, y_range=y_range, levels=[ONE]
        )
        return True

    def _draw_bound(self, snapshot: GradientFlowSnapshot) -> bool:
        flows = [
            (one.cell, one.mechanism.log10_norms, one.mechanism.log10_bound)
            for one in snapshot.runners
            if one.mechanism is not None
        ]
        cells = tuple(cell for cell, *_ in flows)
        if self.bound.is_shown(cells, *(part for _, *parts in flows for part in parts)):
            return False
        drawn = [curve for flow in flows for curve in _bounded(*flow)]
        self.bound.draw(drawn, "step t of the sequence", "‖∂L/∂h(t)‖", power_y=True)
        return True


def _jacobian(cell: str, mechanism: Mechanism) -> Drawn:
    """A network's median in the band of all singular values; of a wide one the largest alone."""
    if _is_wide(mechanism):
        curve = Curve(f"{SHORT[cell]}, largest", mechanism.places, mechanism.largest, COLOURS[cell])
    else:
        curve = Curve(
            SHORT[cell],
            mechanism.places,
            mechanism.middle,
            COLOURS[cell],
            low=mechanism.smallest,
            high=mechanism.largest,
        )
    return Drawn(curve, f"jacobian-{cell}")


def _is_wide(mechanism: Mechanism) -> bool:
    """Whether the largest singular values are all that was sought."""
    return bool(np.isnan(mechanism.middle).all() and np.isfinite(mechanism.largest).any())


def _bounded(cell: str, measured: np.ndarray, bound: np.ndarray) -> list[Drawn]:
    """A network's measured curve and its bound."""
    name, colour = SHORT[cell], COLOURS[cell]
    return [
        Drawn(Curve(name, np.arange(len(measured)), measured, colour), f"measured-{cell}"),
        Drawn(
            Curve(f"{name} bound", np.arange(len(bound)), bound, colour, dashed=True, labelled=False),
            f"bound-{cell}",
        ),
    ][: 2 if len(bound) else 1]
