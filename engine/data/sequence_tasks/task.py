"""What a task on sequences is: batches drawn from a seed, a loss, an accuracy, and what guessing scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import UserError


@dataclass(frozen=True)
class Batch:
    """B sequences of T steps."""

    inputs: Tensor
    """(T, B, inputs) float32."""
    targets: Tensor
    """(B,) int64 classes or float32 numbers; (T, B) int64 where every step has a target."""

    def sample(self, index: int) -> Batch:
        """The sequence at `index` as a batch of one."""
        return Batch(self.inputs[:, index, None], self.targets[..., index, None])


@dataclass(frozen=True)
class Baseline:
    """What a network scores that remembers nothing."""

    loss: float
    accuracy: float
    sentence: str
    """What it does, and where the figure is from."""


class Task(ABC):
    """One task. Its batches depend on nothing but the generator; drawing needs no file and no network."""

    name: ClassVar[str]
    """As on the command line."""
    title: ClassVar[str]
    sentence: ClassVar[str]
    """What has to be remembered, and for how long."""
    source: ClassVar[str]
    inputs: ClassVar[int]
    """Width of x(t)."""
    outputs: ClassVar[int]
    """Width of what the network's head gives."""
    every_step: ClassVar[bool] = False
    """Whether the loss takes the outputs of all steps; else those after the last step only."""
    shortest: ClassVar[int] = 2
    """Steps that a sequence has at least."""
    fixed_length: ClassVar[int | None] = None
    """Steps of every sequence where the data decides it."""
    loss_definition: ClassVar[str]
    """The loss in one sentence."""
    accuracy_definition: ClassVar[str]
    """The accuracy in one sentence."""

    def steps(self, length: int) -> int:
        """T for the `length` asked for: the length itself, all steps counted, unless the data decides it.

        Raises UserError where the task does not fit into so few steps.
        """
        if self.fixed_length is not None:
            return self.fixed_length
        if length < self.shortest:
            raise UserError(
                f"A length of {length} is too short for “{self.title}”",
                f"it needs at least {self.shortest} steps",
                "Choose a greater length",
            )
        return length

    @abstractmethod
    def lag(self, length: int) -> int:
        """The most steps from an input that matters to the output that needs it."""

    @abstractmethod
    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        """`batch` sequences of `steps(length)` steps, drawn from a generator on the CPU.

        Raises UserError as `steps` does.
        """

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over the batch, a scalar, from the head's outputs (B, outputs), or (T, B, outputs)."""

    @abstractmethod
    def accuracy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The share that is right, a scalar from 0 to 1; from the same outputs."""

    @abstractmethod
    def baseline(self, length: int) -> Baseline:
        """What remembering nothing scores."""


class Classification(Task):
    """A class after the last step."""

    loss_definition = (
        "Cross-entropy in nats of the outputs after the last step with the class, mean over the batch."
    )
    accuracy_definition = "Share of sequences whose largest output after the last step is that of the class."

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets)

    def accuracy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(-1) == targets).float().mean()


class Regression(Task):
    """A number after the last step."""

    outputs = 1
    tolerance: ClassVar[float]
    """The error below which an answer is right."""
    loss_definition = "Squared error of the output after the last step, mean over the batch."

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(outputs[..., 0], targets)

    def accuracy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs[..., 0] - targets).abs() < self.tolerance).float().mean()
