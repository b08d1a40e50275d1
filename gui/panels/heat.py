"""The visible part of a matrix as one image: a pixel column a step, rows averaged where they are many."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from gui.colour_maps import SEQUENTIAL, colours
from gui.panels.levels import levels
from gui.panels.matrix_grid import Grid
from gui.theme import theme

Floats = NDArray[np.float32]


HUGE = np.float32(1e30)
"""Stands for infinity in means, which then are no "not a number"."""


class Heat:
    """Colours a matrix; what was coloured last is kept, so that moving the cursor costs nothing."""

    def __init__(self) -> None:
        self.set(np.empty((0, 0), np.float32), 0.0, 1.0, SEQUENTIAL)

    def set(self, values: Floats, low: float, high: float, colour_map: str) -> None:
        """Colour these values (rows, columns) from `low` to `high`."""
        self._values, self._low, self._high, self._map = values, low, high, colour_map
        self._made_for: object = None
        self._image = QImage()

    def image(self, grid: Grid) -> QImage:
        """The columns in sight, one pixel wide each, and the device pixels in sight of the rows."""
        key = (grid.seen_columns, grid.full_height, grid.down, grid.view.height(), theme().page)
        if key != self._made_for:
            self._made_for, self._image = key, self._colour(grid)
        return self._image

    def _colour(self, grid: Grid) -> QImage:
        seen = grid.seen_columns
        rows = rows_seen(self._values[:, seen.start : seen.stop], grid)
        pixels = np.empty(rows.shape, np.uint32)
        colours(levels(rows, self._low, self._high), self._map, pixels)
        unknown = np.isnan(rows)
        if unknown.any():
            pixels[unknown] = QColor(theme().page).rgb()
        height, width = rows.shape
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        self._pixels = pixels  # which the image looks into
        return image


def rows_seen(values: Floats, grid: Grid) -> Floats:
    """What each device pixel in sight shows of (rows, columns) values: (height, columns).

    The value of the row under its middle, or the mean of the rows it covers where a row is lower than a
    pixel, each counted by how much of it is covered. Rows that are not a number are left out of means.
    """
    height = grid.view.height()
    if grid.full_height >= grid.rows:
        middles = 2 * np.arange(grid.down, grid.down + height) + 1
        return values[middles * grid.rows // (2 * grid.full_height)]
    edges = np.arange(grid.down, grid.down + height + 1) * (grid.rows / grid.full_height)
    first, last = floor(edges[0]), min(grid.rows, ceil(edges[-1]))
    part, edges = values[first:last], np.minimum(edges - first, last - first)
    if np.isfinite(part).all():
        return _covered_sums(part, edges) / np.diff(edges)[:, None].astype(np.float32)
    part, unknown = np.clip(part, -HUGE, HUGE), np.isnan(part)
    shares = _covered_sums((~unknown).astype(np.float32), edges)
    sums = _covered_sums(np.where(unknown, np.float32(0), part), edges)
    least = np.float32(1e-4)  # of a row: what rounding alone may leave
    return np.where(shares > least, sums / np.maximum(shares, least), np.float32(np.nan))


def _covered_sums(values: Floats, edges: NDArray[np.float64]) -> Floats:
    """Sums of (rows, columns) values between neighbouring edges, which lie at least one row apart."""
    whole = np.minimum(edges.astype(np.int64), len(values) - 1)
    beyond = (edges - whole).astype(np.float32)[:, None] * values[whole]
    return np.add.reduceat(values, whole, axis=0)[:-1] + beyond[1:] - beyond[:-1]
