"""Ask any pixel of a recurrent trace: the cell's own equation for one unit at one step, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_activation import explain_activation
from engine.explain.arithmetic_format import added, factor, number, product_sum
from engine.explain.arithmetic_window import as_products, numbers
from engine.models.meddling import Intervention, held_at, is_reset
from engine.models.recurrent_gates import PREACTIVATION, RECURRENT_NEW
from engine.models.recurrent_layer import GATES, RecurrentLayer, read_layers
from engine.models.recurrent_trace import LayerTrace, Trace

_LETTER = {
    "input": "i",
    "forget": "f",
    "cell": "g",
    "output": "o",
    "reset": "r",
    "update": "z",
    "new": "n",
    PREACTIVATION: "h",
}
"""The index that PyTorch's documentation gives each gate's weights: W_if, W_hf and so on."""

_CANDIDATES = ("cell", "new")
"""The gates that put something forward, by tanh; the others let through, by sigmoid."""

_ACTIVATIONS = {"sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "relu": nn.ReLU()}

_MEANING = {
    "input": "The input gate lets between none (0) and all (1) of what is put forward into the cell state",
    "forget": "The forget gate keeps between none (0) and all (1) of the cell state of the step before",
    "cell": "The cell gate puts forward what may be added to the cell state",
    "output": "The output gate lets between none (0) and all (1) of the cell state be seen",
    "reset": "The reset gate decides how much of the state before may enter what is put forward",
    "update": "The update gate keeps between none (0) and all (1) of the state before",
    "new": "The new gate puts forward what may take the place of the state before",
    PREACTIVATION: "What the unit sums up, before its activation",
    RECURRENT_NEW: "What the state before would add to the new gate, if the reset gate let all of it through",
    "c": "The cell state is the memory of the LSTM, which only its gates change",
    "h": "The hidden state is what the cell shows to the layer above, and to itself at the next step",
}

_NAMES = {"h": "hidden state", "c": "cell state"}


@dataclass(frozen=True)
class _Moment:
    """One unit at one step: what went in, in float64."""

    layer: RecurrentLayer
    unit: int
    x: np.ndarray
    """(inputs,) x(t)."""
    h: np.ndarray
    """(P,) h(t − 1)."""
    c: float
    """This unit's c(t − 1); 0 for a cell without."""
    now: str
    """"12": the step, as it stands in brackets."""
    before: str
    """"11", or "start", or "reset" where the state was made zero."""
    held: Mapping[str, float]
    """What the person holds this unit's gates at, by gate; and "h" is 0 where it is switched off."""


_Steps = tuple[Step, ...]


def explain_unit(
    trace: Trace,
    module: nn.RNNBase,
    quantity: str,
    step: int,
    unit: int,
    *,
    layer: int = -1,
    interventions: Sequence[Intervention] = (),
) -> Answer:
    """How `quantity` of `unit` at `step` of a trace came about, recomputed from x(t), h(t−1) and c(t−1).

    `quantity` is "h", "c", a gate, "preactivation" (vanilla RNN) or "recurrent new" (GRU); `layer` counts
    as `trace.layers` does, the top by default. A gate is shown with all its products, a state with the sums
    of its gates. `module` must have the weights of the trace, and `interventions` are those it was made
    under.

    Raises KeyError for a quantity that the layer does not have, IndexError where there is no such place.
    """
    traced, weights = trace.layers[layer], read_layers(module)[layer]
    values = traced.column(quantity)
    if quantity == "x":
        raise KeyError("x is what went in: the layer did not compute it")
    if not 0 <= unit < values.shape[1]:
        raise IndexError(f"there is no unit {unit} among {values.shape[1]}")
    moment = _moment(traced, weights, step, unit, interventions)
    what = f"{quantity} gate" if quantity in GATES[traced.mode] else _NAMES.get(quantity, quantity)
    return Answer(
        title=f"{traced.name} · {what}, step {moment.now}, unit {unit}",
        meaning=f"{_MEANING[quantity]}.",
        value=float(values[step, unit]),
        shape=values.shape,
        steps=_steps(moment, quantity, traced, step),
    )


