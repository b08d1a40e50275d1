"""Every gate of a recurrent layer from its inputs and hidden states, all steps at once.

A fused kernel gives the hidden states h(t) and nothing else. With them known no gate waits for another:
those of all steps follow from two matrix products. Only the LSTM's cell state c(t) is a recurrence, and
one without a matrix.

The cells are PyTorch's: the LSTM of Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al.
(2000), and the GRU of Cho et al. (2014) in the variant whose reset gate scales W_hn h + b_hn.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.models.recurrent_layer import GATES, RecurrentLayer
from engine.models.step_table import StepTable

RECURRENT_NEW = "recurrent new"
"""W_hn h(t−1) + b_hn (H,): what the GRU's reset gate is multiplied with."""
PREACTIVATION = "preactivation"
"""W_ih x(t) + b_ih + W_hh h(t−1) + b_hh (H,): what a vanilla RNN takes tanh or relu of."""

BLOCK = 8
"""Steps that the scan of the cell state takes one after the other; blocks of them run side by side."""
FEWEST = 5
"""Blocks from which on running them side by side is faster than one step after the other."""


def columns(layer: RecurrentLayer) -> dict[str, int]:
    """The columns of a layer's table and their widths: x, h, an LSTM's c, the gates, what else they need."""
    more = {"GRU": (RECURRENT_NEW,), "LSTM": ()}.get(layer.mode, (PREACTIVATION,))
    cell = ("c",) if layer.mode == "LSTM" else ()
    units = dict.fromkeys((*cell, *GATES[layer.mode], *more), layer.units)
    return {"x": layer.inputs, "h": layer.outputs, **units}


def fill(
    layer: RecurrentLayer, table: StepTable, x: Tensor, start: int, hidden: Tensor | None = None
) -> Tensor:
    """Write the steps of `x` (T, inputs) from `start` on, from the state before them; returns their h (T, P).

    `hidden` (T, P) is used where the hidden states are known. A single step needs no fused kernel, whose
    start costs more than the step: its gates depend on nothing but the state before it.
    """
    stop = start + len(x)
    # NumPy copies sooner than torch where the code has left the cache, as it has after a training step.
    inputs, h = _written(table, "x", start, stop), _written(table, "h", start, stop)
    inputs[...] = x.numpy()
    if start == stop:
        return torch.from_numpy(h)
    if hidden is None and len(x) == 1:
        _FILL[layer.mode](layer, table, x, start)
        return torch.from_numpy(h).copy_(_hidden(layer, table, start, stop))
    # Handing on x and h as they come, not the table's columns, spares the fused kernels a copy.
    known = _run(layer, table, x, start) if hidden is None else hidden
    h[...] = known.numpy()
    _FILL[layer.mode](layer, table, x, start)
    return known


def _written(table: StepTable, name: str, start: int, stop: int) -> np.ndarray:
    """(stop − start, width) a column as an array to write to."""
    return table.array[start + 1 : stop + 1, table.columns[name]]


def _run(layer: RecurrentLayer, table: StepTable, x: Tensor, start: int) -> Tensor:
    h = table.before("h", start, start + 1)[0]
    c = table.before("c", start, start + 1)[0] if layer.mode == "LSTM" else None
    return layer.run(x, h, c)


def _lstm(layer: RecurrentLayer, table: StepTable, x: Tensor, start: int) -> None:
    stop = start + len(x)
    gates = table.span("input", "output", start, stop)
    _preactivation(layer, table, x, start, gates)
    gates[:, : 2 * layer.units].sigmoid_()
    entered, forget, candidate, output = gates.chunk(4, 1)
    candidate.tanh_()
    output.sigmoid_()
    c = _written(table, "c", start, stop)
    np.multiply(entered.numpy(), candidate.numpy(), c)
    _scan(table.array[start, table.columns["c"]], forget.numpy(), c)


