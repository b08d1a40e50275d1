"""The learning rate over a training run: warm-up, stable, decay."""

from __future__ import annotations

from dataclasses import dataclass, replace

DECAY_SHARE = 0.25
"""Share of the whole run that anneals; a fifth to a quarter is enough (Hägele et al. 2024)."""


@dataclass(frozen=True)
class Trapezoid:
    """Linear warm-up, a constant rate, and a linear decay to zero, all counted in characters read.

    Unlike a cosine it fixes nothing about the end while it is constant: a run can be lengthened, and
    annealed from any point (Zhai et al. 2022, Hu et al. 2024).
    """

    peak: float
    warm_up: float
    decay_from: float
    end: float
    begin: float = 0.0
    """Where the warm-up starts: later than 0 where a model was widened and its optimiser is new."""

    @classmethod
    def of_length(cls, peak: float, warm_up: float, characters: float, begin: float = 0.0) -> Trapezoid:
        """A whole run of `characters`."""
        return cls(peak, warm_up, characters * (1 - DECAY_SHARE), characters, begin)

    def decaying_from(self, position: float) -> Trapezoid:
        """The same run annealed from `position` on, the decay taking its usual share of the whole."""
        return replace(self, decay_from=position, end=position / (1 - DECAY_SHARE))

    def rate(self, position: float) -> float:
        """The learning rate after `position` characters; zero from `end` on."""
        rising = min(1.0, (position - self.begin) / self.warm_up) if self.warm_up else 1.0
        falling = min(1.0, max(0.0, (self.end - position) / (self.end - self.decay_from)))
        return self.peak * min(rising, falling)
