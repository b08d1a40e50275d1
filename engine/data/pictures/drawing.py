"""A drawing moved and scaled as the pictures of a set are, so that it can be told by what it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

INK = 0.2
"""Share of the brightest value from which a pixel belongs to the drawing."""
SAMPLE = 500
"""Pictures of the set that are looked at."""


@dataclass(frozen=True)
class Frame:
    """How what is shown usually lies in pictures of one side: each a share of the side."""

    extent: float
    """The longer side of its bounding box."""
    row: float
    """Its centre of mass."""
    column: float


def usual_frame(pictures: Tensor) -> Frame:
    """The median over the first of `pictures` (N, 1, S, S) uint8, bright on dark."""
    found = [_box(picture) for picture in pictures[:SAMPLE, 0].numpy()]
    boxes = np.array([box for box in found if box is not None]).reshape(-1, 3)
    if not len(boxes):
        return Frame(1.0, 0.5, 0.5)
    extent, row, column = (np.median(boxes, axis=0) / pictures.shape[-1]).tolist()
    return Frame(extent, row, column)


def framed(drawing: np.ndarray, frame: Frame, side: int) -> np.ndarray:
    """`drawing` (H, W) uint8 as (side, side) uint8: as large, and its centre of mass where it usually is."""
    rows, columns = _ink(drawing)
    if not len(rows):
        return np.zeros((side, side), np.uint8)
    cut = drawing[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = frame.extent * side / max(cut.shape)
    size = tuple(max(1, round(length * scale)) for length in (cut.shape[1], cut.shape[0]))
    small = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BOX))
    middle = _middle(small)
    return _placed(small, side, round(frame.row * side - middle[0]), round(frame.column * side - middle[1]))


def _placed(small: np.ndarray, side: int, top: int, left: int) -> np.ndarray:
    """`small` on a dark ground, moved inside where it would stick out."""
    top = min(max(top, 0), max(0, side - small.shape[0]))
    left = min(max(left, 0), max(0, side - small.shape[1]))
    found = np.zeros((side, side), np.uint8)
    part = small[: side - top, : side - left]
    found[top : top + part.shape[0], left : left + part.shape[1]] = part
    return found


def _box(picture: np.ndarray) -> tuple[float, float, float] | None:
    """The longer side of what is bright, and its centre of mass, in pixels."""
    rows, columns = _ink(picture)
    if not len(rows):
        return None
    extent = max(rows.max() - rows.min(), columns.max() - columns.min()) + 1
    return (float(extent), *_middle(picture))


def _ink(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels that belong to what is shown."""
    rows, columns = np.nonzero(picture >= INK * max(1, int(picture.max(initial=0))))
    return rows, columns


def _middle(picture: np.ndarray) -> tuple[float, float]:
    """Row and column of the centre of mass, in pixels."""
    weights = picture.astype(np.float64)
    total = max(1.0, weights.sum())
    down, across = (np.arange(length) + 0.5 for length in picture.shape)
    return float((weights.sum(1) * down).sum() / total), float((weights.sum(0) * across).sum() / total)
