"""The recurrent modules that the benchmarks run, and what they are compared with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.device import prepare_thread

CELLS: dict[str, type[nn.RNNBase]] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
INPUTS, BATCH = 64, 32
SHOWN = 3
"""The sample of the batch that is looked into."""


def prepared() -> None:
    """The thread as the worker prepares its own, but one torch thread and the same weights each time."""
    prepare_thread()
    torch.set_num_threads(1)
    torch.manual_seed(0)


def cell_of(module: nn.RNNBase) -> nn.RNNCellBase:
    """The one-step cell with the weights of a one-layer module."""
    kind = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell}.get(module.mode, nn.RNNCell)
    cell = kind(module.input_size, module.hidden_size)
    for mine, given in zip(cell.parameters(), module.all_weights[0], strict=True):
        mine.data.copy_(given.detach())
    return cell


def loop_of_cells(cell: nn.RNNCellBase, x: Tensor) -> list[Tensor]:
    """The hidden states of one sequence (T, INPUTS), each (1, H), step by step."""
    states, state = [], None
    for row in x.unbind(0):
        state = cell(row[None], state)
        states.append(state[0] if isinstance(state, tuple) else state)
    return states


class Training:
    """Forward and backward of a batch: what a training step takes, less the optimiser."""

    def __init__(self, kind: str, units: int, steps: int) -> None:
        self.module = CELLS[kind](INPUTS, units)
        self.x = torch.randn(steps, BATCH, INPUTS)
        self.readout = torch.randn(units, 10) / 10

    def step(self) -> Tensor:
        """(T, B, H) the output, which keeps its gradient."""
        self.module.zero_grad()
        output, _ = self.module(self.x)
        output.retain_grad()
        (output @ self.readout).square().mean().backward()
        return output
