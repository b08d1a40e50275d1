"""From activation to screen: a layer's feature maps as one uint8 picture, made by torch, read once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.explain.colour_limits import extremes, layer_limits, map_limits
from engine.read_only import read_only

Scale = Literal["map", "layer", "network"]
Order = Literal["channel", "mean", "peak"]

MIDDLE = 128
"""The level of a map whose values are all the same, on a scale of its own."""

SPREAD_SAMPLE = 256
"""Values of a map, evenly strided, that `thumbnail` judges its variety by."""


@dataclass(frozen=True)
class Mosaic:
    """Feature maps side by side, row by row, each value one of 256 levels between two limits.

    Level 0 is `low` or less, level 255 `high` or more. Tiles beyond `count` are 0.
    """

    pixels: np.ndarray
    """uint8 (rows * height, columns * width), read-only."""
    rows: int
    columns: int
    height: int
    width: int
    count: int
    """How many tiles hold a map."""
    low: np.ndarray
    """float32, read-only: (count,) by tile where each map has its own scale, else ()."""
    high: np.ndarray
    order: np.ndarray
    """(count,) the channel shown at each tile, read-only."""
    finite: bool
    """False where a value was NaN or infinite; such a value is drawn as level 0."""

    def cell(self, row: int, column: int) -> tuple[int, int, int] | None:
        """The (channel, row, column) drawn at a pixel of the mosaic, `None` where there is none."""
        if not (0 <= row < self.rows * self.height and 0 <= column < self.columns * self.width):
            return None
        tile = row // self.height * self.columns + column // self.width
        if tile >= self.count:
            return None
        return int(self.order[tile]), row % self.height, column % self.width

    def limits(self, channel: int) -> tuple[float, float]:
        """The values at levels 0 and 255 of a channel that is shown; ValueError for any other."""
        tile = self.order.tolist().index(channel)
        low, high = (limit[tile] if limit.ndim else limit for limit in (self.low, self.high))
        return float(low), float(high)


def mosaic(
    maps: Tensor,
    *,
    scale: Scale = "map",
    order: Order = "channel",
    limits: tuple[float, float] | None = None,
    columns: int | None = None,
    aspect: float = 1.0,
    robust: bool = True,
) -> Mosaic:
    """Quantise `maps` (C, H, W) to uint8 and tile them.

    `scale` says which limits the 256 levels run between: "map" each map's own, "layer" those of all
    maps, "network" the given `limits`. The first two are the 1st and 99th percentile if `robust`
    (see `colour_limits` for when they are sampled), else minimum and maximum. `order` sorts the tiles
    by channel, or by descending mean or largest value. Without `columns`, as many as let the maps
    fill an area of `aspect` (width / height) best.

    Raises ValueError for maps that are not (C, H, W) or empty, for "network" without `limits`, and
    for limits that do not rise.
    """
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(f"feature maps are (C, H, W), each at least 1, not {tuple(maps.shape)}")
    count, height, width = maps.shape
    values, finite = _values(maps)
    ends = _limits(values, width, scale, limits, robust)
    levels = _levels(values, ends, finite)
    shown = _order(values, order, finite)
    if order != "channel":
        levels, ends = levels[shown], ends[shown] if scale == "map" else ends
    across = columns or best_columns(count, height, width, aspect)
    down = -(-count // across)
    pixels = _tile(levels.reshape(count, height, width), down, across)
    low, high = (read_only((ends if scale == "map" else ends[0])[..., side]) for side in (0, 1))
    return Mosaic(read_only(pixels), down, across, height, width, count, low, high, read_only(shown), finite)


def thumbnail(maps: Tensor, tile: int = 22, count: int = 9, *, signed: bool = False) -> Mosaic:
    """A small mosaic of the `count` most varied maps of `maps` (C, H, W), the most varied first.

    Variety is the standard deviation of an even sample of a map. A map larger than `tile` is averaged
    down to it, never thinned out; the longer side becomes `tile`. Each map has its own scale, or where they
    are `signed` all have one that is the same on both sides of zero. Maps of a single number are drawn
    as one map, because on scales of their own all would look alike.
    """
    if maps[0].numel() == 1:
        maps = as_maps(maps.flatten())
    chosen = _most_varied(maps, count)
    shrink = min(1.0, tile / max(maps.shape[1:]))
    height, width = (max(1, round(side * shrink)) for side in maps.shape[1:])
    small = F.adaptive_avg_pool2d(maps.detach().index_select(0, chosen).float(), (height, width))
    if signed:
        high = float(small.nan_to_num(0.0, 0.0, 0.0).abs().max()) or 1.0
        return replace(mosaic(small, scale="network", limits=(-high, high)), order=_read(chosen))
    return replace(mosaic(small), order=_read(chosen))


def as_maps(output: Tensor) -> Tensor:
    """A layer's output without its batch as feature maps (C, H, W), by reshaping alone.

    (C, H, W) stays. (F,) becomes one map whose rows follow each other, as near to square as F allows
    without a gap; (N, D) becomes one map; leading axes beyond three are laid one after the other.
    """
    if output.ndim < 2:
        size = output.numel()
        rows = next(r for r in range(math.isqrt(size), 0, -1) if size % r == 0) if size else 1
        return output.reshape(1, rows, -1)
    return output.reshape(-1, *output.shape[-2:])


def index_behind(shape: tuple[int, ...], cell: tuple[int, int, int]) -> tuple[int, ...]:
    """Where in an output of `shape` (without batch) the value at `cell` of its `as_maps` stands."""
    as_shown = tuple(as_maps(torch.empty(shape, device="meta")).shape)
    place = int(np.ravel_multi_index(cell, as_shown))
    return tuple(int(at) for at in np.unravel_index(place, shape))


@lru_cache(maxsize=256)
def best_columns(count: int, height: int, width: int, aspect: float) -> int:
    """How many columns draw `count` tiles largest in an area of `aspect`; the fewest empty among equals."""
    across = np.arange(1, count + 1)
    down = -(-count // across)
    size = np.minimum(aspect / (across * width), 1 / (down * height))
    empty = across * down - count
    return int(across[np.lexsort((empty, -np.round(size, 12)))[0]])


def _values(maps: Tensor) -> tuple[Tensor, bool]:
    """The maps as float32 (C, H*W), NaN for what is not finite, and whether all is finite."""
    values = maps.detach().reshape(len(maps), -1).float()
    # A sum reads memory once and is finite only if all terms are: 25 times cheaper than isfinite.
    if math.isfinite(float(values.sum())):
        return values, True
    good = values.isfinite()
    return torch.where(good, values, torch.nan), bool(good.all())


def _limits(
    values: Tensor, width: int, scale: Scale, limits: tuple[float, float] | None, robust: bool
) -> np.ndarray:
    """The values at levels 0 and 255, float32: (C, 2), or (1, 2) for a shared scale."""
    if scale == "map":
        return map_limits(values, width) if robust else extremes(values)
    if scale == "layer":
        return layer_limits(values) if robust else extremes(values.reshape(1, -1))
    if limits is None:
        raise ValueError("the scale of the whole network needs its limits")
    if not limits[0] < limits[1]:
        raise ValueError(f"limits rise: not {limits[0]} to {limits[1]}")
    return np.array([limits], np.float32)


def _levels(values: Tensor, limits: np.ndarray, finite: bool) -> np.ndarray:
    """(C, H*W) numbers from 0 to 255 whose whole part is the nearest level."""
    low, span = limits[:, :1], limits[:, 1:] - limits[:, :1]
    # `255 / span` would multiply by a reciprocal, which may be so small that it is flushed to zero.
    with np.errstate(divide="ignore", over="ignore"):
        step = np.float32(255) / span
    flat = np.isinf(step)
    step[flat] = 0
    # Whoever takes the whole part cuts off; a scale that begins half a level lower makes it round.
    start, step = (torch.from_numpy(each).to(values.device) for each in (low - span / 510, step))
    levels = values.sub(start).mul_(step)
    if flat.any():
        levels.add_(torch.from_numpy(np.float32(MIDDLE) * flat).to(values.device))
    levels.clamp_(0, 255)
    if not finite:
        levels.nan_to_num_(0)
    if values.device.type != "cpu":
        levels = levels.to(torch.uint8)  # a quarter to read; on a CPU `_tile` does it in passing
    return levels.cpu().numpy()


def _order(values: Tensor, order: Order, finite: bool) -> np.ndarray:
    """(C,) the channels in the order they are shown; a channel without a finite value comes last."""
    if order == "channel":
        return np.arange(len(values))
    if order == "mean":
        key = values.mean(1) if finite else values.nanmean(1)  # the latter takes ten times as long
    else:
        key = (values if finite else values.nan_to_num(-torch.inf)).amax(1)
    return key.nan_to_num(-torch.inf).argsort(descending=True, stable=True).cpu().numpy()


def _tile(levels: np.ndarray, down: int, across: int) -> np.ndarray:
    """The whole parts of (C, H, W) as uint8 (down * H, across * W), 0 where there is no map."""
    count, height, width = levels.shape
    pixels = np.zeros((down, height, across, width), np.uint8)
    tiles, full = pixels.swapaxes(1, 2), count // across
    tiles[:full] = levels[: full * across].reshape(full, across, height, width)
    tiles[full:, : count - full * across] = levels[full * across :]
    return pixels.reshape(down * height, across * width)


def _most_varied(maps: Tensor, count: int) -> Tensor:
    """The channels of the `count` maps that vary most, most first; NaN counts as no variety."""
    flat = maps.detach().reshape(len(maps), -1)
    sample = flat[:, :: max(1, flat.shape[1] // SPREAD_SAMPLE)].float()
    variance = (sample - sample.mean(1, keepdim=True)).square_().mean(1)  # a third of what std takes
    return variance.nan_to_num(0.0).argsort(descending=True, stable=True)[:count]


def _read(tensor: Tensor) -> np.ndarray:
    return read_only(tensor.cpu().numpy())
