"""Which values a picture's colours run between: percentiles of feature maps, cheap enough for each frame."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

LOW, HIGH = 0.01, 0.99
"""The quantiles the colours run between, so that a spike does not darken all the rest."""

MAP_SAMPLE = 1024
"""A map of at most this many values (32x32) has exact percentiles as far as `SORTED` allows; a larger one is
sampled evenly. NumPy's sort of such a sample costs a third of reading all maps for their extremes;
`torch.quantile` of whole maps 8 times as much, `kthvalue` 9, `topk` 4 (64 maps of 56x56, one thread)."""

LEAST_SAMPLE = 256
"""What every map has sorted at least, however many there are: the 1st percentile then lies within about half
a percent of its rank."""

SORTED = 32768
"""Values of all maps together that are sorted for one picture, so that sorting stays a small part of it."""

LAYER_SAMPLE = 65536
"""As `MAP_SAMPLE`, for percentiles over all maps of a layer."""

LARGEST = 1e38
"""Limits stay within this, so that their difference stays finite in float32."""


def map_limits(values: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """1st and 99th percentile of each map: two float32 (C, 1).

    `values` is float32 (C, H*W), maps `width` wide; NaN is left out. Percentiles interpolate linearly,
    as NumPy's do. Where they coincide (a map that is zero but for a few peaks) the minimum and maximum
    stand in; they coincide too only if the map is constant. A map of NaN alone has limits 0.
    """
    sample = min(MAP_SAMPLE, max(LEAST_SAMPLE, SORTED // len(values)))
    return _percentiles(values, values[:, :: _stride(values.shape[1], sample, width)])


def layer_limits(values: Tensor) -> tuple[Tensor, Tensor]:
    """As `map_limits`, over all maps together: two float32 (1, 1)."""
    row = values.reshape(1, -1)
    return _percentiles(row, row[:, :: _stride(row.shape[1], LAYER_SAMPLE, values.shape[1])])


def extremes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Minimum and maximum of each row of float32 (C, N), NaN left out: two (C, 1), 0 for NaN alone."""
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)  # a tenth of what aminmax takes
    if not low.isnan().any():
        return _held(low), _held(high)
    known = ~values.isnan()
    low = torch.where(known, values, torch.inf).amin(1, keepdim=True)
    high = torch.where(known, values, -torch.inf).amax(1, keepdim=True)
    nothing = low > high
    return _held(low.masked_fill(nothing, 0)), _held(high.masked_fill(nothing, 0))


def _percentiles(values: Tensor, sample: Tensor) -> tuple[Tensor, Tensor]:
    """The percentiles of each row of `sample`, or the extremes of `values` where they coincide."""
    low, high = (_held(limit) for limit in _quantiles(_sorted(sample)))
    coincide = (~(low < high)).squeeze(1).nonzero().squeeze(1)  # or are NaN
    if len(coincide):
        smallest, largest = extremes(values.index_select(0, coincide))
        low, high = low.index_copy(0, coincide, smallest), high.index_copy(0, coincide, largest)
    return low, high


def _quantiles(ordered: Tensor) -> tuple[Tensor, Tensor]:
    """The low and the high quantile of each row in rising order, its NaN left out: (C, 1) each."""
    size = ordered.shape[1]
    if not ordered[:, -1].isnan().any():
        return _column(ordered, (size - 1) * LOW), _column(ordered, (size - 1) * HIGH)
    last = (size - ordered.isnan().sum(1, keepdim=True) - 1).clamp_(min=0)
    return _at(ordered, last * LOW), _at(ordered, last * HIGH)


def _column(ordered: Tensor, position: float) -> Tensor:
    """The values at a fractional column, between its two neighbours: (C, 1)."""
    below, above = math.floor(position), math.ceil(position)
    return torch.lerp(ordered[:, below : below + 1], ordered[:, above : above + 1], position - below)


def _stride(length: int, sample: int, width: int) -> int:
    """The step that takes at most `sample` of `length` values and does not stay in the same columns."""
    stride = -(-length // sample)
    while stride > 1 and math.gcd(stride, width) > 1:
        stride += 1
    return stride


def _sorted(sample: Tensor) -> Tensor:
    """Each row in rising order, NaN last. NumPy sorts 10 times faster than torch does on a CPU."""
    if sample.device.type == "cpu":
        return torch.from_numpy(np.sort(sample.numpy(), axis=1))
    return sample.sort(1).values


def _at(ordered: Tensor, position: Tensor) -> Tensor:
    """The value of each row at its own fractional place (C, 1), between its two neighbours."""
    below = position.long()
    above = position.ceil().long()
    lower, upper = ordered.gather(1, below), ordered.gather(1, above)
    return torch.lerp(lower, upper, position - below)


def _held(limit: Tensor) -> Tensor:
    return limit.clamp(-LARGEST, LARGEST)
