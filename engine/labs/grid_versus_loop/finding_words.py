"""Words and margins of error that the findings of the lab of grid and loop share."""

from __future__ import annotations

import math
from collections.abc import Sequence

SURE = 2.0
"""Standard errors from which a difference is named: a like one comes about by chance once in twenty times."""
NEARLY_ALL = 0.995
"""From which share on whole per cent say too little."""


def percent(share: float) -> str:
    """A share of 1: "94 %", "99.6 %"; "100 %" only where nothing is missing, "?" where it is unknown."""
    if math.isnan(share):
        return "?"
    if NEARLY_ALL <= share < 1:
        return f"{min(share, 0.999):.1%}".replace("%", " %")
    return f"{share:.0%}".replace("%", " %")


def points(difference: float) -> str:
    """A difference of shares without its sign: "38 points", "1 point", "0.4 points"."""
    size = abs(100 * difference)
    said = f"{size:.0f}" if size >= 1 else f"{size:.1f}"
    return f"{said} point{'' if said == '1' else 's'}"


def joined(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else ""


def scores(found: Sequence[tuple[str, float]]) -> str:
    """By title, with the verb told once: "the CNN gets 94 % and the GRU 91 %"."""
    told = [
        f"the {title} {'' if place else 'gets '}{percent(share)}"
        for place, (title, share) in enumerate(found)
    ]
    return joined(told)


def counted(count: int, noun: str) -> str:
    """ "1 update", "2,000 updates"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sentence(text: str) -> str:
    """`text` with a capital at its beginning and a full stop at its end; "" stays."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def error_of(share: float, examples: int) -> float:
    """Standard error of a share of right answers among so many independent test examples."""
    return math.sqrt(share * (1 - share) / examples)


def error_between(share: float, other: float, examples: int) -> float:
    """Standard error of the difference of two shares, each among so many test examples.

    Taken as independent; on the same examples it is smaller, so what is named here holds there too.
    """
    return math.hypot(error_of(share, examples), error_of(other, examples))


def is_above(share: float, other: float, examples: int) -> bool:
    """Whether a share is larger than another by more than chance explains."""
    return share - other > SURE * error_between(share, other, examples)


def are_alike(share: float, other: float, examples: int) -> bool:
    """Whether chance explains the difference of two shares."""
    return not (is_above(share, other, examples) or is_above(other, share, examples))
