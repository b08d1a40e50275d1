"""A matrix drawn at any size: each pixel shows the mean of what it covers, never a chosen one of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
LEAST = np.float32(1e-4)
"""Of a pixel: what rounding alone may leave covered."""


def coverage(edges: ArrayLike, pixels: int, end: float) -> Floats:
    """How much of each pixel each interval covers: (pixels, intervals), 0 to 1.

    `edges` (intervals + 1,) ascend from 0 on and lie on a scale whose `end` is the last pixel's.
    """
    scaled = np.asarray(edges, np.float64) * (pixels / end)
    tops = np.arange(pixels, dtype=np.float64)[:, None]
    covered = np.minimum(scaled[1:], tops + 1) - np.maximum(scaled[:-1], tops)
    return np.clip(covered, 0, None).astype(np.float32)


def resampled(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """Means over pixels: (height, width) from (R, C) values and coverages (height, R) and (width, C).

    What is not a number is left out of the means; a pixel that covers nothing else is not a number.
    """
    known = ~np.isnan(values)
    if known.all():
        sums = rows @ (values @ columns.T)
        shares = rows.sum(axis=1)[:, None] * columns.sum(axis=1)
    else:
        sums = rows @ (np.where(known, values, np.float32(0)) @ columns.T)
        shares = rows @ (known.astype(np.float32) @ columns.T)
    return np.where(shares > LEAST, sums / np.maximum(shares, LEAST), np.float32(np.nan))
