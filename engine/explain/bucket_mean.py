"""What one point of a chart of a run stands for: the mean over the buckets of a record that it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.ask import Line
from engine.explain.arithmetic_format import WRITTEN_OUT, number


@dataclass(frozen=True)
class Stretch:
    """Some buckets of a record."""

    values: np.ndarray
    """(n,) the mean of each bucket."""
    first: np.ndarray
    """(n,) its first step that was measured."""
    last: np.ndarray
    """(n,) its last one."""
    at: slice
    """Where they lie in the record."""

    @property
    def mean(self) -> float:
        """The mean of the buckets' means."""
        return float(self.values.mean(dtype=np.float64))

    @property
    def is_single(self) -> bool:
        """Whether it is one step alone, and no mean."""
        return int(self.first[0]) == int(self.last[-1])

    def steps(self, unit: str = "step") -> str:
        """ "step 9", "steps 9 to 12"."""
        return steps_text(int(self.first[0]), int(self.last[-1]), unit)


def stretch(
    firsts: np.ndarray, means: np.ndarray, asked: tuple[int, int], end: int, every: int = 1
) -> Stretch | None:
    """The buckets that begin in the steps asked for; where they were merged since, the one that holds them.

    firsts, means: (n,). `end` is the last step written down, one in `every`. None where nothing is finite.
    """
    low, high = (int(np.searchsorted(firsts, step)) for step in asked)
    if low == high and low and asked[0] <= end:
        low -= 1
    if low >= high:
        return None
    at = slice(low, high)
    spans = np.append(firsts[1:] - 1, max(end, int(firsts[-1]))) - firsts
    found = Stretch(means[at], firsts[at], (firsts + spans // every * every)[at], at)
    return found if np.isfinite(found.values).all() else None


def mean_lines(found: Stretch, label: str, unit: str = "step") -> list[Line]:
    """The mean of the buckets, each on a line of its own while they are few."""
    if len(found.values) == 1:
        said = "measured" if found.is_single else f"mean over {found.steps(unit)}"
        return [Line(label, said, found.mean)]
    values = [float(value) for value in found.values]
    if len(values) > WRITTEN_OUT:
        return [Line(label, f"mean of {len(values)} values", found.mean)]
    lines = [
        Line(steps_text(int(first), int(last), unit), "measured" if first == last else "mean of these", value)
        for first, last, value in zip(found.first, found.last, values, strict=True)
    ]
    return [*lines, Line(label, f"({' + '.join(map(number, values))}) / {len(values)}", found.mean)]


def steps_text(first: int, last: int, unit: str = "step") -> str:
    """ "step 9", "steps 9 to 12"."""
    return f"{unit} {first:,}" if first == last else f"{unit}s {first:,} to {last:,}"
