"""Axes as numbers: a scale from low to high, the few round values marked on it, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gui.panels.colour_bar import short

Floats = NDArray[np.float64]
Kind = Literal["linear", "log", "power"]
"""How values are spaced: evenly; by their logarithms; or, being base-10 logarithms themselves (which reach
further than numbers do), evenly and written as powers of ten."""

ROUND = (1.0, 2.0, 5.0, 10.0)
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN_DECADES = 3
"""Powers of ten up to this one are written out, larger and smaller ones raised."""
LEAST_FILLED = 0.4
"""Part of a range that the values must fill for it to stay while values arrive."""


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`; both are positive where it is logarithmic."""

    low: float
    high: float
    kind: Kind = "linear"

    def share(self, values: Floats) -> Floats:
        """How far along the scale values lie: 0 at `low`, 1 at `high`; (n,) to (n,)."""
        low, high = self._even(np.array([self.low, self.high]))
        return (self._even(np.asarray(values, np.float64)) - low) / (high - low)

    def part(self, start: float, end: float) -> Scale:
        """The scale between two shares of it."""
        low, high = self._even(np.array([self.low, self.high]))
        ends = [low + share * (high - low) for share in (start, end)]
        return Scale(*(10.0**end if self.kind == "log" else float(end) for end in ends), self.kind)

    def ticks(self, most: int, whole: bool = False) -> list[float]:
        """About `most` round values on the scale, two at least; `whole` allows only whole numbers."""
        if self.kind == "log":
            return _log_ticks(self.low, self.high, max(2, most))
        whole = whole or self.kind == "power"
        span, parts = self.high - self.low, max(1, most - 1)
        while True:
            step = round_step(span / parts)
            step = max(1.0, step) if whole else step
            first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
            if last > first or (whole and step == 1.0):
                return [place * step for place in range(first, last + 1)]
            parts *= 2

    def _even(self, values: Floats) -> Floats:
        """Values as they are spaced on the screen."""
        return np.log10(values) if self.kind == "log" else values


def round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    decade = 10.0 ** floor(log10(least))
    return next(factor * decade for factor in ROUND if factor * decade >= least * (1 - 1e-9))


def rounded_out(low: float, high: float, kind: Kind = "linear") -> Scale:
    """A scale with round ends around all values from `low` to `high`, which may be equal."""
    if kind == "log":
        first, last = floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9)
        return Scale(10.0**first, 10.0 ** max(last, first + 1), kind)
    if kind == "linear" and high - low <= 1e-9 * max(abs(low), abs(high)):
        around = abs(high) / 10 or 1.0
        low, high = low - around, high + around
    if kind == "power":
        return _rounded_powers(low, high)
    step = round_step((high - low) / 5)
    return Scale(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step)


def _rounded_powers(low: float, high: float) -> Scale:
    """Whole powers of ten, the lower end a round one: a gradient is not larger the further it vanishes."""
    high = float(ceil(high - 1e-9))
    step = max(1.0, round_step(max(1.0, high - low) / 10))
    return Scale(min(floor(low / step + 1e-9) * step, high - 1), high, "power")


def steady(before: Scale | None, low: float, high: float, kind: Kind) -> Scale:
    """The scale for values from `low` to `high`: the one before as long as they lie in it and fill it."""
    if before is not None and before.kind == kind and before.low <= low and high <= before.high:
        first, last = before.share(np.array([low, high]))
        if last - first >= LEAST_FILLED:
            return before
    return rounded_out(low, high, kind)


def tick_texts(ticks: Sequence[float], kind: Kind = "linear", in_percent: bool = False) -> list[str]:
    """The values of an axis, written alike: 0.5, 1.0, 1.5; 10⁻⁵, 10⁰; 20 %."""
    if kind == "log":
        return _decades(ticks)
    if kind == "power":
        return [_raised(round(tick)) for tick in ticks]
    if in_percent:
        return [f"{text} %" for text in tick_texts([tick * 100 for tick in ticks])]
    size = max((abs(tick) for tick in ticks), default=0.0)
    if size and not 1e-4 <= size < 1e7:
        return [short(tick) for tick in ticks]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else size or 1.0
    decimals = max(0, -floor(log10(step) + 1e-9))
    return [f"{tick:,.{decimals}f}".replace("-0", "−0").replace("-", "−") for tick in ticks]


def plain(value: float) -> str:
    """One value of an axis: a whole number in full with its thousands apart, others in three digits."""
    if isfinite(value) and value == round(value) and abs(value) < 1e9:
        return f"{value:,.0f}".replace("-", "−")
    return short(value)


def power_text(log10: float) -> str:
    """The number whose base-10 logarithm is given, in two digits: 0.032, 3.2·10⁻¹²; 0 for −∞."""
    if not isfinite(log10):
        return "0" if log10 < 0 else "∞" if log10 > 0 else "not a number"
    if -PLAIN_DECADES <= log10 < PLAIN_DECADES:
        return f"{10.0**log10:.2g}" if log10 < 2 else f"{10.0**log10:.0f}"
    decade = floor(log10)
    factor = f"{10.0 ** (log10 - decade):.1f}"
    if factor in ("1.0", "10.0"):
        return _raised(decade + (factor == "10.0"))
    return f"{factor}·{_raised(decade)}"


def with_unit(text: str, unit: str) -> str:
    """A value and its unit as they are written together: 20°, 3 ms."""
    return f"{text}{unit}" if unit in ("", "°") else f"{text} {unit}"


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, every so many as there is room for; between two powers 1, 2 and 5 times one."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    if last - first < 1:
        decades = range(floor(log10(low)), ceil(log10(high)) + 1)
        found = [factor * 10.0**decade for decade in decades for factor in ROUND[:3]]
        return [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
    stride = ceil((last - first + 1) / most)
    stride = next((even for even in (1, 2, 5, 10, 20, 50) if even >= stride), stride)
    return [10.0**decade for decade in range(ceil(first / stride) * stride, last + 1, stride)]


def _decades(ticks: Sequence[float]) -> list[str]:
    if all(10.0**-PLAIN_DECADES <= tick <= 10.0**PLAIN_DECADES for tick in ticks):
        return [f"{tick:,.10g}" for tick in ticks]
    texts = []
    for tick in ticks:
        decade = floor(log10(tick) + 1e-9)
        factor = round(tick / 10.0**decade)
        power = _raised(decade)
        texts.append(power if factor == 1 else f"{factor}·{power}")
    return texts


def _raised(decade: int) -> str:
    return f"10{str(decade).translate(RAISED)}"
