"""Gradients through time: how much each state and each input of a traced sequence moved a loss, exactly.

dL/dh(t) is the total derivative: everything that h(t) leads to counts, which is what enters the loss or
the layer above at step t, and all gates of step t + 1. An LSTM's c(t) is a path of its own: dL/dc(t) is
total as well and includes what passes through h(t) = o(t) tanh c(t), but dL/dh(t) includes nothing of
c(t), which is no function of h(t). These are the gradients that `retain_grad` on h(t) and c(t) shows in a
loop of `nn.LSTMCell` over batches on the CPU (elsewhere its c(t) is handed on before h(t) is made of it).

Gradients that vanish are followed as far as they go (Bengio, Simard and Frasconi, 1994): each step has a
power of two of its own, where float32 alone would show a third of 256 steps as zero.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.explain.scaled_rows import NOTHING, ScaledRows
from engine.explain.through_time_cells import Chain, chain
from engine.models.meddling import Intervention, require_possible
from engine.models.recurrent_layer import RecurrentLayer, read_layers
from engine.models.recurrent_trace import LayerTrace, Trace
from engine.slices import at_once

LOW, HIGH = 2.0**-20, 2.0**20
"""The square of the state's norm is kept between these, far from where float32 ends on either side."""
SWALLOWED = 16
"""A state this many powers of two smaller than what is added to it is brought to the other's scale."""
PAUSE = 64
"""Steps of a slice: some 13 ms for the widest network that ships."""


@dataclass(frozen=True)
class LayerGradients:
    """The gradients of one direction of one layer, at every step, in the sequence's order."""

    hidden: ScaledRows
    """(T, P) dL/dh(t)."""
    cell: ScaledRows | None
    """(T, H) dL/dc(t) of an LSTM."""
    input: ScaledRows
    """(T, inputs) dL/dx(t), as far as it passes through this direction of the layer."""
    initial_hidden: ScaledRows
    """(1, P) dL/dh of the state before the direction's first step."""
    initial_cell: ScaledRows | None
    """(1, H) dL/dc of an LSTM's state before it."""


@dataclass(frozen=True)
class Gradients:
    """The gradients of a traced sequence; `.hidden.log_norms` of a layer is its log‖dL/dh(t)‖ (T,)."""

    layers: tuple[LayerGradients, ...]
    """In the order of the trace's layers."""
    input: ScaledRows
    """(T, inputs) dL/dx(t) of the module's own input."""


def gradients_through_time(
    trace: Trace,
    module: nn.RNNBase,
    upstream: np.ndarray | Tensor,
    *,
    step: int | None = None,
    interventions: Sequence[Intervention] = (),
) -> Gradients:
    """How a loss L depends on every state and input of `trace`, from how it depends on the output.

    `upstream` is dL/d(output), (T, P) for a loss on all steps; or (P,), the dependence on the output of
    one `step` (the last unless given; negative counts from the end). A bidirectional module's output is
    2P wide. `module` must have the weights of the trace. The arithmetic is that of the trace: float32,
    or float64 for a module in float64.

    `interventions` are those that the trace was made under. Nothing goes back through what they set, nor
    past a reset; dL/dh(t) of a unit that is off is of the 0 that others receive.

    Raises ValueError for an `upstream` of another shape or an impossible intervention, IndexError for a
    step that is not there.
    """
    return at_once(go_back(trace, module, upstream, step=step, interventions=interventions))


@torch.no_grad()
def go_back(
    trace: Trace,
    module: nn.RNNBase,
    upstream: np.ndarray | Tensor,
    *,
    step: int | None = None,
    interventions: Sequence[Intervention] = (),
) -> Generator[None, None, Gradients]:
    """The same, pausing after every `PAUSE` steps; the gradients are what it returns in the end."""
    layers = read_layers(module)
    require_possible(interventions, layers)
    going = _all_levels(trace, layers, _scaled_upstream(trace, upstream, step), interventions)
    while True:
        # A network that has diverged shows as infinite and NaN, not as a warning; what runs in a pause warns.
        with np.errstate(over="ignore", invalid="ignore"):
            try:
                next(going)
            except StopIteration as found:
                return found.value
        yield


@contextmanager
def backward_allowed(module: nn.Module) -> Generator[None]:
    """Lets autograd go back through a recurrent `module` in evaluation, on a GPU too.

    The forward pass must be inside as well: cuDNN keeps what its backward pass needs in training only, so
    PyTorch's own kernels take its place meanwhile. Nothing changes for a module in training.
    """
    before = torch.backends.cudnn.enabled
    torch.backends.cudnn.enabled = before and module.training
    try:
        yield
    finally:
        torch.backends.cudnn.enabled = before


