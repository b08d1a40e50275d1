"""A matrix drawn at any size: each pixel shows the mean of what it covers, never a chosen one of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]
LEAST = 1e-4
"""Of a pixel: what rounding alone may leave covered."""


@dataclass(frozen=True)
class Borders:
    """How pixels lie on intervals, along one side of a picture."""

    widths: np.ndarray
    """(n,) of the intervals, in pixels."""
    first: np.ndarray
    """(pixels + 1,) the interval in which each border between pixels lies."""
    part: np.ndarray
    """(pixels + 1,) how much of it lies before the border, 0 to 1."""


def borders(edges: ArrayLike, pixels: int, end: float) -> Borders:
    """Of `pixels` pixels on the intervals between `edges` (n + 1,).

    The edges ascend from 0 on and lie on a scale whose `end` is the last pixel's.
    """
    scaled = np.asarray(edges, np.float64) * (pixels / end)
    places = np.interp(np.arange(pixels + 1), scaled, np.arange(len(scaled)))
    first = np.minimum(places.astype(np.int64), len(scaled) - 2)
    return Borders(np.diff(scaled), first, places - first)


def resampled(values: Floats, rows: Borders, columns: Borders) -> NDArray[np.float32]:
    """Means over pixels: (height, width) from (R, C) values.

    What is not a number is left out of the means; a pixel that covers nothing else is not a number. Sums up
    to each border are what it takes: a product of matrices would wake the threads of NumPy's library, which
    wait for each other while something trains.
    """
    known = ~np.isnan(values)
    if known.all():
        sums = _sums(_sums(values, columns).T, rows).T
        shares = _sums(np.ones(len(rows.widths)), rows)[:, None] * _sums(
            np.ones(len(columns.widths)), columns
        )
    else:
        sums = _sums(_sums(np.where(known, values, 0), columns).T, rows).T
        shares = _sums(_sums(known, columns).T, rows).T
    return np.where(shares > LEAST, sums / np.maximum(shares, LEAST), np.nan).astype(np.float32)


def _sums(values: np.ndarray, of: Borders) -> np.ndarray:
    """(..., pixels) from (..., n): the values in each pixel, each times how much of the pixel it covers."""
    until = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values * of.widths, axis=-1, out=until[..., 1:])
    low, high = until[..., of.first], until[..., of.first + 1]
    return np.diff(low + of.part * (high - low))
