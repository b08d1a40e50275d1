"""Times forward and backward passes of a network: warmed up, and several where one is too short."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

LONG_ENOUGH = 0.004
"""Seconds that the passes of one measurement take together, at least."""
MOST_PASSES = 32


@dataclass(frozen=True)
class Timing:
    """The mean of one measurement's passes, in milliseconds."""

    forward: float
    backward: float


class Stopwatch:
    """One network, and the batch of random sequences that it is timed on."""

    def __init__(self, network: nn.Module, x: Tensor, y: Tensor) -> None:
        self.network = network.train()
        self._x, self._y = x, y
        self._passes = 0

    @property
    def is_warm(self) -> bool:
        """Whether a pass was made that does not count."""
        return self._passes > 0

    def warm_up(self) -> None:
        """One pass, which allocates and chooses kernels; its time says how many a measurement takes."""
        forward, backward = self._pass()
        self._passes = max(1, min(MOST_PASSES, int(LONG_ENOUGH / max(forward + backward, 1e-9))))

    def measure(self) -> Timing:
        """One measurement, of as many passes as it needs."""
        if not self.is_warm:
            self.warm_up()
        seconds = [self._pass() for _ in range(self._passes)]
        forward, backward = (1000 * sum(column) / len(seconds) for column in zip(*seconds, strict=True))
        return Timing(forward, backward)

    def _pass(self) -> tuple[float, float]:
        """Seconds of a forward pass that keeps what the backward pass needs, with the loss, and of that."""
        self.network.zero_grad(set_to_none=True)
        begun = self._now()
        loss = functional.cross_entropy(self.network(self._x), self._y)
        between = self._now()
        loss.backward()
        return between - begun, self._now() - between

    def _now(self) -> float:
        """The time when everything that was asked for is done."""
        if self._x.device.type == "cuda":
            torch.cuda.synchronize(self._x.device)
        elif self._x.device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()
