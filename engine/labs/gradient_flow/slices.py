"""One forward and backward pass through time, exact and whole, cut into short slices of time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.data.sequence_tasks import Batch, Task
from engine.models.recurrent_layer import GATES
from engine.models.recurrent_networks import RecurrentNetwork

WORK = 64 * 4 * 64 * 64 * 72
"""Multiplications that one slice may take going forwards: 64 steps of an LSTM of 64 units and 64
sequences, some 20 ms on one core."""
FEWEST, MOST = 8, 64
"""Steps of a slice."""


class SlicedPass:
    """A batch's loss and its gradients: those of one pass over all steps, summed in another order.

    Each slice's graph is a part of the whole one: forwards the state is cut off and handed on, backwards its
    gradient is. `forward` and `backward` are to be gone through to their ends, one after the other.
    """

    def __init__(self, network: RecurrentNetwork, task: Task, batch: Batch) -> None:
        self._network, self._task, self._batch = network, task, batch
        self._entered: list[tuple[Tensor, ...]] = []
        self._left: list[tuple[Tensor, ...]] = []
        self._outputs: list[Tensor] = []
        self._left_to_head: list[Tensor] = []
        self._read: list[Tensor] = []  # the same, cut off, as the head reads them
        self.loss = torch.zeros(())
        """Once forwards is done."""
        self.accuracy = torch.zeros(())

    def forward(self) -> Iterator[None]:
        """Up to the loss."""
        width = slice_steps(self._network, self._batch)
        state: tuple[Tensor, ...] = ()
        for inputs in self._batch.inputs.split(width):
            self._entered.append(state)
            given = state if len(state) > 1 else next(iter(state), None)
            output, after = self._network.recurrent(inputs, given)
            left = after if isinstance(after, tuple) else (after,)
            state = tuple(part.detach().requires_grad_() for part in left)
            self._left.append(left)
            self._outputs.append(output)
            yield
        self._score()

    def _score(self) -> None:
        task, targets = self._task, self._batch.targets
        self._left_to_head = self._outputs if task.every_step else [self._outputs[-1][-1]]
        self._read = [output.detach().requires_grad_() for output in self._left_to_head]
        outputs = self._network.head(torch.cat(self._read) if task.every_step else self._read[0])
        self.loss = task.loss(outputs, targets)
        self.accuracy = task.accuracy(outputs.detach(), targets)

    def backward(self) -> Iterator[None]:
        """Adds every parameter's gradient to its `grad`."""
        self.loss.backward()
        cut: tuple[Tensor, ...] = ()
        while self._left:
            ends = [*zip(self._left.pop(), cut, strict=False)]
            if self._read:
                ends.append((self._left_to_head.pop(), self._read.pop()))
            _hand_back(ends)
            cut = self._entered.pop()
            yield

    def hidden(self, index: int) -> Tensor:
        """(T, H) the hidden states of one sequence of the batch, a copy; between forwards and backwards."""
        return torch.cat([output.detach()[:, index] for output in self._outputs])


def _hand_back(ends: list[tuple[Tensor, Tensor]]) -> None:
    """From the ends of a slice's graph on, with the gradients of where the next one began.

    A sum of products has these gradients. Handing them to `torch.autograd.backward` would import sympy at
    first, which takes seconds.
    """
    products = [
        torch.vdot(end.flatten(), begin.grad.flatten()) for end, begin in ends if begin.grad is not None
    ]
    torch.stack(products).sum().backward()


def slice_steps(network: RecurrentNetwork, batch: Batch) -> int:
    """How many steps a slice takes; a matter of the sizes alone, so that the numbers do not hang on time."""
    if batch.inputs.device.type != "cpu":
        return len(batch.inputs)
    recurrent = network.recurrent
    gates = len(GATES[recurrent.mode]) or 1
    sequences = batch.inputs.shape[1]
    a_step = sequences * gates * recurrent.hidden_size * (recurrent.hidden_size + recurrent.input_size)
    return min(MOST, max(FEWEST, WORK // a_step))
