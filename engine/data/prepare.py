"""From a picture to what the network reads: resized, cropped, scaled; and what surrounds the crop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image

from engine.models.preprocessing import Preprocessing

SURROUNDINGS = 3
"""The context is at most this many crops wide and high."""
WHOLE = 4096
"""Long side in resized pixels up to which a picture is resized as a whole. Of a longer one only the context
is computed; Pillow then rounds the region's edges to 32 bits, which moves single values by one level."""
_MARGIN = 3
"""Source pixels beyond a region that any of Pillow's filters reads, in units of the reduction (Lanczos)."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture on its way into a network that reads S x S pixels."""

    rgb: np.ndarray = field(repr=False)
    """(S, S, 3) uint8, read-only: the crop, as the network sees it; of grey, three equal values a pixel."""
    x: torch.Tensor = field(repr=False)
    """(1, C, S, S) float32: the same, normalised; the network's input. C is 1 where it reads grey, else 3."""
    context: np.ndarray = field(repr=False)
    """(h, w, 3) uint8, read-only: the crop with its surroundings at the same scale, at most 3 S each way."""
    left: int
    """Column of `context` at which the crop begins."""
    top: int
    """Row of `context` at which the crop begins."""
    preprocessing: Preprocessing


def prepare(rgb: np.ndarray, preprocessing: Preprocessing) -> Prepared:
    """`rgb` (H, W, 3) uint8 as the evaluation pipelines of torchvision and timm would give it to the model.

    The short side is resized with Pillow's antialiased filter, then the centre is cropped; both round
    as torchvision does, so the bytes are the same (to one level beyond an aspect of WHOLE / `resize`). Even
    30,000 x 10 pixels cost little more than a square. For a network that reads grey it becomes grey then, by
    the luma of ITU-R 601-2 as Pillow has it.

    Raises ValueError where the crop is larger than `resize`.
    """
    crop = preprocessing.crop
    if crop > preprocessing.resize:
        raise ValueError(f"a crop of {crop} does not fit in a short side of {preprocessing.resize}")
    height, width = _resized_shape(rgb.shape[:2], preprocessing.resize)
    left, first_column, columns = _window(width, crop)
    top, first_row, rows = _window(height, crop)
    box = (first_column, first_row, first_column + columns, first_row + rows)
    resize = _resize_whole if max(width, height) <= WHOLE else _resize_region
    context = resize(rgb, (width, height), box, Image.Resampling[preprocessing.interpolation.upper()])
    if preprocessing.is_grey:
        context = np.asarray(Image.fromarray(context).convert("L").convert("RGB")).copy()
    left, top = left - first_column, top - first_row
    inside = context[top : top + crop, left : left + crop].copy()
    x = normalise(torch.from_numpy(inside).permute(2, 0, 1).to(torch.float32).div(255), preprocessing)
    inside.flags.writeable = context.flags.writeable = False
    return Prepared(inside, x, context, left, top, preprocessing)


def normalise(rgb: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """`rgb` (3, S, S) float in [0, 1] as the network's input (1, C, S, S): (value - mean) / std a channel.

    Of a network that reads grey `rgb` has three equal channels, of which one goes in.
    """
    mean, std = (
        torch.tensor(numbers, dtype=rgb.dtype, device=rgb.device)[:, None, None]
        for numbers in (preprocessing.mean, preprocessing.std)
    )
    return rgb[: len(preprocessing.mean)].sub(mean).div_(std)[None]


def _resized_shape(shape: tuple[int, int], short_side: int) -> tuple[int, int]:
    """(height, width) after resizing; the long side is rounded down, as in torchvision."""
    height, width = shape
    if width <= height:
        return int(short_side * height / width), short_side
    return short_side, int(short_side * width / height)


def _window(length: int, crop: int) -> tuple[int, int, int]:
    """Along one side: where the crop begins, where its context begins, and how long that is."""
    start = round((length - crop) / 2)
    beside = crop * (SURROUNDINGS - 1) // 2
    first, last = max(0, start - beside), min(length, start + crop + beside)
    return start, first, last - first


def _resize_whole(
    rgb: np.ndarray, size: tuple[int, int], box: tuple[int, int, int, int], filter_: Image.Resampling
) -> np.ndarray:
    """The part `box` (left, top, right, bottom) of `rgb` resized to `size` (width, height)."""
    return np.array(Image.fromarray(np.ascontiguousarray(rgb)).resize(size, filter_).crop(box))


def _resize_region(
    rgb: np.ndarray, size: tuple[int, int], box: tuple[int, int, int, int], filter_: Image.Resampling
) -> np.ndarray:
    """The same from those pixels alone that the part depends on."""
    across = _source_span(box[0], box[2], size[0], rgb.shape[1])
    down = _source_span(box[1], box[3], size[1], rgb.shape[0])
    part = Image.fromarray(np.ascontiguousarray(rgb[down[2] : down[3], across[2] : across[3]]))
    edges = (across[0] - across[2], down[0] - down[2], across[1] - across[2], down[1] - down[2])
    return np.array(part.resize((box[2] - box[0], box[3] - box[1]), filter_, box=edges))


def _source_span(first: int, last: int, resized: int, source: int) -> tuple[float, float, int, int]:
    """Resized pixels [first, last) in source pixels: exactly, and with all that their filter reads."""
    begin, end = first * source / resized, last * source / resized
    reach = math.ceil(_MARGIN * max(1.0, source / resized)) + 1
    return begin, end, max(0, math.floor(begin) - reach), min(source, math.ceil(end) + reach)
