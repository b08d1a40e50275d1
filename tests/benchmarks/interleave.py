"""Compares durations on a noisy machine: alternately, in shuffled order, as ratios within each round."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Run = Callable[[], float]
"""Does the thing once and returns the seconds it took."""
BASE, CONTROL = "base", "base again"


@dataclass(frozen=True)
class Spread:
    """The median of some figures and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Raises ValueError where there are none."""
        if not figures:
            raise ValueError("there is no median of nothing")
        if len(figures) == 1:
            return cls(figures[0], figures[0], figures[0])
        low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass
class Timings:
    """Seconds by name, one a round, in the order of the rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, base: str = BASE) -> Spread:
        """How many times as long as `base`: the median of each round's own ratio.

        A ratio within a round compares neighbours in time, so what slows the machine for a while slows both.
        """
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        return Spread.of([one / other for one, other in pairs])

    def fastest(self, name: str) -> str:
        """The shortest times, which other programs disturb least, and their ratio: in words."""
        own, base = min(self.seconds[name]), min(self.seconds[BASE])
        return f"fastest {own / base:.3g}: {1e3 * own:.3g} of {1e3 * base:.3g} ms"

    @property
    def control(self) -> Spread:
        """The base against itself, which would be 1 on a quiet machine: how far to trust the others."""
        return self.ratio(CONTROL)


def interleave(
    base: Run, others: Mapping[str, Run], rounds: int, *, warm_up: int = 2, seed: int = 0
) -> Timings:
    """Run each once a round, the base twice, in another order each round.

    Raises ValueError for a name that is the base's own, or for no rounds.
    """
    runs = {BASE: base, CONTROL: base, **others}
    if len(runs) != len(others) + 2 or rounds < 1:
        raise ValueError("there is a round at least, and every name stands for one thing")
    for run in runs.values():
        for _ in range(warm_up):
            run()
    timings = Timings({name: [] for name in runs})
    names, shuffler = list(runs), random.Random(seed)
    for _ in range(rounds):
        shuffler.shuffle(names)
        for name in names:
            timings.seconds[name].append(runs[name]())
    return timings


def timed(call: Callable[[], object]) -> Run:
    """A `Run` that takes the time of a call."""

    def run() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return run
