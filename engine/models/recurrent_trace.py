"""A trace of everything in a fused `nn.RNN`, `nn.LSTM` or `nn.GRU`: every state and gate at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.recurrent_gates import PREACTIVATION, RECURRENT_NEW, columns, fill
from engine.models.recurrent_layer import GATES, RecurrentLayer, read_layers
from engine.models.step_table import StepTable

State = Tensor | tuple[Tensor, Tensor]
"""A recurrent module's state, in its own shape: h (L, P), or for an LSTM (h (L, P), c (L, H)). L counts its
layers, each direction of one by itself."""


@dataclass(frozen=True)
class LayerTrace:
    """What one direction of one layer computed in T steps: read-only arrays, in the sequence's order.

    They are views of one table, in float32, or float64 for a module in float64.
    """

    mode: str
    """`nn.RNNBase.mode`: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU"."""
    name: str
    """ "layer 0"; "layer 0, backwards"."""
    reverse: bool
    """Whether the layer reads from the end: its state before step t is then that of step t + 1."""
    table: StepTable
    """The same values in the order in which the layer took its steps, with the state before them."""
    steps: int

    @property
    def x(self) -> np.ndarray:
        """(T, inputs) what went into the layer."""
        return self.column("x")

    @property
    def h(self) -> np.ndarray:
        """(T, P) hidden state after each step; P = H unless an LSTM has a `proj_size`."""
        return self.column("h")

    @property
    def c(self) -> np.ndarray | None:
        """(T, H) cell state after each step of an LSTM; `None` for other cells."""
        return self.column("c") if self.mode == "LSTM" else None

    @property
    def gates(self) -> Mapping[str, np.ndarray]:
        """(T, H) each, after its activation, in the order of the rows of the module's weights.

        LSTM: input, forget, cell (the candidate), output. GRU: reset, update, new (the candidate, its
        reset applied to W_hn h + b_hn). A vanilla RNN has none.
        """
        return MappingProxyType({gate: self.column(gate) for gate in GATES[self.mode]})

    @property
    def preactivation(self) -> np.ndarray | None:
        """(T, H) what a vanilla RNN takes tanh or relu of; `None` for other cells."""
        return self.column(PREACTIVATION) if PREACTIVATION in self.table.columns else None

    @property
    def recurrent_new(self) -> np.ndarray | None:
        """(T, H) a GRU's W_hn h(t−1) + b_hn, which the reset gate scales; `None` for other cells."""
        return self.column(RECURRENT_NEW) if self.mode == "GRU" else None

    def column(self, name: str) -> np.ndarray:
        """(T, width) one of them by its name in the table."""
        values = self.table.shown(name, self.steps)
        return values[::-1] if self.reverse else values

    def row(self, step: int) -> int:
        """Where `step` (negative counts from the end) stands in the table; IndexError where it is none."""
        at = step + self.steps if step < 0 else step
        if not 0 <= at < self.steps:
            raise IndexError(f"there is no step {step} in a trace of {self.steps}")
        return self.steps - at if self.reverse else at + 1


@dataclass(frozen=True)
class Trace:
    """What a recurrent module computed for one sequence of T steps: its layers, in the order of its state.

    `trace[:t]` is the trace of the first t steps, without a copy. It is the module's function in
    evaluation, whatever mode the module is in: no dropout between its layers.
    """

    layers: tuple[LayerTrace, ...]
    """A bidirectional layer counts as two: forwards, then backwards."""

    def __len__(self) -> int:
        return self.layers[0].steps

    def __getitem__(self, steps: slice) -> Trace:
        """The first steps. Raises IndexError for another slice, UserError for a bidirectional module."""
        start, stop, stride = steps.indices(len(self))
        if start != 0 or stride != 1:
            raise IndexError("a trace can be cut at its end only: every step depends on those before it")
        self._require_one_direction("shortened")
        return Trace(tuple(LayerTrace(each.mode, each.name, False, each.table, stop) for each in self.layers))

    @property
    def output(self) -> np.ndarray:
        """(T, P), or (T, 2P) of a bidirectional module: the hidden states of the top layer."""
        *_, last = self.layers
        return np.concatenate([self.layers[-2].h, last.h], axis=1) if last.reverse else last.h

    @property
    def initial_state(self) -> State:
        """The state before the first step, as the module takes it."""
        return self._state([0] * len(self.layers))

    @property
    def final_state(self) -> State:
        """The state after the last step, as the module gives it."""
        return self._state([each.steps for each in self.layers])

    def _state(self, rows: list[int]) -> State:
        h = self._states("h", rows)
        return (h, self._states("c", rows)) if self.layers[0].mode == "LSTM" else h

    def _states(self, name: str, rows: list[int]) -> Tensor:
        pairs = zip((each.table for each in self.layers), rows, strict=True)
        return torch.stack([table.tensor[row, table.columns[name]] for table, row in pairs])

    def _require_one_direction(self, verb: str) -> None:
        if self.layers[-1].reverse:
            raise UserError(
                f"This trace cannot be {verb}",
                "a bidirectional layer also reads from the end, so every step changes with it",
                "Trace the whole sequence again",
            )


