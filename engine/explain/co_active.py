"""Brush a phrase: the units that stay on through it, and where else in a text they are on together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OnUnits:
    """Units that stay on through a phrase."""

    units: np.ndarray
    """(K,) int64, ascending."""
    signs: np.ndarray
    """(K,) +1 or -1: on which side of zero each is on. The other side means something else."""
    threshold: float


@dataclass(frozen=True)
class Place:
    """A stretch [start, stop) of the reference text."""

    start: int
    stop: int
    units: np.ndarray
    """Those of the brushed units that are on from its first step to its last."""
    share: float
    """Of all brushed units and steps of the stretch, the share in which the unit is on, 0 to 1."""


def on_through(
    states: np.ndarray,
    start: int,
    stop: int,
    threshold: float,
    *,
    off_before: bool = False,
    off_after: bool = False,
) -> OnUnits:
    """The units that are on at every step of [start, stop) of `states` (T, H).

    On means |h| above `threshold` without changing sign. With `off_before` those that are on at the
    step before too are left out, with `off_after` those that stay on; there is nothing to leave out at the
    ends of the text. It is the selection of LSTMVis (Strobelt et al., IEEE TVCG 2018), here for both
    signs. Raises IndexError for an empty phrase or one that is not in the text.
    """
    if not 0 <= start < stop <= len(states):
        raise IndexError(f"there is no phrase from {start} to {stop} in {len(states)} steps")
    signs = np.sign(states[start])
    on = (states[start:stop] * signs > threshold).all(0) & (signs != 0)
    if off_before and start > 0:
        on &= states[start - 1] * signs <= threshold
    if off_after and stop < len(states):
        on &= states[stop] * signs <= threshold
    units = np.flatnonzero(on)
    return OnUnits(units, signs[units].astype(np.int64), threshold)


def is_on(states: np.ndarray, on: OnUnits) -> np.ndarray:
    """(T, K): at which steps of `states` (T, H) each of the units is on, on its own side of zero."""
    return states[:, on.units] * on.signs > on.threshold


def places(reference: np.ndarray, on: OnUnits, length: int, count: int = 10) -> list[Place]:
    """The stretches of `length` steps of `reference` (T, H) through which the most of the units are on.

    Ranked by the number of units on throughout, then by the share of units and steps that are on, then
    by place; none overlaps a better one, and in each at least one unit is on throughout. At most `count`.
    Raises ValueError for a length below 1.
    """
    if length < 1:
        raise ValueError("a stretch has at least one step")
    if len(reference) < length or not len(on.units):
        return []
    steps = _within(is_on(reference, on), length)
    through = (steps == length).sum(1)
    total = steps.sum(1)
    return [
        Place(
            start, start + length, on.units[steps[start] == length], total[start] / (length * len(on.units))
        )
        for start in _apart(np.lexsort((-total, -through)), through, length, count)
    ]


def _within(active: np.ndarray, length: int) -> np.ndarray:
    """(T - length + 1, K): in how many of the `length` steps from each step on each unit is on."""
    sums = np.zeros((len(active) + 1, active.shape[1]), np.int32)
    np.cumsum(active, 0, out=sums[1:])
    return sums[length:] - sums[:-length]


def _apart(order: np.ndarray, through: np.ndarray, length: int, count: int) -> list[int]:
    """The first `count` starts in `order` at which a unit is on and which do not overlap earlier ones."""
    chosen: list[int] = []
    free = through > 0
    for start in order[free[order]].tolist():
        if len(chosen) == count:
            break
        if free[start]:
            chosen.append(start)
            free[max(0, start - length + 1) : start + length] = False
    return chosen
