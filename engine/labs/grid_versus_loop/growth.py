"""How what was measured grows: the exponent of a power law, and what one more position adds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

GROWN = 128
"""The length from which on growth is fitted: below it, calling a layer costs more than what it does."""
FEWEST = 3
"""Points that a straight line is laid through."""
LINEAR = 0.15
"""How far from 1 an exponent may be for growth that is called linear."""


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """p of y ≈ c xᵖ, by least squares through the logarithms; NaN where fewer than 3 points are known."""
    known = _known(x, y)
    return math.nan if known is None else _slope(np.log(known[0]), np.log(known[1]))


def per_unit(x: Sequence[float], y: Sequence[float]) -> float:
    """b of y ≈ a + b x, by least squares; NaN where fewer than 3 points are known."""
    known = _known(x, y)
    return math.nan if known is None else _slope(*known)


def is_linear(power: float) -> bool:
    """Whether growth with this exponent is called linear; nothing that is unknown is."""
    return abs(power - 1) <= LINEAR


def microseconds(value: float) -> str:
    """A time in three digits, for a sentence: "1,920 µs", "4.31 µs"."""
    if math.isnan(value):
        return "an unknown time"
    return f"{value:,.0f} µs" if value >= 100 else f"{value:.3g} µs"


def _known(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray] | None:
    places, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
    is_known = np.isfinite(values) & (values > 0)
    return (places[is_known], values[is_known]) if is_known.sum() >= FEWEST else None


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    away = x - x.mean()
    return float((away * (y - y.mean())).sum() / (away**2).sum())
