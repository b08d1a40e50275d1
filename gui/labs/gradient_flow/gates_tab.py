"""What keeps the gradient: gates that stand open along the sequence, and the recurrent weights."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Mechanism, Runner
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import Drawn, FlowChart, log_range
from gui.labs.gradient_flow.networks import COLOURS, FULL, SHORT
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.panels.line_plot import Curve, Level

ONE = Level(1.0, "1")
NO_GATE = "None of these networks has a gate that keeps the past."
RADIUS_AND_NORM = "spectral radius; dashed: largest singular value."
NORM_ALONE = "largest singular value; eigenvalues take seconds."
NOTHING = "Measured when play pauses, and every few updates."


class GatesTab(ChartsTab):
    """Openness of the gate that keeps the past, and how large W_hh is over training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.gates = FlowChart("Openness", "gates", "Mean over units, in the band of their middle 80 %.")
        self.weights = FlowChart("Recurrent weights", "recurrent-weights")
        self.gates.nothing_yet = NO_GATE
        self.gates.set_empty(NOTHING)
        self.weights.set_empty(NOTHING)
        self._cell = ""
        super().__init__((self.gates, self.weights), parent)

    def choose(self, cell: str) -> None:
        """Show the recurrent weights of this network from the next drawing on."""
        self._cell = cell

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._draw_gates, self._draw_weights

    def _draw_gates(self, snapshot: GradientFlowSnapshot) -> bool:
        known = [(one, one.mechanism) for one in snapshot.runners if one.mechanism is not None]
        gated = [(one, mechanism) for one, mechanism in known if len(mechanism.gate_mean)]
        names = tuple(one.cell for one, _ in known)
        if not known:
            return self.gates.forget(NOTHING)
        if self.gates.is_shown(names, *(mechanism.gate_mean for _, mechanism in gated)):
            return False
        drawn = [_gate(one, mechanism) for one, mechanism in gated]
        self.gates.draw(drawn, "step t of the sequence", "openness", y_range=(0.0, 1.0))
        return True

    def _draw_weights(self, snapshot: GradientFlowSnapshot) -> bool:
        if snapshot.config.task == "sentence":
            return self.weights.forget(wording.NOTHING_LEARNED)
        mechanism = next((one.mechanism for one in snapshot.runners if one.cell == self._cell), None)
        if mechanism is None or not mechanism.spectral_radius.size:
            return self.weights.forget(NOTHING)
        cell, sizes = self._cell, (mechanism.spectral_radius, mechanism.largest_singular)
        if self.weights.is_shown(cell, *sizes):
            return False
        drawn = [
            curve
            for gate in range(len(mechanism.gates))
            for curve in _size(cell, mechanism, gate, is_alone=len(mechanism.gates) == 1)
        ]
        shown = RADIUS_AND_NORM if np.isfinite(sizes[0]).any() else NORM_ALONE
        self.weights.set_sentence(f"Of the {SHORT[cell]}: {shown}")
        y_range = log_range([*sizes, np.ones(1)]) if _is_wide(sizes) else None
        self.weights.draw(drawn, "step", "", log_y=_is_wide(sizes), y_range=y_range, levels=[ONE])
        self.weights.setToolTip(FULL[cell])
        return True


def _gate(runner: Runner, mechanism: Mechanism) -> Drawn:
    curve = Curve(
        f"{SHORT[runner.cell]} {mechanism.gate}",
        np.arange(1, len(mechanism.gate_mean) + 1),
        mechanism.gate_mean,
        COLOURS[runner.cell],
        low=mechanism.gate_low,
        high=mechanism.gate_high,
    )
    return Drawn(curve, f"gate-{runner.cell}")


def _size(cell: str, mechanism: Mechanism, gate: int, *, is_alone: bool) -> list[Drawn]:
    """Spectral radius and largest singular value of one gate's recurrent weights."""
    colour = COLOURS[cell] if is_alone else (3, 4, 5, "muted")[gate % 4]
    name, steps = ("" if is_alone else mechanism.gates[gate]), mechanism.radius_steps
    radius, singular = mechanism.spectral_radius[gate], mechanism.largest_singular[gate]
    norm = f"{name}, largest" if name else "singular value"
    drawn = [
        Drawn(Curve(name or "spectral radius", steps, radius, colour), f"radius-{cell}", (gate,)),
        Drawn(Curve(norm, steps, singular, colour, True), f"singular-{cell}", (gate,)),
    ]
    return drawn if np.isfinite(radius).any() else drawn[1:]


def _is_wide(sizes: tuple[np.ndarray, ...]) -> bool:
    """Whether the sizes reach over more than a hundredfold, so that only powers of ten show them."""
    known = np.concatenate([part[np.isfinite(part)] for part in sizes])
    return bool(len(known)) and float(known.max()) > 100 * max(float(known.min()), 1e-3)
