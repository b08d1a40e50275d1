"""How many values are spread over their range: one histogram, or what is kept of many over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.read_only import read_only

BINS = 48


@dataclass(frozen=True, eq=False)
class Spread:
    """A histogram of `BINS` equal bins from the smallest to the largest finite value."""

    shares: np.ndarray
    """(B,) float32, read-only: of all values, also of those that are not finite; they add up to at most 1."""
    low: float
    high: float


@torch.no_grad()
def spread(values: Tensor, bins: int = BINS) -> Spread:
    """The histogram of all `values`; where they are all the same, it is half a unit wide to either side."""
    flat = values.detach().flatten().float()
    finite = flat[flat.isfinite()]
    if not len(finite):
        return Spread(read_only(np.zeros(bins, np.float32)), 0.0, 1.0)
    low, high = (float(end) for end in torch.aminmax(finite))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    counts = torch.histc(finite.cpu(), bins, low, high)
    return Spread(read_only((counts / len(flat)).numpy().astype(np.float32)), low, high)


class SpreadHistory:
    """At most `most` spreads of a run, evenly over it: when they are too many, every second is let go of."""

    def __init__(self, most: int = 32) -> None:
        self._most, self._every, self._came = most, 1, 0
        self.steps: list[int] = []
        self.spreads: list[Spread] = []

    def append(self, step: int, found: Spread) -> None:
        """Keep one, in the place of the newest where that does not lie on the grid of what is kept."""
        if self.steps and (self._came - 1) % self._every:
            self.steps.pop()
            self.spreads.pop()
        self.steps.append(step)
        self.spreads.append(found)
        self._came += 1
        if len(self.steps) > self._most:
            self.steps, self.spreads = self.steps[::2], self.spreads[::2]
            self._every *= 2
