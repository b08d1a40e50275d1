"""What a convolution and a recurrent network reach together, against each alone, in a sentence or two."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.labs.grid_versus_loop.finding_words import (
    SURE,
    counted,
    error_between,
    is_above,
    joined,
    percent,
    points,
    sentence,
)
from engine.labs.grid_versus_loop.snapshot import Contestant


def finding_of_parts(whole: Contestant, parts: Sequence[Contestant], examples: int, chance: float) -> str:
    """Of the network made of both and of its parts, tested on so many examples; "" before the first test."""
    known = [one for one in parts if not math.isnan(one.accuracy)]
    if math.isnan(whole.accuracy) or not known or not whole.test_steps[-1]:
        return ""
    after = f"after {counted(int(whole.test_steps[-1]), 'update')}"
    if not is_above(max(one.accuracy for one in (whole, *known)), chance, examples):
        return sentence(f"{after} none beats guessing yet ({percent(chance)})")
    told = joined([_beside(whole, one, examples) for one in known])
    found = sentence(f"{after} the {whole.counted.title} gets {percent(whole.accuracy)} right, {told}")
    margin = SURE * max(error_between(whole.accuracy, one.accuracy, examples) for one in known)
    return f"{found} With {examples:,} test examples, up to {points(margin)} may be chance."


def _beside(whole: Contestant, part: Contestant, examples: int) -> str:
    """How far the whole is ahead of a part, or behind it."""
    other = f"the {part.counted.title} ({percent(part.accuracy)})"
    difference = points(whole.accuracy - part.accuracy)
    if is_above(whole.accuracy, part.accuracy, examples):
        return f"{difference} ahead of {other}"
    if is_above(part.accuracy, whole.accuracy, examples):
        return f"{difference} behind {other}"
    return f"no more than chance apart from {other}"