@torch.no_grad()
def trace(
    module: nn.RNNBase, x: Tensor, state: State | None = None, *, output: Tensor | None = None
) -> Trace:
    """Everything that `module` computes for one sequence `x` (T, inputs), from `state` or from zero.

    Fused kernels give the hidden states, one layer after the other, and every gate follows from those.
    `output` (T, P), what the module has put out for this `x` and `state`, saves the kernel of a module of
    one layer and direction. The trace is made on the CPU, where a single sequence is fastest, with the
    weights as they are now.

    Raises UserError for a module that is no `nn.RNN`, `nn.LSTM` or `nn.GRU`, and ValueError for an `x`,
    `state` or `output` of another shape.
    """
    layers = read_layers(module)
    x = _sequence(x, layers[0])
    tables = [StepTable(columns(layer), layer.dtype, len(x)) for layer in layers]
    if state is not None:
        _write_state(layers, tables, state)
    hidden = None
    if output is not None and len(layers) == 1:
        hidden = _shaped(output, (len(x), layers[0].outputs), "output")
    for table in tables:
        table.steps = len(x)
    _fill_all(layers, tables, x, 0, hidden)
    return _as_trace(layers, tables, len(x))


def trace_sample(
    module: nn.RNNBase, x: Tensor, index: int, state: State | None = None, *, output: Tensor | None = None
) -> Trace:
    """As `trace`, for the sequence at `index` of a batch `x` as the module takes it (`batch_first` or not).

    `state` is the batch's, with h (L, B, P); `output` the batch's too. For a look into training: one
    sample is cut out first, so that it costs little beside the step. Call it before the optimiser's.
    """
    axis = 0 if module.batch_first else 1
    # Without the training's graph, to which every part cut out of it would add a node.
    x, output = x.detach(), None if output is None else output.detach()
    if state is not None:
        state = (state[0][:, index], state[1][:, index]) if isinstance(state, tuple) else state[:, index]
    chosen = None if output is None else output.select(axis, index)
    return trace(module, x.select(axis, index), state, output=chosen)


@torch.no_grad()
def extend(before: Trace, module: nn.RNNBase, x: Tensor) -> Trace:
    """`before` and the steps of `x` (T, inputs) after it; only these are computed.

    `before` remains as it is. `module` must have the weights that it had then. Raises UserError for a
    bidirectional module, ValueError for an `x` of another shape or another module's trace.
    """
    before._require_one_direction("extended")
    layers = read_layers(module)
    x = _sequence(x, layers[0])
    steps = len(before)
    if [columns(layer) for layer in layers] != [each.table.widths for each in before.layers]:
        raise ValueError("the trace is another module's")
    tables = [each.table.grown(steps, len(x)) for each in before.layers]
    _fill_all(layers, tables, x, steps, None)
    return _as_trace(layers, tables, steps + len(x))


def _fill_all(
    layers: tuple[RecurrentLayer, ...], tables: list[StepTable], x: Tensor, start: int, hidden: Tensor | None
) -> None:
    """Write the steps of `x` from `start` on, layer by layer, each from what the one below put out."""
    put_out: list[Tensor] = []
    for layer, table in zip(layers, tables, strict=True):
        if not layer.reverse and put_out:
            x, put_out = torch.cat(put_out, 1) if len(put_out) > 1 else put_out[0], []
        h = fill(layer, table, x.flip(0) if layer.reverse else x, start, hidden)
        put_out.append(h.flip(0) if layer.reverse else h)


def _as_trace(layers: tuple[RecurrentLayer, ...], tables: list[StepTable], steps: int) -> Trace:
    pairs = zip(layers, tables, strict=True)
    return Trace(tuple(LayerTrace(each.mode, each.name, each.reverse, table, steps) for each, table in pairs))


def _sequence(x: Tensor, layer: RecurrentLayer) -> Tensor:
    if x.dim() != 2:
        raise ValueError(f"a trace is of one sequence (T, {layer.inputs}), not of {tuple(x.shape)}")
    return _shaped(x, (len(x), layer.inputs), "x").to(layer.dtype)


def _write_state(layers: tuple[RecurrentLayer, ...], tables: list[StepTable], state: State) -> None:
    if isinstance(state, Tensor) == (layers[0].mode == "LSTM"):
        raise ValueError("the state is (h, c) for an LSTM and h for other cells")
    h, c = (state, None) if isinstance(state, Tensor) else state
    for name, width, values in (("h", layers[0].outputs, h), ("c", layers[0].units, c)):
        if values is not None:
            rows = _shaped(values, (len(layers), width), name)
            for table, row in zip(tables, rows, strict=True):
                table.tensor[0, table.columns[name]] = row


def _shaped(values: Tensor, shape: tuple[int, int], name: str) -> Tensor:
    if tuple(values.shape) != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {tuple(values.shape)}")
    return values.detach().cpu()
