"""Numbers as the 256 levels of a colour map, and the level's ground and ink for text on it."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from gui.colour_maps import lookup
from gui.theme import readable

MOST_CONTRAST = 21.0
"""Of black and white; asking for it gives whichever of them is better."""


def levels(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    """Values as 0..255 from `low` to `high`, cut off beyond; not a number becomes 0."""
    with np.errstate(over="ignore"):  # what overflows is cut off
        scaled = values - values.dtype.type(low)
        scaled *= 255 / ((high - low) or 1.0)
        scaled += 0.5
    np.clip(scaled, 0, 255, out=scaled)
    unknown = np.isnan(scaled)
    if unknown.any():
        scaled[unknown] = 0
    return scaled.astype(np.uint8)


def check_scale(low: float, high: float) -> None:
    """Raise ValueError where a colour scale has no ends."""
    if not (isfinite(low) and isfinite(high)):
        raise ValueError(f"A colour scale from {low} to {high} has no ends.")


@lru_cache(maxsize=8)
def grounds_and_inks(colour_map: str) -> tuple[list[QColor], list[int]]:
    """For each of the map's 256 levels its colour, and black or white (0xffRRGGBB) for text on it.

    The better of the two has a contrast of at least 4.58:1 with any ground, more than text needs (WCAG 2.1).
    """
    grounds = [QColor.fromRgb(pixel) for pixel in lookup(colour_map).tolist()]
    return grounds, [QColor(readable(one.name(), one.name(), MOST_CONTRAST)).rgb() for one in grounds]
