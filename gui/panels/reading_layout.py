"""Where blocks lie on a canvas: stacked over one axis of positions, or side by side where these go down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from PySide6.QtCore import QRectF

from gui.panels.reading_blocks import Block

GAP = 6.0
CURVE, TALLEST_CURVE = 0.2, 96.0
"""Share of the height that a curve has, and the most; the same whatever stands below it."""
BESIDE = 0.34
"""Share of the width that a picture beside the maps of a network takes at most."""


@dataclass(frozen=True)
class Placed:
    """A block's title line and the rectangle of its values."""

    title: QRectF
    body: QRectF


def stacked(blocks: Sequence[Block], area: QRectF, line: float) -> list[Placed]:
    """One below the other over the whole width; letters take a line, maps share the rest."""
    heads = len(blocks) * line + (len(blocks) - 1) * GAP
    fixed = {"letters": 1.6 * line, "curve": min(CURVE * area.height(), TALLEST_CURVE)}
    taken = sum(fixed.get(block.kind, 0.0) for block in blocks)
    weights = [_weight(block) for block in blocks]
    unit = max(4.0, area.height() - heads - taken) / (sum(weights) or 1.0)
    placed, top = [], area.top()
    for block, weight in zip(blocks, weights, strict=True):
        height = fixed.get(block.kind, unit * weight)
        title = QRectF(area.left(), top, area.width(), line)
        placed.append(Placed(title, QRectF(area.left(), top + line, area.width(), height)))
        top += line + height + GAP
    return placed


def _weight(block: Block) -> float:
    """Layers with more rows are higher, less than in proportion."""
    if block.kind in ("letters", "curve"):
        return 0.0
    return sqrt(max(4, len(block.values))) / 4


def beside_picture(blocks: Sequence[Block], area: QRectF, line: float) -> list[Placed]:
    """The picture that is read at the left, the maps of all layers stacked right of it."""
    height, width = blocks[0].values.shape[1:]
    breadth = min(BESIDE * area.width(), (area.height() - line) * width / height)
    first = _at_left(area, line, breadth, breadth * height / width)
    rest = area.adjusted(breadth + 2 * GAP, 0, 0, 0)
    return [first, *stacked(blocks[1:], rest, line)]


def downwards(blocks: Sequence[Block], area: QRectF, line: float) -> list[Placed]:
    """Side by side, all as high as the picture at the left, whose rows are the positions."""
    height, width = blocks[0].values.shape[1:]
    tall = area.height() - line
    breadth = min(tall * width / height, 0.5 * area.width())
    tall = min(tall, breadth * height / width)
    placed = [_at_left(area, line, breadth, tall)]
    count = max(1, len(blocks) - 1)
    room = (area.width() - breadth - count * 2 * GAP) / count
    left = area.left() + breadth + 2 * GAP
    for _ in blocks[1:]:
        title = QRectF(left, area.top(), room, line)
        placed.append(Placed(title, QRectF(left, area.top() + line, room, tall)))
        left += room + 2 * GAP
    return placed


def _at_left(area: QRectF, line: float, breadth: float, tall: float) -> Placed:
    title = QRectF(area.left(), area.top(), breadth, line)
    return Placed(title, QRectF(area.left(), area.top() + line, breadth, tall))
