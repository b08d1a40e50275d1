"""Words that the finding and the answers of the gradient flow lab share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.explain.arithmetic_format import number

if TYPE_CHECKING:
    import numpy as np

NEAR_ONE = (-4, 4)
"""Powers of ten between which a number is written without one."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(log10: float) -> str:
    """A number by its decimal logarithm, as a power of ten: "10²⁴", "10⁻³"; "0" for −∞."""
    if not math.isfinite(log10):
        return "no number" if math.isnan(log10) else "0" if log10 < 0 else "∞"
    return f"10{_raised(round(log10))}"


def scientific(log10: float) -> str:
    """The same with its mantissa, however small or large: "3.162 × 10⁻⁵⁰⁰"; "0.5717" near 1, "0" for −∞."""
    if not math.isfinite(log10):
        return power(log10)
    if NEAR_ONE[0] <= log10 < NEAR_ONE[1]:
        return number(10**log10)
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.3f}"
    if mantissa == "10.000":
        mantissa, exponent = "1.000", exponent + 1
    return f"{mantissa} × 10{_raised(exponent)}"


def share(value: float) -> str:
    """A share of 1 in per cent: "98 %", "12.5 %"; tenths where whole numbers would say all, or too little."""
    whole = 0.2 <= value < 0.995 or value in (0, 1)
    text = f"{value:.0%}" if whole else f"{min(value, 0.999) if value < 1 else value:.1%}"
    return text.replace(".0%", "%").replace("%", " %")


def joined(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part) if words else ""


def updates(firsts: np.ndarray, bucket: int, newest: int) -> str:
    """Which updates a bucket holds: "update 7", "updates 33 to 36"; `firsts` are those that begin one."""
    first = int(firsts[bucket])
    last = int(firsts[bucket + 1]) - 1 if bucket + 1 < len(firsts) else max(first, newest)
    return f"update {first}" if first == last else f"updates {first} to {last}"


def _raised(exponent: int) -> str:
    return str(exponent).translate(_RAISED)
