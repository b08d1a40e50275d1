"""The layer on show: all its maps as one mosaic, and one of them picked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.explain.inspection import Inspection, Look
from engine.explain.mosaic import Mosaic, Order, Scale, mosaic


@dataclass(frozen=True)
class ShownLayer:
    """A layer's feature maps, ready to draw."""

    name: str
    mosaic: Mosaic
    channel: int
    """The picked map."""
    map: np.ndarray
    """The picked map's values, (h, w) float32, read-only."""
    limits: tuple[float, float]
    """Ends of the picked map's colour scale."""


def show_layer(
    inspection: Inspection,
    look: Look,
    name: str,
    *,
    order: Order,
    scale: Scale,
    channel: int | None,
    aspect: float,
) -> ShownLayer:
    """Draw a layer's maps to fill an area of `aspect` (width / height); `channel` None picks the most varied.

    A channel beyond the layer's last picks the last, because layers differ in size.
    """
    maps = inspection.maps(look, name)
    limits = inspection.limits(look) if scale == "network" else None
    drawn = mosaic(maps, order=order, scale=scale, limits=limits, aspect=aspect)
    picked = most_varied(maps) if channel is None else min(channel, len(maps) - 1)
    values = maps[picked].detach().float().cpu().numpy().copy()
    values.setflags(write=False)
    return ShownLayer(name, drawn, picked, values, drawn.limits(picked))


def most_varied(maps: Tensor) -> int:
    """The channel whose map varies most; where maps are single numbers, the largest."""
    if maps.shape[1] * maps.shape[2] == 1:
        return int(maps.flatten().argmax())
    return int(maps.detach().float().flatten(1).std(dim=1).argmax())


def default_layer(inspection: Inspection) -> str:
    """A layer worth seeing first: the end of the third block, fine enough to recognise the picture in."""
    groups: list[str] = []
    ends: dict[str, str] = {}
    for layer in inspection.layers:
        if len(layer.shape) == 3 and layer.shape[1] * layer.shape[2] > 1:
            if layer.group not in groups:
                groups.append(layer.group)
            ends[layer.group] = layer.name
    return ends[groups[min(2, len(groups) - 1)]] if groups else inspection.layers[0].name