def _scaled_upstream(trace: Trace, upstream: np.ndarray | Tensor, step: int | None) -> ScaledRows:
    """`upstream` as one row a step, in the trace's own type."""
    last = trace.layers[-1]
    width = last.h.shape[1] * (2 if last.reverse else 1)
    if isinstance(upstream, Tensor):
        held = upstream.detach().cpu()
        upstream = (held if held.dtype == torch.float32 else held.double()).numpy()
    given = np.asarray(upstream)
    if given.dtype != np.float32:
        given = given.astype(np.float64, copy=False)
    if given.shape != (len(trace), width) or step is not None:
        given = _at_one_step(given, len(trace), width, step)
    scaled = ScaledRows.of(given)
    return ScaledRows(scaled.mantissas.astype(last.h.dtype), scaled.exponents)


def _at_one_step(vector: np.ndarray, steps: int, width: int, step: int | None) -> np.ndarray:
    if vector.shape != (width,):
        raise ValueError(f"upstream must be {(steps, width)}, or {(width,)} at a step, not {vector.shape}")
    at = steps - 1 if step is None else step
    if not -steps <= at < steps:
        raise IndexError(f"there is no step {at} in a trace of {steps}")
    rows = np.zeros((steps, width))
    rows[at] = vector
    return rows


def _all_levels(
    trace: Trace,
    layers: tuple[RecurrentLayer, ...],
    above: ScaledRows,
    interventions: Sequence[Intervention],
) -> Generator[None, None, Gradients]:
    """From the layer at the top to that at the bottom."""
    found: list[LayerGradients] = []
    directions = 2 if layers[-1].reverse else 1
    for end in range(len(layers), 0, -directions):
        level = slice(end - directions, end)
        found[:0] = yield from _level(layers[level], trace.layers[level], above, interventions)
        above = found[0].input if directions == 1 else found[0].input.plus(found[1].input)
    return Gradients(tuple(found), above)


def _level(
    layers: tuple[RecurrentLayer, ...],
    traces: tuple[LayerTrace, ...],
    above: ScaledRows,
    interventions: Sequence[Intervention],
) -> Generator[None, None, list[LayerGradients]]:
    """The gradients of a layer's one or two directions; their outputs stand side by side in `above`."""
    found: list[LayerGradients] = []
    for place, (layer, traced) in enumerate(zip(layers, traces, strict=True)):
        columns = slice(place * layer.outputs, (place + 1) * layer.outputs)
        found.append((yield from _direction(layer, traced, above.part(columns), interventions)))
    return found


def _direction(
    layer: RecurrentLayer, traced: LayerTrace, above: ScaledRows, interventions: Sequence[Intervention]
) -> Generator[None, None, LayerGradients]:
    arriving = above.reversed() if layer.reverse else above
    steps = traced.steps
    reached = np.flatnonzero(arriving.exponents != NOTHING)
    count = int(reached[-1]) + 1 if len(reached) else 0
    links = chain(layer, traced.table, count, interventions)
    exponents = yield from _follow(links, arriving, count)
    # Where no step was taken, the recursion's buffer holds nothing yet.
    initial = links.initial if count else np.zeros_like(links.initial)

    def before(columns: slice) -> ScaledRows:
        return ScaledRows.of(initial[:, columns], exponents[0] if count else 0)

    def placed(rows: ScaledRows) -> ScaledRows:
        """In the sequence's order, zero where no step was taken as nothing depends on it."""
        padded = rows.padded(steps)
        return padded.reversed() if layer.reverse else padded

    return LayerGradients(
        placed(ScaledRows(links.hidden, exponents)),
        None if links.cell is None else placed(ScaledRows(links.cell, exponents)),
        placed(ScaledRows.of(links.inputs(), exponents)),
        before(slice(layer.outputs)),
        None if links.cell is None else before(slice(layer.outputs, None)),
    )


def _follow(links: Chain, arriving: ScaledRows, count: int) -> Generator[None, None, np.ndarray]:
    """Takes all steps, from the last to the first; returns each step's power of two (n,)."""
    exponents = [0] * count
    arrives = arriving.exponents.tolist()
    scale = NOTHING
    if count:
        links.state[-1] = 0
    for t in range(count - 1, -1, -1):
        state = links.state[t]
        if arrives[t] != NOTHING:
            scale = _add(state, links.hidden[t], scale, arriving.mantissas[t], arrives[t])
        size = state.dot(state)
        if not LOW < size < HIGH:
            scale += _rescale(state)
        exponents[t] = scale
        links.back(t)
        if t and not t % PAUSE:
            yield
    return np.array(exponents, np.int64)


def _add(state: np.ndarray, hidden: np.ndarray, scale: int, vector: np.ndarray, exponent: int) -> int:
    """Add `vector · 2^exponent` to the hidden part of a state of that scale; returns its new scale."""
    if exponent > scale + SWALLOWED:
        np.ldexp(state, max(scale - exponent, -5000), state)
        scale = exponent
    # A product with a power of two is as exact as `np.ldexp` and faster.
    np.add(hidden, vector * math.ldexp(1.0, exponent - scale), hidden)
    return scale


def _rescale(state: np.ndarray) -> int:
    """Bring a state's largest value to between 1/2 and 1; returns the exponent that it had."""
    exponent = math.frexp(float(np.abs(state).max()))[1]
    np.ldexp(state, -exponent, state)
    return exponent
