"""Writes the numbers of a formula: four significant digits, a true minus sign."""

from __future__ import annotations

import math
from collections.abc import Sequence

WRITTEN_OUT = 4
"""A sum of at most this many products is written out; a longer one is counted."""


def number(value: float) -> str:
    """`value` with four significant digits: "1.460", "−0.3100", "12346", "2.500e−7", "0"."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    rounded = float(f"{value:.3e}")
    if 1e4 <= abs(rounded) < 1e6:
        text = f"{value:.0f}"
    elif 1e-4 <= abs(rounded) < 1e4:
        text = f"{rounded:#.4g}".removesuffix(".")
    else:
        text = f"{value:.3e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−")


def result(value: float) -> str:
    """`number`; what is whole by its type is a count, and written in full: "512", "1,281,000"."""
    return f"{value:,}" if isinstance(value, int) else number(value)


def constant(value: float) -> str:
    """A number that somebody chose, not one that was measured: "6", "0.001", "−1"."""
    return f"{value:.4g}".replace("e-0", "e-").replace("-", "−")


def factor(value: float) -> str:
    """`number`, in brackets where a sign would stand beside another sign: "(−0.3100)"."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def added(value: float) -> str:
    """`value` as the next term of a sum: "+ 0.3100" or "− 0.3100"."""
    return f"− {number(-value)}" if value < 0 else f"+ {number(value)}"


def taken(value: float) -> str:
    """`value` as the next term of a difference: "− 0.3100" or "+ 0.3100"."""
    return f"+ {number(-value)}" if value < 0 else f"− {number(value)}"


def total(terms: Sequence[float]) -> str:
    """The sum of `terms`: "1.000 − 2.000 + 3.000"."""
    return " ".join([number(terms[0]), *map(added, terms[1:])])


def counted(count: int, noun: str) -> str:
    """ "1 product", "27 products"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def product_sum(patch: Sequence[float], kernel: Sequence[float]) -> str:
    """The sum of products: written out while it is short, "27 products summed" otherwise."""
    if len(patch) > WRITTEN_OUT:
        return f"{len(patch)} products summed"
    return " + ".join(f"{factor(a)} × {factor(b)}" for a, b in zip(patch, kernel, strict=True))
