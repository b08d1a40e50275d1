"""Steps of a recurrent network that a person has changed: gates held, units off, the state forgotten.

No fused kernel can be told to hold a gate, so these steps are taken one after the other, by the equations
of `recurrent_gates`, with everything that is set put in its place before others see it. The inputs'
products of all steps are one matrix product; what is left for a step costs about as much as a step of
PyTorch's cell functions. Steps that nothing changes are left to the fused kernels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.character_model import CharacterModel, State
from engine.models.meddling import Intervention, is_reset, lasting, require_possible, stretches
from engine.models.recurrent_gates import PREACTIVATION, RECURRENT_NEW, columns
from engine.models.recurrent_layer import RecurrentLayer, read_layers
from engine.models.recurrent_trace import LayerTrace, Trace, extend

Columns = dict[str, Tensor]
"""(B, H) each: what one step computed, by the names that a trace has for it."""


@torch.no_grad()
def meddled_extend(
    before: Trace, module: nn.RNNBase, x: Tensor, interventions: Sequence[Intervention]
) -> Trace:
    """As `extend`: `before` and the steps of `x` (T, inputs) after it, under the interventions.

    Every column holds what the changed network really computed. The row before a reset still shows the
    state that the reset then forgets. Raises what `extend` does, and ValueError for an intervention that
    `require_possible` refuses.
    """
    layers = read_layers(module)
    require_possible(interventions, layers)
    if not interventions or not len(x):
        return extend(before, module, x)
    if x.dim() != 2 or x.shape[1] != layers[0].inputs or columns(layers[0]) != before.layers[0].table.widths:
        raise ValueError(f"x must be (T, {layers[0].inputs}), and the trace this module's")
    start = len(before)
    for first, end in stretches(interventions, start, start + len(x)):
        part, forced = x[first - start : end - start], lasting(interventions, first)
        if forced or is_reset(interventions, first):
            cell = _Cell(layers[0], forced)
            before = _step_by_step(before, cell, part, is_reset(interventions, first))
        else:
            before = extend(before, module, part)
    return before


class MeddledModel:
    """A character model under interventions that are in force from now on, whatever it reads next.

    It takes steps as the model does, so that guesses, words and writing on follow from the changed
    network. A reset is no part of it: that is a state of zeros to begin with.
    """

    def __init__(self, model: CharacterModel, interventions: Iterable[Intervention]) -> None:
        layers = read_layers(model.recurrent)
        forced = [each for each in interventions if each.kind != "reset"]
        require_possible(forced, layers)
        self.model, self._cell = model, _Cell(layers[0], forced)

    def step(self, token: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One token further: (log-probabilities (B, 256), state) for `token` (B,), as the model's own."""
        state = self.model.initial_state(len(token)) if state is None else state
        h, c = (state[0][0], state[1][0]) if isinstance(state, tuple) else (state[0], state[0])
        found = self._cell.step(self._cell.from_inputs(self.model.embedding(token)), h, c)
        log_probabilities = torch.log_softmax(self.model.head(found["h"]), -1)
        after = (found["h"][None], found["c"][None]) if isinstance(state, tuple) else found["h"][None]
        return log_probabilities, after


class _Cell:
    """One layer's equations for a batch of states, with what the interventions set put in its place."""

    def __init__(self, layer: RecurrentLayer, forced: Iterable[Intervention]) -> None:
        self.layer = layer
        self._take = {"LSTM": _lstm, "GRU": _gru}.get(layer.mode, _vanilla)
        self._set: dict[str, tuple[Tensor, Tensor]] = {}
        for each in forced:
            nowhere = torch.zeros(layer.units, dtype=torch.bool), torch.zeros(layer.units, dtype=layer.dtype)
            where, values = self._set.setdefault(each.column, nowhere)
            units = slice(None) if each.unit is None else each.unit
            where[units], values[units] = True, each.value if each.kind == "hold" else 0.0

    def from_inputs(self, x: Tensor) -> Tensor:
        """(T, G·H) the part of the sums that comes from the inputs (T, inputs).

        It has both biases, except of a GRU, whose reset gate scales one of them.
        """
        layer, bias = self.layer, self.layer.input_bias
        if bias is not None and layer.hidden_bias is not None and layer.mode != "GRU":
            bias = bias + layer.hidden_bias
        return F.linear(x, layer.input_weight, bias)

    def step(self, from_x: Tensor, h: Tensor, c: Tensor) -> Columns:
        """What a step computes from `from_inputs` (B, G·H), and the state h and c (B, H) before it."""
        return self._take(self, from_x, h, c)

    def put(self, column: str, values: Tensor) -> Tensor:
        """`values` (B, H) of a column, with those that are set in their place."""
        found = self._set.get(column)
        return values if found is None else torch.where(found[0], found[1], values)


def _lstm(cell: _Cell, from_x: Tensor, h: Tensor, c: Tensor) -> Columns:
    sums = torch.addmm(from_x, h, cell.layer.hidden_weight.t()).chunk(4, 1)
    i, f = cell.put("input", sums[0].sigmoid()), cell.put("forget", sums[1].sigmoid())
    g, o = cell.put("cell", sums[2].tanh()), cell.put("output", sums[3].sigmoid())
    after = torch.addcmul(i * g, f, c)
    return {"h": cell.put("h", o * after.tanh()), "c": after, "input": i, "forget": f, "cell": g, "output": o}


def _gru(cell: _Cell, from_x: Tensor, h: Tensor, _: Tensor) -> Columns:
    layer, units = cell.layer, cell.layer.units
    recurrent = F.linear(h, layer.hidden_weight, layer.hidden_bias)
    kept = recurrent[:, 2 * units :]
    both = (from_x[:, : 2 * units] + recurrent[:, : 2 * units]).sigmoid_()
    r, z = cell.put("reset", both[:, :units]), cell.put("update", both[:, units:])
    n = cell.put("new", torch.addcmul(from_x[:, 2 * units :], r, kept).tanh_())
    return {"h": cell.put("h", torch.lerp(n, h, z)), "reset": r, "update": z, "new": n, RECURRENT_NEW: kept}


def _vanilla(cell: _Cell, from_x: Tensor, h: Tensor, _: Tensor) -> Columns:
    sums = torch.addmm(from_x, h, cell.layer.hidden_weight.t())
    return {
        "h": cell.put("h", sums.tanh() if cell.layer.mode == "RNN_TANH" else sums.relu()),
        PREACTIVATION: sums,
    }


def _step_by_step(before: Trace, cell: _Cell, x: Tensor, fresh: bool) -> Trace:
    """`before` and the steps of `x` after it, the first of them from zeros where it is `fresh`."""
    layer, traced, start = cell.layer, before.layers[0], len(before)
    table = traced.table.grown(start, len(x))
    inputs = table.after("x", start, start + len(x)).copy_(x)
    h, c = (table.before(name, start, start + 1) for name in ("h", "c" if layer.mode == "LSTM" else "h"))
    if fresh:
        h, c = torch.zeros_like(h), torch.zeros_like(c)
    for at, from_x in enumerate(cell.from_inputs(inputs).split(1), start + 1):
        found, row = cell.step(from_x, h, c), table.array[at]
        for name, values in found.items():
            row[table.columns[name]] = values[0].numpy()
        h, c = found["h"], found.get("c", c)
    return Trace((LayerTrace(layer.mode, traced.name, False, table, start + len(x)),))