def _scan(before: np.ndarray, forget: np.ndarray, c: np.ndarray) -> None:
    """c(t) = f(t) c(t−1) + what `c` holds at t already (i(t) g(t)); all (T, H), in place.

    Blocks of eight steps are run side by side, each from zero; what a block adds to the state that enters
    it is the product of its forget gates so far. The states that enter are a scan of their own, eight times
    as short. That takes some 25 log₈ T calls instead of 2 T, and no division.
    """
    blocks = len(c) // BLOCK
    whole = blocks * BLOCK if blocks >= FEWEST else 0
    if whole:
        before = _blocks(before, forget[:whole], c[:whole])
    term = np.empty_like(before)
    for gate, state in zip(forget[whole:], c[whole:], strict=True):
        np.multiply(gate, before, term)
        np.add(state, term, state)
        before = state


def _blocks(before: np.ndarray, forget: np.ndarray, c: np.ndarray) -> np.ndarray:
    """As `_scan`, for whole blocks: works on copies (BLOCK, blocks, H) whose steps are contiguous."""
    blocks, units = len(c) // BLOCK, c.shape[1]
    target = c.reshape(blocks, BLOCK, units).swapaxes(0, 1)
    now, kept = target.copy("C"), forget.reshape(blocks, BLOCK, units).swapaxes(0, 1).copy("C")
    term, last, product = np.empty_like(now[0]), now[0], kept[0]
    for state, gate in zip(now[1:], kept[1:], strict=True):
        np.multiply(gate, last, term)
        np.add(state, term, state)
        np.multiply(gate, product, gate)
        last, product = state, gate
    entering = np.empty((blocks + 1, units), c.dtype)
    entering[0], entering[1:] = before, last
    _scan(before, product, entering[1:])
    np.multiply(kept, entering[:-1], kept)
    np.add(now, kept, target)
    return c[-1]


def _gru(layer: RecurrentLayer, table: StepTable, x: Tensor, start: int) -> None:
    stop, units = start + len(x), layer.units
    h = table.before("h", start, stop)
    gates = table.span("reset", "new", start, stop)
    _product(layer.input_bias, x, layer.input_weight, gates)
    recurrent = _product(layer.hidden_bias, h, layer.hidden_weight)
    gates[:, : 2 * units].add_(recurrent[:, : 2 * units]).sigmoid_()
    kept = table.after(RECURRENT_NEW, start, stop).copy_(recurrent[:, 2 * units :])
    gates[:, 2 * units :].addcmul_(gates[:, :units], kept).tanh_()


def _vanilla(layer: RecurrentLayer, table: StepTable, x: Tensor, start: int) -> None:
    _preactivation(layer, table, x, start, table.after(PREACTIVATION, start, start + len(x)))


def _preactivation(layer: RecurrentLayer, table: StepTable, x: Tensor, start: int, out: Tensor) -> None:
    bias = None
    if layer.input_bias is not None and layer.hidden_bias is not None:
        bias = layer.input_bias + layer.hidden_bias
    _product(bias, x, layer.input_weight, out)
    out.addmm_(table.before("h", start, start + len(x)), layer.hidden_weight.t())


def _product(bias: Tensor | None, x: Tensor, weight: Tensor, out: Tensor | None = None) -> Tensor:
    if bias is None:
        return torch.mm(x, weight.t(), out=out)
    return torch.addmm(bias, x, weight.t(), out=out)


def _hidden(layer: RecurrentLayer, table: StepTable, start: int, stop: int) -> Tensor:
    """(stop − start, P) the hidden states that the gates lead to."""
    if layer.mode == "LSTM":
        h = table.after("output", start, stop) * table.after("c", start, stop).tanh()
        return h if layer.projection is None else h @ layer.projection.t()
    if layer.mode == "GRU":
        new, update = table.after("new", start, stop), table.after("update", start, stop)
        return torch.lerp(new, table.before("h", start, stop), update)
    a = table.after(PREACTIVATION, start, stop)
    return a.tanh() if layer.mode == "RNN_TANH" else a.relu()


_FILL = {"LSTM": _lstm, "GRU": _gru, "RNN_TANH": _vanilla, "RNN_RELU": _vanilla}
