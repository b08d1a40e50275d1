"""What layers make of a sequence, as blocks on its positions: curves, letters, heat maps, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from gui.colour_maps import DIVERGING, SEQUENTIAL, colours
from gui.panels.levels import levels
from gui.panels.resample import borders, resampled

BlockKind = Literal["curve", "letters", "heat", "pictures"]
TILE_GAP = 2.0
"""Pixels between two pictures of a block."""


@dataclass(frozen=True, eq=False)
class Block:
    """One layer's values, or what the network reads."""

    title: str
    told: str
    """What its values are called: the array that the signals of the panel name."""
    kind: BlockKind
    values: np.ndarray
    """(rows, positions) of a curve or heat map, (channels, height, width) of pictures, (1, positions) of
    letters."""
    row: str = "channel"
    """What a row, or a picture, is called."""
    colour: str | int = "text"
    """Of the title's mark, and of a curve."""
    stride: float = 1.0
    """Positions of the input from one value to the next."""
    offset: float = 0.0
    """The position of the input under the middle of the first value."""
    letters: tuple[str, ...] = ()
    is_input: bool = False
    """Its values are told as (position, channel), the input's own order."""

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Ends of its colours: the 1st to the 99th percentile, around zero where there are both signs."""
        known = self.values[np.isfinite(self.values)]
        if not len(known):
            return 0.0, 1.0
        ends = round(0.01 * (len(known) - 1)), round(0.99 * (len(known) - 1))
        found = np.partition(known, ends)
        low, high = float(found[ends[0]]), float(found[ends[1]])
        if self.is_signed:
            high = max(abs(low), abs(high))
            low = -high
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    @cached_property
    def is_signed(self) -> bool:
        """Whether some values are clearly below zero and others above."""
        if self.kind == "pictures" and self.is_input:
            return False
        known = self.values[np.isfinite(self.values)]
        return bool(len(known)) and float(known.min()) < 0 < float(known.max())

    @property
    def colour_map(self) -> str:
        return DIVERGING if self.is_signed else SEQUENTIAL

    def edges(self, length: int) -> np.ndarray:
        """(n + 1,) where each value begins and the last ends, as shares of a sequence of `length`."""
        places = self.offset + (np.arange(self.values.shape[-1] + 1) - 0.5) * self.stride
        return np.clip((places + 0.5) / length, 0.0, 1.0)


def heat_image(block: Block, edges: np.ndarray, width: int, height: int, *, downwards: bool) -> QImage:
    """The block's rows coloured at the size they are drawn in; `downwards` positions go down."""
    low, high = block.limits
    values = np.asarray(block.values, np.float32)
    along, rows = width, height
    if downwards:
        along, rows = height, width
    columns = borders(edges - edges[0], along, float(edges[-1] - edges[0]))
    shown = resampled(values, borders(np.arange(len(values) + 1), rows, len(values)), columns)
    return coloured(shown.T if downwards else shown, low, high, block.colour_map)


def tiles_image(block: Block, width: int, height: int) -> QImage:
    """The block's pictures one below the other, each of this size; what is read itself is grey."""
    count, rows, columns = block.values.shape
    flat = np.asarray(block.values, np.float32).reshape(count * rows, columns)
    down = borders(np.arange(count * rows + 1), count * height, count * rows)
    shown = resampled(flat, down, borders(np.arange(columns + 1), width, columns))
    low, high = block.limits
    if not block.is_input:
        return coloured(shown, low, high, block.colour_map)
    grey = np.ascontiguousarray(np.clip((shown - low) / (high - low), 0, 1) * 255, np.uint8)
    return QImage(grey.tobytes(), width, count * height, width, QImage.Format.Format_Grayscale8).copy()


def coloured(values: np.ndarray, low: float, high: float, colour_map: str) -> QImage:
    """(height, width) values as a picture."""
    values = np.ascontiguousarray(values, np.float32)
    pixels = np.empty(values.shape, np.uint32)
    colours(levels(values, low, high), colour_map, pixels)
    height, width = pixels.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()


@dataclass(frozen=True)
class Tiles:
    """Where the pictures of a block lie."""

    body: QRectF
    columns: int
    width: float
    height: float

    def rect(self, place: int) -> QRectF:
        """Of one picture."""
        down, across = divmod(place, self.columns)
        left = self.body.left() + across * (self.width + TILE_GAP)
        return QRectF(left, self.body.top() + down * (self.height + TILE_GAP), self.width, self.height)

    def at(self, point: QPointF, count: int) -> int | None:
        """The picture under a point."""
        across = floor((point.x() - self.body.left()) / (self.width + TILE_GAP))
        down = floor((point.y() - self.body.top()) / (self.height + TILE_GAP))
        place = down * self.columns + across
        if not (0 <= across < self.columns and 0 <= place < count):
            return None
        return place if self.rect(place).contains(point) else None


def lay_tiles(body: QRectF, count: int, height: int, width: int) -> Tiles:
    """As large as `count` pictures of (height, width) can be in a rectangle."""

    def scale(columns: int) -> float:
        rows = ceil(count / columns)
        across = (body.width() - (columns - 1) * TILE_GAP) / columns / width
        return min(across, (body.height() - (rows - 1) * TILE_GAP) / rows / height)

    columns = max(range(1, count + 1), key=scale)
    best = max(0.5 / max(width, height), scale(columns))
    return Tiles(body, columns, best * width, best * height)
