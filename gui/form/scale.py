"""How a number field's values lie along a slider, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from engine.settings import Setting

NOTCHES = 100
"""About as many positions as a slider gets where the setting names no step."""
PER_DECADE = 20
"""Positions for each power of ten of a logarithmic slider, so that two digits tell them apart."""
MOST_NOTCHES = 2000
"""Beyond this many positions a slider says nothing, and a number field stands alone."""
DECADES = 3
"""A range above zero that spans this many powers of ten gets a logarithmic slider."""


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` in steps; without both ends it only writes numbers."""

    low: float | None
    high: float | None
    step: float
    whole: bool
    logarithmic: bool = False

    @property
    def notches(self) -> int:
        """Positions of a slider, less one. Raises TypeError on a range that has no ends."""
        low, high = self._ends()
        if self.logarithmic:
            return round(math.log10(high / low) * PER_DECADE)
        return max(1, math.ceil((high - low) / self.step - 1e-9))

    @property
    def has_slider(self) -> bool:
        if self.low is None or self.high is None or self.high <= self.low:
            return False
        return self.notches <= MOST_NOTCHES

    def value(self, notch: int) -> float | int:
        """The value at a slider's position."""
        low, high = self._ends()
        if notch <= 0 or notch >= self.notches:
            return self._typed(low if notch <= 0 else high)
        if self.logarithmic:
            return self._typed(float(f"{low * (high / low) ** (notch / self.notches):.2g}"))
        return self._typed(round(low + notch * self.step, self.decimals))

    def notch(self, value: float) -> int:
        """The slider's position nearest to a value."""
        low, high = self._ends()
        if value >= high:
            return self.notches
        if self.logarithmic:
            return round(math.log(max(value, low) / low) / math.log(high / low) * self.notches)
        return round((max(value, low) - low) / self.step)

    @property
    def decimals(self) -> int:
        """Digits behind the point that the steps need."""
        if self.whole:
            return 0
        return max(_decimals(self.step), _decimals(self.low or 0.0))

    def text(self, value: float) -> str:
        """A value as the field writes it, with a true minus sign."""
        if self.whole:
            text = str(round(value))
        elif self.logarithmic or round(value, self.decimals) != value:
            text = f"{value:.6g}".replace("e-0", "e-")
        else:
            text = f"{value:.{self.decimals}f}"
        return text.replace("-", "−")

    def samples(self) -> list[str]:
        """Texts among which is the longest that the field will usually show."""
        ends = [self.text(end) for end in (self.low, self.high) if end is not None]
        if self.has_slider:
            return [*ends, *(self.text(self.value(notch)) for notch in (1, self.notches - 1))]
        return [*ends, "00000" if self.whole else "0.00000"]

    def clamped(self, value: float) -> float | int:
        """`value` within the range, of the field's type."""
        if self.low is not None:
            value = max(value, self.low)
        if self.high is not None:
            value = min(value, self.high)
        return self._typed(value)

    def _typed(self, value: float) -> float | int:
        return round(value) if self.whole else float(value)

    def _ends(self) -> tuple[float, float]:
        if self.low is None or self.high is None:
            raise TypeError("this range has no ends")
        return self.low, self.high


def scale_of(about: Setting, kind: type, default: float) -> Scale:
    """The scale of an int or float field."""
    low, high, whole = about.low, about.high, kind is int
    if about.step is not None:
        return Scale(low, high, about.step, whole)
    if whole:
        return Scale(low, high, 1, whole)
    if low is not None and high is not None:
        wide = low > 0 and high / low >= 10**DECADES
        return Scale(low, high, low if wide else _round_step((high - low) / NOTCHES), whole, wide)
    size = abs(default) or 1.0
    return Scale(low, high, _round_step(size / 10), whole)


def _round_step(size: float) -> float:
    """The largest of 1, 2, 5 x 10^k that is not above `size`."""
    power = math.floor(math.log10(size) + 1e-9)
    factor = next(factor for factor in (5, 2, 1) if factor * 10.0**power <= size * (1 + 1e-9))
    return float(f"{factor}e{power}")


def _decimals(value: float) -> int:
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
