"""Ask any pixel of a gradient through time: how it enters what one step read, gate by gate, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from engine.ask import Line, Step
from engine.explain.arithmetic_window import numbers
from engine.explain.scaled_rows import ScaledRows
from engine.explain.through_time import Gradients, LayerGradients
from engine.models.meddling import Intervention, is_reset, set_steps
from engine.models.recurrent_gates import RECURRENT_NEW
from engine.models.recurrent_layer import read_layers
from engine.models.recurrent_trace import LayerTrace, Trace

Part = tuple[str, str, np.ndarray]
"""What a gate is called, how its gradient follows, and the gradient of what it is the activation of (H,)."""


def explain_input_gradient(
    trace: Trace,
    module: nn.RNNBase,
    gradients: Gradients,
    step: int,
    *,
    interventions: Sequence[Intervention] = (),
) -> Step:
    """The length of dL/dx(t) at one step of a trace, from dL/dh(t), and an LSTM's dL/dc(t), in float64.

    All values are Euclidean norms. Each gate's sum has a gradient of its own; dL/dx(t) is W_ih transposed
    times all of them (Werbos 1990, "Backpropagation through time"). `module` reads forwards, projects
    nothing and has the weights of the trace; `gradients` are those of the trace, made under the
    `interventions`. IndexError where there is no such step.
    """
    traced, found = trace.layers[0], gradients.layers[0]
    if not 0 <= step < len(trace):
        raise IndexError(f"there is no step {step} in a trace of {len(trace)}")
    moment = _Moment(traced, found, step, interventions)
    parts = _PARTS[traced.mode](moment)
    weight = numbers(read_layers(module)[0].input_weight)
    arrived = np.concatenate([gradient for *_, gradient in parts]) @ weight
    lines = [Line("‖dL/dh‖", "after it", norm(row(found.hidden, step)))]
    if found.cell is not None:
        lines.append(Line("‖dL/dc‖", "after it", norm(row(found.cell, step))))
    lines += [Line(name, f"‖{how}‖", norm(gradient)) for name, how, gradient in parts]
    lines.append(Line("‖dL/dx‖", f"‖W_ih-transposed × {_COUNTS[len(parts)]}‖", norm(arrived)))
    return Step(traced.name, "into what was read here", tuple(lines))


def row(rows: ScaledRows, step: int) -> np.ndarray:
    """(N,) float64 one of the vectors."""
    return ScaledRows(rows.mantissas[[step]], rows.exponents[[step]]).vectors()[0]


def norm(vector: np.ndarray) -> float:
    """The Euclidean length of a vector (N,)."""
    return float(np.linalg.norm(vector))


@dataclass(frozen=True)
class _Moment:
    """One step of a layer, and the gradients there, in float64."""

    traced: LayerTrace
    found: LayerGradients
    step: int
    done: Sequence[Intervention]

    def at(self, name: str) -> np.ndarray:
        """(H,) a column after the step."""
        table = self.traced.table
        return table.array[self.step + 1, table.columns[name]].astype(np.float64)

    def before(self, name: str) -> np.ndarray:
        """(H,) the state that the step began with."""
        table = self.traced.table
        state = table.array[self.step, table.columns[name]].astype(np.float64)
        return np.zeros_like(state) if is_reset(self.done, self.step) else state

    @property
    def dh(self) -> np.ndarray:
        return self.through("h", row(self.found.hidden, self.step))

    @property
    def dc(self) -> np.ndarray:
        if self.found.cell is None:
            raise ValueError("the gradients are not those of an LSTM")
        return row(self.found.cell, self.step)

    def through(self, column: str, gradient: np.ndarray) -> np.ndarray:
        """(H,) the gradient that goes back through a column: none where somebody set it."""
        where = set_steps(self.done, column, self.step + 1, len(gradient))
        return gradient if where is None else np.where(where[self.step], 0.0, gradient)


def _lstm(moment: _Moment) -> list[Part]:
    i, f, g, o, c = map(moment.at, ("input", "forget", "cell", "output", "c"))
    dh, dc, before = moment.dh, moment.dc, moment.before("c")
    return [
        ("input gate", "dc × g × i(1 − i)", moment.through("input", dc * g * i * (1 - i))),
        ("forget gate", "dc × c(t − 1) × f(1 − f)", moment.through("forget", dc * before * f * (1 - f))),
        ("candidate", "dc × i × (1 − g²)", moment.through("cell", dc * i * (1 - g * g))),
        ("output gate", "dh × tanh c × o(1 − o)", moment.through("output", dh * np.tanh(c) * o * (1 - o))),
    ]


def _gru(moment: _Moment) -> list[Part]:
    r, z, n, recurrent = map(moment.at, ("reset", "update", "new", RECURRENT_NEW))
    dh, before = moment.dh, moment.before("h")
    dn = moment.through("new", dh * (1 - z) * (1 - n * n))
    return [
        (
            "reset gate",
            "dn × (W_hn h + b_hn) × r(1 − r)",
            moment.through("reset", dn * recurrent * r * (1 - r)),
        ),
        (
            "update gate",
            "dh × (h(t − 1) − n) × z(1 − z)",
            moment.through("update", dh * (before - n) * z * (1 - z)),
        ),
        ("candidate, dn", "dh × (1 − z) × (1 − n²)", dn),
    ]


def _tanh(moment: _Moment) -> list[Part]:
    h = moment.at("h")
    return [("sum", "dh × (1 − h²)", moment.dh * (1 - h * h))]


def _relu(moment: _Moment) -> list[Part]:
    return [("sum", "dh where h > 0", moment.dh * (moment.at("h") > 0))]


_PARTS: dict[str, Callable[[_Moment], list[Part]]] = {
    "LSTM": _lstm,
    "GRU": _gru,
    "RNN_TANH": _tanh,
    "RNN_RELU": _relu,
}
_COUNTS = {1: "that", 3: "these three", 4: "these four"}
