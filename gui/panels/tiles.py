"""Where the tiles of a mosaic lie: the arithmetic between device pixels and (tile, row, column)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize

LEAST = 18
"""Longer side below which tiles are not drawn any smaller (device-independent pixels): then one scrolls."""
WHOLE = 0.9
"""The part of the size it could have that a tile keeps at least so that each value gets a whole number of
pixels: all are then equally large, and maps of a pixel a value are drawn in half the time."""
THINNEST = 4
"""Shorter side that a tile keeps, however long and thin its map."""


@dataclass(frozen=True)
class Tiles:
    """`count` maps of height x width values in rows x columns tiles of whole device pixels."""

    rows: int
    columns: int
    height: int
    width: int
    count: int
    tile_height: int
    tile_width: int

    @property
    def full_height(self) -> int:
        """Of the mosaic, in device pixels."""
        return self.rows * self.tile_height

    @property
    def full_width(self) -> int:
        return self.columns * self.tile_width

    @property
    def is_shrunk(self) -> bool:
        """Whether a map takes fewer device pixels than it has values, so that they are averaged."""
        return self.tile_height < self.height or self.tile_width < self.width

    def tile(self, position: int) -> QRect:
        """The tile at a position, in device pixels of the mosaic."""
        row, column = divmod(position, self.columns)
        return QRect(column * self.tile_width, row * self.tile_height, self.tile_width, self.tile_height)

    def value(self, position: int, row: int, column: int) -> QRectF:
        """The place of one value, in device pixels of the mosaic."""
        down, right = self.tile_height / self.height, self.tile_width / self.width
        corner = self.tile(position).topLeft()
        return QRectF(corner.x() + column * right, corner.y() + row * down, right, down)

    def at(self, x: int, y: int) -> tuple[int, int, int] | None:
        """(position, row, column) of the value whose colour the device pixel (x, y) has; None beside."""
        if not (0 <= x < self.full_width and 0 <= y < self.full_height):
            return None
        tile_row, down = divmod(y, self.tile_height)
        tile_column, right = divmod(x, self.tile_width)
        position = tile_row * self.columns + tile_column
        if position >= self.count:
            return None
        # A pixel shows the value under its middle; where that is a border, the one before (as Qt draws it).
        row = ((2 * down + 1) * self.height - 1) // (2 * self.tile_height)
        return position, row, ((2 * right + 1) * self.width - 1) // (2 * self.tile_width)


def fit(rows: int, columns: int, height: int, width: int, count: int, room: QSize, scale: float) -> Tiles:
    """The largest tiles of the maps' own shape for `room` (device pixels; `scale` of them to a pixel).

    Where they would be smaller than `LEAST` they fill the width instead (as far as twice `LEAST`), and the
    mosaic is taller than the room. Where `WHOLE` allows it each value gets a whole number of pixels.
    """
    least = LEAST * scale / max(height, width)
    across = room.width() / (columns * width)
    size = min(across, room.height() / (rows * height))
    if size < least:
        size = min(across, 2 * least)
    if (whole := int(size + 1e-6)) >= max(least, WHOLE * size):
        size = whole
    thinnest = round(THINNEST * scale)
    tile_width = max(1, min(room.width() // columns, max(thinnest, int(size * width + 1e-6))))
    return Tiles(rows, columns, height, width, count, max(thinnest, int(size * height + 1e-6)), tile_width)


def best_columns(count: int, height: int, width: int, room: QSize, scale: float) -> int:
    """The number of columns that makes `count` maps largest in `room`, or fills its width if one scrolls."""
    columns = np.arange(1, count + 1)
    rows = -(-count // columns)
    size = np.minimum(room.width() / (columns * width), room.height() / (rows * height))
    largest = size.max()
    least = LEAST * scale / max(height, width)
    if largest < least:
        return max(1, min(count, int(room.width() / (least * width))))
    # Among equals, the arrangement with the fewest empty places.
    equals = columns[size >= largest * 0.995]
    return int(equals[np.argmin(-(-count // equals) * equals - count)])
