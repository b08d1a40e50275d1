"""A layer's feature maps tiled into one array of levels, and the picture that a lookup table makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from gui.colour_maps import lookup
from gui.panels.tiles import Tiles

SMOOTHEST = 1.5
"""How far drawing bilinearly shrinks without leaving a value out; beyond it values are averaged first."""


@dataclass(frozen=True, eq=False)
class Mosaic:
    """What is shown: `pixels` (rows * height, columns * width) uint8, levels 0..255 from low to high."""

    pixels: NDArray[np.uint8]
    rows: int
    columns: int
    height: int
    width: int
    order: NDArray[np.int64]
    """Channel numbers in the order of the tiles: (count,)."""
    low: NDArray[np.float64]
    """Low end of the colour scale: () shared by all maps, or (count,) in the order of the tiles."""
    high: NDArray[np.float64]
    colour_map: str

    def __post_init__(self) -> None:
        count, size = self.order.size, (self.rows * self.height, self.columns * self.width)
        if self.pixels.shape != size or not 0 < count <= self.rows * self.columns:
            raise ValueError(f"{count} maps in tiles that take {size} do not fit {self.pixels.shape}.")
        if any(end.shape not in ((), (count,)) for end in (self.low, self.high)):
            raise ValueError(f"The ends of the colour scale do not fit {count} maps.")

    @property
    def count(self) -> int:
        return self.order.size

    @property
    def is_shared(self) -> bool:
        """Whether all maps have one colour scale."""
        return self.low.ndim == 0 and self.high.ndim == 0

    def scale(self, position: int) -> tuple[float, float]:
        """Low and high end of the colour scale of the tile at `position`."""
        low, high = (np.broadcast_to(end, self.order.shape)[position] for end in (self.low, self.high))
        return float(low), float(high)

    def position(self, channel: int | None) -> int | None:
        """The tile that shows a channel."""
        if channel is None:
            return None
        found = np.flatnonzero(self.order == channel)
        return int(found[0]) if found.size else None

    def levels(self, position: int) -> NDArray[np.uint8]:
        """The levels of one map: (height, width)."""
        row, column = divmod(position, self.columns)
        down, right = row * self.height, column * self.width
        return self.pixels[down : down + self.height, right : right + self.width]

    def values(self, position: int) -> NDArray[np.float64]:
        """The values of one map as drawn, each one of 256 steps from low to high: (height, width)."""
        low, high = self.scale(position)
        return low + self.levels(position).astype(np.float64) * ((high - low) / 255)


class Coloured:
    """The mosaic as a QImage, made anew only for other levels, another map or a coarser size."""

    def __init__(self) -> None:
        self._mosaic: Mosaic | None = None
        self._halved = 0
        self._levels = np.empty((0, 0), np.uint8)
        self._indexed = QImage()
        self._colour_map = ""
        self._image = QImage()

    def image(self, mosaic: Mosaic, tiles: Tiles) -> QImage:
        """The picture to be stretched over the tiles: averaged first where they are much smaller."""
        halvings = _halvings(tiles)
        if self._mosaic is not mosaic or self._halved != halvings:
            self._mosaic, self._halved = mosaic, halvings
            self._colour(_averaged(mosaic, halvings), mosaic.colour_map)
        return self._image

    def _colour(self, levels: NDArray[np.uint8], colour_map: str) -> None:
        """Qt looks colours up in less time than NumPy, and its table of 1 KiB stays in the cache."""
        if self._levels.shape != levels.shape or self._colour_map != colour_map:
            height, width = levels.shape
            self._levels, self._colour_map = np.empty(levels.shape, np.uint8), colour_map
            self._indexed = QImage(self._levels.data, width, height, width, QImage.Format.Format_Indexed8)
            self._indexed.setColorTable(lookup(colour_map).tolist())
        self._levels[:] = levels
        self._image = self._indexed.convertToFormat(QImage.Format.Format_RGB32)


def _halvings(tiles: Tiles) -> int:
    """How often the maps are halved before they are drawn."""
    shrinking = max(tiles.height / tiles.tile_height, tiles.width / tiles.tile_width)
    return max(0, ceil(log2(shrinking / SMOOTHEST)))


def _averaged(mosaic: Mosaic, halvings: int) -> NDArray[np.uint8]:
    """Levels of a mosaic whose maps are halved, each level the mean of four of the same map."""
    levels = mosaic.pixels.reshape(mosaic.rows, mosaic.height, mosaic.columns, mosaic.width)
    for _ in range(halvings):
        levels = _halved(levels)
    rows, height, columns, width = levels.shape
    return levels.reshape(rows * height, columns * width)


def _halved(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(rows, height, columns, width) to half its height and width; an odd edge counts twice."""
    _, height, _, width = levels.shape
    if height % 2 or width % 2:
        levels = np.pad(levels, ((0, 0), (0, height % 2), (0, 0), (0, width % 2)), mode="edge")
    # Two neighbours read as one number are added by adding its halves, faster than taking every other one.
    pairs = np.ascontiguousarray(levels).view(np.uint16)
    sums = (pairs & 0xFF) + (pairs >> 8)
    return ((sums[:, 0::2] + sums[:, 1::2] + 2) >> 2).astype(np.uint8)
