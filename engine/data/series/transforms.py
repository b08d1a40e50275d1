"""Sequences moved, stretched and cut short: the same pattern at another place, slower, or broken off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Transform:
    """First stretched about the middle, then moved, then cut. Raises ValueError for what is none of these."""

    shift: float = 0.0
    """Positions to the right."""
    stretch: float = 1.0
    """Above 1 the pattern grows longer, and its ends leave the sequence."""
    cut: float = 1.0
    """Share of the sequence that is left, counted from its beginning."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.shift) and 0 < self.stretch < math.inf and 0 <= self.cut <= 1):
            raise ValueError(
                f"cannot be moved by {self.shift}, stretched by {self.stretch}, cut to {self.cut}"
            )


def places(length: int, transform: Transform) -> np.ndarray:
    """(length,) float64: where in the sequence each position reads its value, within 0 .. length − 1.

    What would come from beyond an end is read at that end.
    """
    middle = (length - 1) / 2
    read = (np.arange(length) - transform.shift - middle) / transform.stretch + middle
    return np.clip(read, 0, length - 1)


def kept(length: int, transform: Transform) -> int:
    """How many positions from the beginning are not silent."""
    return round(length * transform.cut)


def transformed(x: np.ndarray, transform: Transform, silence: np.ndarray) -> np.ndarray:
    """`x` (..., T, C) read anew, linearly between two values; what is cut off is `silence` (C,)."""
    length = x.shape[-2]
    read = places(length, transform)
    left = np.minimum(read.astype(np.int64), max(length - 2, 0))
    right = np.minimum(left + 1, length - 1)
    share = (read - left).astype(x.dtype)[:, None]
    result = x[..., left, :] * (1 - share) + x[..., right, :] * share
    result[..., kept(length, transform) :, :] = silence
    return result
