"""How a network is trained: batch, optimiser, learning rate over the run, and how pictures are varied."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

WARM_UP = 0.15
"""Share of a run over which the learning rate rises, where it has a schedule."""
LAST = 0.001
"""The learning rate at the end of a schedule, as a share of its peak."""

OptimiserName = Literal["sgd", "adam"]
Schedule = Literal["cosine", "constant"]


@dataclass(frozen=True)
class Augmentation:
    """What is done at random to each picture of a batch before the network sees it."""

    shift: int = 0
    """Pixels by which it moves at most, along either axis; what comes into sight repeats the edge."""
    mirror: bool = False
    """Half of the pictures are seen in a mirror."""
    cutout: int = 0
    """Side in pixels of a square that is covered with the picture's mean (DeVries and Taylor 2017)."""

    @property
    def is_none(self) -> bool:
        """Whether every picture stays as it is."""
        return not (self.shift or self.mirror or self.cutout)


@dataclass(frozen=True)
class Recipe:
    """Everything that training needs besides network and data."""

    epochs: int = 10
    batch: int = 64
    optimiser: OptimiserName = "sgd"
    learning_rate: float = 0.05
    momentum: float = 0.9
    """Of SGD (Nesterov's); Adam's first beta."""
    weight_decay: float = 5e-4
    """Decoupled in Adam (Loshchilov and Hutter 2019)."""
    schedule: Schedule = "cosine"
    label_smoothing: float = 0.0
    augmentation: Augmentation = Augmentation()
    seed: int = 0

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of update `step` (from 0) of `steps`.

        With a schedule it rises in a line, then falls as half a cosine (Loshchilov and Hutter 2017); an
        update beyond the run keeps the last rate.
        """
        if self.schedule == "constant" or steps <= 1:
            return self.learning_rate
        rising = max(1.0, WARM_UP * steps)
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        fallen = min(1.0, (step - rising) / (steps - rising))
        return self.learning_rate * (LAST + (1 - LAST) * (1 + math.cos(math.pi * fallen)) / 2)
