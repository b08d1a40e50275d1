"""What moving, stretching and cutting patterns does to each network, in a sentence or a few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.labs.grid_versus_loop.finding_words import counted, is_above, joined, percent, scores, sentence


@dataclass(frozen=True)
class Moves:
    """One network's accuracies along the three sliders; NaN where not measured yet."""

    title: str
    untouched: float
    """On the test examples as they are."""
    by_shift: np.ndarray
    by_stretch: np.ndarray
    by_cut: np.ndarray


@dataclass(frozen=True)
class Sliders:
    """The places at which was measured, ascending."""

    shifts: np.ndarray
    """Positions, as many to the left as to the right."""
    stretches: np.ndarray
    cuts: np.ndarray


def finding_of_moves(
    moves: Sequence[Moves], sliders: Sliders, examples: int, updates: int, chance: float, position: str
) -> str:
    """Of the networks that have learned more than guessing, `examples` asked at each place."""
    known = [
        one
        for one in moves
        if not np.isnan([one.untouched, one.by_shift[0], one.by_shift[-1]]).any()
        and is_above(one.untouched, chance, examples)
    ]
    if not known or not updates:
        return ""
    return " ".join(
        filter(None, (_moved(known, sliders, examples, updates, position), _changed(known, sliders)))
    )


def _moved(known: Sequence[Moves], sliders: Sliders, examples: int, updates: int, position: str) -> str:
    """What is left at both ends of the slider, and how far each gets without harm."""
    furthest = counted(round(float(sliders.shifts[-1])), position)
    falls = joined([f"the {one.title} {_from_to(one.untouched, _ends(one))}" for one in known])
    how = f"after {counted(updates, 'update')}, patterns moved by {furthest} to either side bring {falls}"
    reaches = {one.title: round(reach(one, sliders.shifts, examples)) for one in known}
    if not any(reaches.values()):
        return sentence(f"{how}; not one {position} goes unnoticed")
    free = joined([f"{far} by the {title}" for title, far in reaches.items()])
    return sentence(f"{how}; so many {position}s go unnoticed: {free}")


def _from_to(before: float, after: float) -> str:
    first = percent(before)
    return f"from {first.removesuffix(' %') if '.' not in first else first} to {percent(after)}"


def _ends(one: Moves) -> float:
    """Mean of moving as far as the slider goes, to the left and to the right."""
    return float(one.by_shift[0] + one.by_shift[-1]) / 2


def reach(one: Moves, shifts: np.ndarray, examples: int) -> float:
    """Up to which shift, to either side, no measured accuracy is below the one on what was not moved."""
    harmed = [
        abs(float(shift))
        for shift, accuracy in zip(shifts, one.by_shift, strict=True)
        if not math.isnan(accuracy) and is_above(one.untouched, float(accuracy), examples)
    ]
    nearest = min(harmed, default=math.inf)
    return max((abs(float(shift)) for shift in shifts if abs(shift) < nearest), default=0.0)


def _changed(known: Sequence[Moves], sliders: Sliders) -> str:
    """What is left when patterns grow longest, and when the end is silent."""
    half = int(np.abs(sliders.cuts - 0.5).argmin())
    told = []
    for how, accuracies in (
        (f"{float(sliders.stretches[-1]):.2g} times as long", [one.by_stretch[-1] for one in known]),
        (f"cut to the first {percent(float(sliders.cuts[half]))}", [one.by_cut[half] for one in known]),
    ):
        if not np.isnan(accuracies).any():
            rights = zip([one.title for one in known], map(float, accuracies), strict=True)
            told.append(f"{how}, {scores(list(rights))}")
    return sentence("; ".join(told))
