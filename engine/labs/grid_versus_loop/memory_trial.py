"""One network that learns to look back by one lag, and how much every step that it read moves its answer."""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.data.series.lookback import Lookback
from engine.labs.grid_versus_loop.contest import CLIP
from engine.models.sequence_networks import SequenceNetwork
from engine.optimisers import Adam
from engine.read_only import read_only

LAST_BATCHES = 20
"""Whose right answers are counted. No stream comes twice, so each of them is a test."""


@dataclass(frozen=True)
class Plan:
    """How a network learns."""

    updates: int
    """At most."""
    batch: int
    rate: float
    seed: int


class Trial:
    """One network at one lag, from its start on. All choices depend on seed, lag and update only."""

    def __init__(
        self, name: str, network: SequenceNetwork, task: Lookback, plan: Plan, device: torch.device
    ) -> None:
        self.name, self.task, self.plan = name, task, plan
        self.network = network.to(device)
        self.updates = 0
        self.exploded_at: int | None = None
        self._device = device
        self._optimiser = Adam(self.network.parameters(), plan.rate)
        self._parameters = list(self.network.parameters())
        self._generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + task.lag)
        self._right = deque[int](maxlen=LAST_BATCHES)

    @property
    def right(self) -> int:
        """Right answers in the last batches."""
        return sum(self._right)

    @property
    def asked(self) -> int:
        """Streams in the last batches."""
        return len(self._right) * self.plan.batch

    @property
    def accuracy(self) -> float:
        """Share of right answers in the last batches, before the update that each led to; 0 before any."""
        return self.right / self.asked if self.asked else 0.0

    def is_over(self, solved: float) -> bool:
        """Whether it has solved its lag, may make no more updates, or has none left that is a number."""
        if self.exploded_at is not None or self.updates >= self.plan.updates:
            return True
        return len(self._right) == LAST_BATCHES and self.accuracy >= solved

    def update(self) -> None:
        """One update on fresh streams; all networks get the same ones at a lag."""
        self.updates += 1
        self._optimiser.zero_grad()
        x, y = (part.to(self._device) for part in self.task.batch(self._generator, self.plan.batch))
        logits = self.network(x)
        loss = functional.cross_entropy(logits, y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, CLIP, foreach=True)
        self._right.append(int((logits.argmax(1) == y).sum()))
        if math.isfinite(loss.item()) and math.isfinite(norm.item()):
            self._optimiser.step()
        else:
            self.exploded_at = self.updates


def influence_of(network: nn.Module, x: Tensor, y: Tensor) -> np.ndarray:
    """(T,) float64, read-only: how much each step moves the answer, by how many steps back it lies.

    The mean over the sequences `x` (B, T, C) of ‖∂ logit of the class y / ∂x(T − lag)‖, lag 0 being the last.
    In float64 on a copy: across many steps a gradient falls below what float32 can hold.
    """
    wide = copy.deepcopy(network).cpu().double().eval()
    read = x.cpu().double().requires_grad_()
    answers = wide(read).gather(1, y.cpu().unsqueeze(1)).sum()
    (gradient,) = torch.autograd.grad(answers, read)
    return read_only(gradient.norm(dim=2).mean(0).flip(0).numpy())
