"""Which values a picture's colours run between: percentiles of feature maps, cheap enough for each frame."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor

QUANTILES = np.array([0.01, 0.99])
"""The quantiles the colours run between, so that a spike does not darken all the rest."""

ENDS = np.array([0.0, 1.0])
"""The quantiles that are the minimum and the maximum."""

MAP_SAMPLE = 1024
"""A map of at most this many values (32x32) has exact percentiles as far as `SORTED` allows; a larger one is
sampled evenly. NumPy's sort of such a sample costs a third of reading all maps for their extremes;
`torch.quantile` of whole maps 8 times as much, `kthvalue` 9, `topk` 4 (64 maps of 56x56, one thread)."""

LEAST_SAMPLE = 256
"""What the sample of a map is not cut below, however many maps there are. As its step is a whole number that
meets every column, between half of it and all is sorted (157 of 28x28); the 1st percentile then lies within
about one percent of its rank. A map of at most so many values is sorted whole."""

SORTED = 32768
"""Values of all maps together that are sorted for one picture, so that sorting stays a small part of it."""

LAYER_SAMPLE = 65536
"""As `MAP_SAMPLE`, for percentiles over all maps of a layer."""

LARGEST = 1e38
"""Limits stay within this, so that their difference stays finite in float32."""


def map_limits(values: Tensor, width: int) -> np.ndarray:
    """1st and 99th percentile of each map: float32 (C, 2).

    `values` is float32 (C, H*W), maps `width` wide; NaN is left out. Percentiles interpolate linearly,
    as NumPy's do. Where they coincide (a map that is zero but for a few peaks) the minimum and maximum
    stand in; they coincide too only if the map is constant. A map of NaN alone has limits 0.
    """
    sample = min(MAP_SAMPLE, max(LEAST_SAMPLE, SORTED // len(values)))
    return _percentiles(values, values[:, :: _stride(values.shape[1], sample, width)])


def layer_limits(values: Tensor) -> np.ndarray:
    """As `map_limits`, over all maps together: float32 (1, 2)."""
    row = values.reshape(1, -1)
    return _percentiles(row, row[:, :: _stride(row.shape[1], LAYER_SAMPLE, values.shape[1])])


def extremes(values: Tensor) -> np.ndarray:
    """Minimum and maximum of each row of float32 (C, N), NaN left out: (C, 2), 0 for NaN alone."""
    ends = _ends(values, values)
    if np.isnan(ends).any():
        unknown = values.isnan()
        ends = _ends(values.masked_fill(unknown, torch.inf), values.masked_fill(unknown, -torch.inf))
        ends[ends[:, 0] > ends[:, 1]] = 0
    return _held(ends)


def _ends(low: Tensor, high: Tensor) -> np.ndarray:
    """The minimum of each row of one and the maximum of each row of the other: (C, 2)."""
    return torch.stack((low.amin(1), high.amax(1)), 1).cpu().numpy()  # aminmax takes ten times as long


def _percentiles(values: Tensor, sample: Tensor) -> np.ndarray:
    """The percentiles of each row of `sample`, or the extremes of `values` where they coincide: (C, 2)."""
    ordered = np.sort(sample.cpu().numpy(), axis=1)  # NaN last; NumPy is 10 times faster than torch on a CPU
    limits = _quantiles(ordered, QUANTILES)
    coincide = limits[:, 0] >= limits[:, 1]
    if not coincide.any():
        return limits
    if sample.shape == values.shape:
        return np.where(coincide[:, None], _quantiles(ordered, ENDS), limits)
    rows = np.flatnonzero(coincide)
    limits[rows] = extremes(values.index_select(0, torch.from_numpy(rows).to(values.device)))
    return limits


def _quantiles(ordered: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """The (Q,) quantiles of each row in rising order, its NaN left out: (C, Q), 0 for NaN alone."""
    last, picked = ordered.shape[1] - 1, ordered.take
    if np.isnan(ordered[:, -1]).any():
        last = last - np.isnan(ordered).sum(1, keepdims=True)
        ordered, last = np.where(last < 0, np.float32(0), ordered), np.maximum(last, 0)
        picked = partial(np.take_along_axis, ordered)
    place = last * quantiles
    below = place.astype(np.intp)
    lower = _held(picked(below, axis=1))
    if (place == below).all():
        return lower  # as for minimum and maximum: nothing is interpolated
    upper = _held(picked(np.ceil(place).astype(np.intp), axis=1))
    return lower + (upper - lower) * (place - below).astype(np.float32)


def _stride(length: int, sample: int, width: int) -> int:
    """The step that takes at most `sample` of `length` values and does not stay in the same columns."""
    stride = -(-length // sample)
    while stride > 1 and math.gcd(stride, width) > 1:
        stride += 1
    return stride


def _held(limit: np.ndarray) -> np.ndarray:
    return limit.clip(-LARGEST, LARGEST)