def _steps(moment: _Moment, quantity: str, traced: LayerTrace, step: int) -> _Steps:
    if quantity == "h" and moment.layer.projection is not None:
        return (_projected(moment, traced, step),)
    if quantity == RECURRENT_NEW:
        return (_weighted(moment, "new", "h"),)
    if quantity in ("c", "h"):
        steps = _STATES[quantity, traced.mode](moment)
        return (*steps, _held(moment, "h")) if quantity == "h" and "h" in moment.held else steps
    return _gate(moment, quantity)


def _held(moment: _Moment, what: str) -> Step:
    """What the person holds, whatever the cell computes."""
    title, done = ("hidden state", "switched off") if what == "h" else (_title(what), "held by you")
    return Step(moment.layer.name, title, (Line(done, "whatever its sums are", moment.held[what]),))


def _moment(
    traced: LayerTrace,
    layer: RecurrentLayer,
    step: int,
    unit: int,
    interventions: Sequence[Intervention],
) -> _Moment:
    row, table = traced.row(step), traced.table
    h, *c = (
        numbers(table.tensor[row - 1, table.columns[name]]) for name in ("h", "c") if name in table.columns
    )
    at = step % traced.steps
    before = "start" if row == 1 else str(at + 1 if traced.reverse else at - 1)
    x = numbers(table.tensor[row, table.columns["x"]])
    carried = float(c[0][unit]) if c and unit < len(c[0]) else 0.0
    if is_reset(interventions, at):
        h, carried, before = np.zeros_like(h), 0.0, "reset"
    return _Moment(layer, unit, x, h, carried, str(at), before, held_at(interventions, at, unit))


def _weighted(moment: _Moment, gate: str, side: str) -> Step:
    """W_i· x(t) + b_i· (`side` "x") or W_h· h(t−1) + b_h· (`side` "h"): the products and their sum."""
    layer, of_x = moment.layer, side == "x"
    weight, bias = (
        (layer.input_weight, layer.input_bias) if of_x else (layer.hidden_weight, layer.hidden_bias)
    )
    vector, at = (moment.x, f"x({moment.now})") if of_x else (moment.h, f"h({moment.before})")
    gates = GATES[layer.mode]
    row = moment.unit + (gates.index(gate) * layer.units if gates else 0)
    letters = ("i" if of_x else "h") + _LETTER[gate]
    return _dense(layer.name, f"W_{letters}", weight[row], vector, at, None if bias is None else bias[row])


def _dense(layer: str, name: str, weights: Tensor, vector: np.ndarray, at: str, bias: Tensor | None) -> Step:
    """One row of a matrix times a vector, and its bias where there is one."""
    patch, kernel = vector[:, None, None], numbers(weights)[:, None, None]
    products = as_products(patch, kernel, np.ones(patch.shape, bool), np.arange(len(patch)))
    value = float(products.products.sum())
    lines = [Line(f"{name} · {at}", product_sum(vector.tolist(), kernel.ravel().tolist()), value)]
    if bias is not None:
        offset = float(numbers(bias))
        lines.append(Line(name.replace("W", "b"), f"{number(value)} {added(offset)}", value + offset))
    return Step(layer, f"dense layer {name} · {at}", tuple(lines), products)


def _gate(moment: _Moment, gate: str) -> _Steps:
    """A gate with its products: the input's part, the state's part, then their sum and its activation."""
    if gate in moment.held:
        return (_held(moment, gate),)
    from_x, from_h = (_weighted(moment, gate, side) for side in ("x", "h"))
    reset = (_short(moment, "reset"),) if gate == "new" else ()
    lines = _activated(moment, gate, _value(from_x), _value(from_h), *map(_value, reset))
    return (from_x, from_h, *reset, Step(moment.layer.name, _title(gate), lines))


def _short(moment: _Moment, gate: str, *reset: float) -> Step:
    """A gate as one step without the table of its products; the new gate takes the `reset` gate's value."""
    if gate in moment.held:
        return _held(moment, gate)
    from_x, from_h = (_weighted(moment, gate, side) for side in ("x", "h"))
    lines = _activated(moment, gate, _value(from_x), _value(from_h), *reset)
    return Step(moment.layer.name, _title(gate), (*from_x.lines, *from_h.lines, *lines))


