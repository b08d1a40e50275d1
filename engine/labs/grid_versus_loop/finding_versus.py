"""How the best grid and the best loop compare on what both were given, in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.labs.grid_versus_loop.finding_contest import finding_of_contest
from engine.labs.grid_versus_loop.finding_words import counted, is_above, percent, points, scores, sentence
from engine.labs.grid_versus_loop.snapshot import Contestant


def finding_versus(
    entrants: Sequence[Contestant], examples: int, chance: float, *, grid_does: str, loop_does: str
) -> str:
    """Of networks that learn the same, tested on so many examples; "" before the first test.

    `grid_does` and `loop_does` end "the CNN, which …" and "the GRU, which …".
    """
    known = [one for one in entrants if not math.isnan(one.accuracy)]
    grid, loop = _best(known, "grid"), _best(known, "loop")
    if grid is None or loop is None or not is_above(max(grid.accuracy, loop.accuracy), chance, examples):
        return finding_of_contest(entrants, examples, chance)
    if not grid.test_steps[-1]:
        return ""
    after = f"after {counted(int(grid.test_steps[-1]), 'update')}"
    seen = f"the {grid.counted.title}, which {grid_does}, gets {percent(grid.accuracy)} right"
    told = f"{after} {seen} and the {loop.counted.title}, which {loop_does}, {percent(loop.accuracy)}"
    rest = [one for one in known if one is not grid and one is not loop]
    others = scores([(one.counted.title, one.accuracy) for one in rest])
    return " ".join(filter(None, (sentence(f"{told}: {_apart(grid, loop, examples)}"), sentence(others))))


def _best(known: Sequence[Contestant], family: str) -> Contestant | None:
    own = [one for one in known if one.counted.family == family]
    return max(own, key=lambda one: one.accuracy, default=None)


def _apart(grid: Contestant, loop: Contestant, examples: int) -> str:
    """Who of the two is ahead, where it is not chance."""
    difference = points(grid.accuracy - loop.accuracy)
    if is_above(grid.accuracy, loop.accuracy, examples):
        return f"the grid is {difference} ahead"
    if is_above(loop.accuracy, grid.accuracy, examples):
        return f"the loop is {difference} ahead"
    return f"with {examples:,} test examples that is no more than chance apart"
