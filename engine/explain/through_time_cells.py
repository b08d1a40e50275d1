"""One step back in time through each kind of cell: the gradient of its state, its gates and its input.

Every factor that depends on the trace alone is computed for all steps at once; what is left for a step is
one product of a matrix with a vector and two or three products of vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine.models.meddling import Intervention, reset_steps, set_steps
from engine.models.recurrent_gates import RECURRENT_NEW
from engine.models.recurrent_layer import RecurrentLayer
from engine.models.step_table import StepTable


@dataclass(frozen=True)
class Chain:
    """The backward recursion of one layer over n steps, in the order in which the layer took them.

    The arrays are views of one buffer that `back` fills, from the last step to the first.
    """

    state: np.ndarray
    """(n, S): what step t + 1 hands back to step t: dL/dh(t), and for an LSTM the part of dL/dc(t) that does
    not pass through h(t)."""
    hidden: np.ndarray
    """(n, P) the part of `state` that is dL/dh(t): what comes from elsewhere (the loss, the layer above) is
    added to it before step t is taken."""
    back: Callable[[int], None]
    """Takes step t: from `state[t]` to the gradients of that step and `state[t - 1]`."""
    cell: np.ndarray | None
    """(n, H) dL/dc(t) of an LSTM: all of it."""
    inputs: Callable[[], np.ndarray]
    """(n, inputs) dL/dx(t), once all steps are taken."""
    initial: np.ndarray
    """(1, S) what step 0 hands back, laid out as `state`: the gradient of the state before it."""


def chain(
    layer: RecurrentLayer, table: StepTable, steps: int, interventions: Sequence[Intervention] = ()
) -> Chain:
    """The recursion of a layer over the first `steps` rows of its trace, made under `interventions`."""
    make = {"LSTM": _lstm, "GRU": _gru}.get(layer.mode, _vanilla)
    links = make(layer, table, steps, interventions)
    resets = frozenset(reset_steps(interventions, steps))

    def back(t: int) -> None:
        links.back(t)
        if t in resets:
            (links.state[t - 1] if t else links.initial)[...] = 0

    return replace(links, back=back) if resets else links


def _lstm(layer: RecurrentLayer, table: StepTable, steps: int, done: Sequence[Intervention]) -> Chain:
    """dc = dh o (1 − tanh²c) + f(t+1) dc(t+1); the gates' gradients follow from dc and dh.

    A row of the buffer: the state handed back (dh, then dc), the gates' gradients (i, f, g, o), and
    dh o (1 − tanh²c). So each of the three products below writes neighbours.
    """
    units, outputs = layer.units, layer.outputs
    from_hidden, from_cell = (each.numpy() for each in _lstm_factors(table, steps, done))
    buffer = np.empty((steps + 1, outputs + 6 * units), from_cell.dtype)
    state, rows = buffer[1:, : outputs + units], buffer[:-1]
    hidden, carried, handed = state[:, :outputs], state[:, outputs:], rows[:, :outputs]
    gates = rows[:, outputs + units : outputs + 5 * units]
    through_output = rows[:, outputs + 4 * units :].reshape(steps, 2, units)
    through_cell = rows[:, outputs : outputs + 4 * units].reshape(steps, 4, units)
    cell = np.empty((steps, units), from_cell.dtype)
    weight, projection = _transposed(layer.hidden_weight), layer.projection
    project = None if projection is None else _transposed(projection)

    def back(t: int) -> None:
        dh, dc = hidden[t], cell[t]
        if project is not None:
            dh = np.vecdot(project, dh)
        products = through_output[t]
        np.multiply(dh, from_hidden[t], products)
        np.add(carried[t], products[1], dc)
        np.multiply(dc, from_cell[t], through_cell[t])
        np.vecdot(weight, gates[t], handed[t])

    def inputs() -> np.ndarray:
        return (torch.from_numpy(gates) @ layer.input_weight).numpy()

    return Chain(state, hidden, back, cell, inputs, buffer[:1, : outputs + units])


def _lstm_factors(table: StepTable, steps: int, done: Sequence[Intervention]) -> tuple[Tensor, Tensor]:
    """(n, 2, H) what dL/dh(t) is multiplied with, (n, 4, H) what dL/dc(t) is."""
    i, f, g, o, c = (table.after(name, 0, steps) for name in ("input", "forget", "cell", "output", "c"))
    before, tanh = _before("c", table, steps, done), c.tanh()
    from_hidden = torch.stack((tanh * o * (1 - o), o * (1 - tanh * tanh)), 1)
    from_cell = torch.stack((f, g * i * (1 - i), before * f * (1 - f), i * (1 - g * g)), 1)
    _cut(from_hidden, {"h": (0, 1), "output": (0,)}, done)
    _cut(from_cell, {"input": (1,), "forget": (2,), "cell": (3,)}, done)
    return from_hidden, from_cell


def _gru(layer: RecurrentLayer, table: StepTable, steps: int, done: Sequence[Intervention]) -> Chain:
    """dh(t−1) = z dh + W_hh-transposed times the gradients of r, z and W_hn h + b_hn.

    A row of the buffer: the state handed back, the gradients of the three, and that of the new gate.
    """
    units = layer.units
    factors = _gru_factors(table, steps, done).numpy()
    buffer = np.empty((steps + 1, 5 * units), factors.dtype)
    state, rows = buffer[1:, :units], buffer[:-1]
    products, handed = rows.reshape(steps, 5, units), rows[:, :units]
    recurrent = rows[:, units : 4 * units]
    weight, more = _transposed(layer.hidden_weight), np.empty(units, factors.dtype)

    def back(t: int) -> None:
        np.multiply(state[t], factors[t], products[t])
        np.vecdot(weight, recurrent[t], more)
        before = handed[t]
        np.add(before, more, before)

    def inputs() -> np.ndarray:
        gates = torch.from_numpy(rows)
        dx = gates[:, units : 3 * units] @ layer.input_weight[: 2 * units]
        return dx.addmm_(gates[:, 4 * units :], layer.input_weight[2 * units :]).numpy()

    return Chain(state, state, back, None, inputs, buffer[:1, :units])


def _gru_factors(table: StepTable, steps: int, done: Sequence[Intervention]) -> Tensor:
    """(n, 5, H) what dL/dh(t) is multiplied with: z, then the gradients of r, z, W_hn h + b_hn, and n."""
    names = ("reset", "update", "new", RECURRENT_NEW)
    r, z, n, recurrent = (table.after(name, 0, steps) for name in names)
    new = (1 - z) * (1 - n * n)
    through_update = (_before("h", table, steps, done) - n) * z * (1 - z)
    factors = torch.stack((z, new * recurrent * r * (1 - r), through_update, new * r, new), 1)
    _cut(factors, {"h": range(5), "reset": (1,), "update": (2,), "new": (1, 3, 4)}, done)
    return factors


def _vanilla(layer: RecurrentLayer, table: StepTable, steps: int, done: Sequence[Intervention]) -> Chain:
    """da = dh (1 − h²) for tanh, dh where h > 0 for relu; dh(t−1) is W_hh-transposed times da."""
    units, h = layer.units, table.after("h", 0, steps)
    slopes = 1 - h * h if layer.mode == "RNN_TANH" else (h > 0).to(h.dtype)
    _cut(slopes[:, None], {"h": (0,)}, done)
    slope = slopes.numpy()
    buffer = np.empty((steps + 1, 2 * units), slope.dtype)
    state, handed, gradient = buffer[1:, :units], buffer[:-1, :units], buffer[:-1, units:]
    weight = _transposed(layer.hidden_weight)

    def back(t: int) -> None:
        np.multiply(state[t], slope[t], gradient[t])
        np.vecdot(weight, gradient[t], handed[t])

    def inputs() -> np.ndarray:
        return (torch.from_numpy(gradient) @ layer.input_weight).numpy()

    return Chain(state, state, back, None, inputs, buffer[:1, :units])


def _before(name: str, table: StepTable, steps: int, done: Sequence[Intervention]) -> Tensor:
    """(n, H) the state that each step began with: zeros where it was reset."""
    before, resets = table.before(name, 0, steps), reset_steps(done, steps)
    return before.index_fill(0, torch.tensor(resets), 0.0) if resets else before


def _cut(factors: Tensor, parts: Mapping[str, Sequence[int]], done: Sequence[Intervention]) -> None:
    """Zero the `parts` of the factors (n, F, H) that go through a column, where that is set.

    What is set depends on nothing. At 0 and 1 a gate's slope would be zero anyway, but not in between.
    """
    for column, places in parts.items():
        found = set_steps(done, column, factors.shape[0], factors.shape[2])
        for place in places if found is not None else ():
            factors[:, place].masked_fill_(torch.from_numpy(found), 0.0)


def _transposed(weight: Tensor) -> np.ndarray:
    """The matrix whose rows `np.vecdot` multiplies with a vector.

    It does so row by row on one thread, measured faster than `torch.mv`; `np.dot` would wake OpenBLAS's
    threads at every step, which wait for each other on a busy machine.
    """
    return weight.t().contiguous().numpy()
