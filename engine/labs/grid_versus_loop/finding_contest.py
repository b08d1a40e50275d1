"""What a contest has shown so far, in a sentence or two: who leads, who is as good, and at what price."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.labs.grid_versus_loop.finding_words import are_alike, counted, is_above, joined, percent, sentence
from engine.labs.grid_versus_loop.snapshot import Contestant

DEARER = 1.5
"""From how many times the time of an update a network is called dearer."""


def finding_of_contest(entrants: Sequence[Contestant], examples: int, chance: float) -> str:
    """Of networks that learn the same, tested on so many `examples`. "" before the first test."""
    known = [one for one in entrants if not math.isnan(one.accuracy)]
    if not known or not any(one.test_steps[-1] for one in known):
        return ""
    updates = int(max(one.test_steps[-1] for one in known))
    ranked = sorted(known, key=lambda one: one.accuracy, reverse=True)
    best = ranked[0]
    if not is_above(best.accuracy, chance, examples):
        guessing = f"After {counted(updates, 'update')} none beats guessing yet ({percent(chance)})."
        return " ".join(filter(None, (guessing, _gone(known))))
    alike = [one for one in ranked[1:] if are_alike(one.accuracy, best.accuracy, examples)]
    behind = [one for one in ranked[1:] if one not in alike]
    parts = [f"after {counted(updates, 'update')} {_leads(best, alike)}", _follow(behind)]
    return " ".join(filter(None, (sentence("; ".join(filter(None, parts))), _gone(known))))


def _leads(best: Contestant, alike: Sequence[Contestant]) -> str:
    first = f"the {best.counted.title} is right about {percent(best.accuracy)} of what it never saw"
    others = joined([f"the {one.counted.title} ({percent(one.accuracy)})" for one in alike])
    return f"{first}, {others} as good within chance" if others else first


def _follow(behind: Sequence[Contestant]) -> str:
    return joined([f"the {one.counted.title} {percent(one.accuracy)}" for one in behind])


def price_of_contest(entrants: Sequence[Contestant]) -> str:
    """How much longer a loop's update takes than a grid's, where both take part; "" before that is known."""
    times = {
        family: [one for one in entrants if one.counted.family == family and one.milliseconds > 0]
        for family in ("grid", "loop")
    }
    if not all(times.values()):
        return ""
    grid = min(times["grid"], key=lambda one: one.milliseconds)
    loop = max(times["loop"], key=lambda one: one.milliseconds)
    ratio = loop.milliseconds / grid.milliseconds
    if ratio < DEARER:
        return ""
    chain = f"{loop.counted.sequential_steps:,} steps one after the other"
    chain += f" against {grid.counted.sequential_steps}"
    longer = f"takes {ratio:.1f} times as long as the {grid.counted.title}’s"
    return f"An update of the {loop.counted.title} {longer}: {chain}."


def _gone(known: Sequence[Contestant]) -> str:
    gone = [one for one in known if one.exploded_at is not None]
    return " ".join(
        f"The {one.counted.title}’s loss was no number at update {one.exploded_at:,}." for one in gone
    )