def _activated(moment: _Moment, gate: str, from_x: float, from_h: float, *reset: float) -> tuple[Line, ...]:
    """The sum of both parts, of which a reset gate scales the second, and the gate's activation."""
    if reset:
        scaled = from_x + reset[0] * from_h
        sums = Line("sum", f"{number(from_x)} + {factor(reset[0])} × {factor(from_h)}", scaled)
    else:
        sums = Line("sum", f"{number(from_x)} {added(from_h)}", from_x + from_h)
    if gate == PREACTIVATION:
        return (sums,)
    return (sums, _activation("tanh" if gate in _CANDIDATES else "sigmoid", sums.value))


def _activation(kind: str, value: float) -> Line:
    step = explain_activation(_ACTIVATIONS[kind], torch.tensor([[value]], dtype=torch.float64), (0,), "")
    if step is None:
        raise KeyError(kind)
    return replace(step.lines[0], label=kind)


def _lstm_cell(moment: _Moment) -> _Steps:
    """c(t) = f c(t−1) + i g."""
    gates = tuple(_short(moment, gate) for gate in ("input", "forget", "cell"))
    i, f, g = map(_value, gates)
    text = f"{factor(f)} × {factor(moment.c)} + {factor(i)} × {factor(g)}"
    line = Line(f"c({moment.now}) = f × c({moment.before}) + i × g", text, f * moment.c + i * g)
    return (*gates, Step(moment.layer.name, "cell state", (line,)))


def _lstm_hidden(moment: _Moment) -> _Steps:
    """h(t) = o tanh c(t)."""
    cell, gate = _lstm_cell(moment), _short(moment, "output")
    seen, o = _activation("tanh", _value(cell[-1])), _value(gate)
    text = f"{factor(o)} × {factor(seen.value)}"
    line = Line(f"h({moment.now}) = o × tanh c({moment.now})", text, o * seen.value)
    return (*cell, gate, Step(moment.layer.name, "hidden state", (seen, line)))


def _gru_hidden(moment: _Moment) -> _Steps:
    """h(t) = (1 − z) n + z h(t−1)."""
    reset, update = _short(moment, "reset"), _short(moment, "update")
    new = _short(moment, "new", _value(reset))
    z, n, h = _value(update), _value(new), float(moment.h[moment.unit])
    text = f"(1 − {factor(z)}) × {factor(n)} + {factor(z)} × {factor(h)}"
    line = Line(f"h({moment.now}) = (1 − z) × n + z × h({moment.before})", text, (1 - z) * n + z * h)
    return (reset, update, new, Step(moment.layer.name, "hidden state", (line,)))


def _vanilla_hidden(moment: _Moment) -> _Steps:
    """h(t) = tanh or relu of the preactivation."""
    steps = _gate(moment, PREACTIVATION)
    kind = "tanh" if moment.layer.mode == "RNN_TANH" else "relu"
    return (*steps, Step(moment.layer.name, "hidden state", (_activation(kind, _value(steps[-1])),)))


def _projected(moment: _Moment, traced: LayerTrace, step: int) -> Step:
    """h(t) = W_hr (o tanh c(t)), from the traced gates and cell states of all units."""
    projection = moment.layer.projection
    if projection is None:
        raise KeyError("the layer has no projection")
    o, c = (traced.column(name)[step].astype(np.float64) for name in ("output", "c"))
    at = f"(o × tanh c)({moment.now})"
    return _dense(moment.layer.name, "W_hr", projection[moment.unit], o * np.tanh(c), at, None)


_STATES: dict[tuple[str, str], Callable[[_Moment], _Steps]] = {
    ("c", "LSTM"): _lstm_cell,
    ("h", "LSTM"): _lstm_hidden,
    ("h", "GRU"): _gru_hidden,
    ("h", "RNN_TANH"): _vanilla_hidden,
    ("h", "RNN_RELU"): _vanilla_hidden,
}


def _title(gate: str) -> str:
    return gate if gate == PREACTIVATION else f"{gate} gate"


def _value(step: Step) -> float:
    """What a step came to."""
    return step.lines[-1].value
