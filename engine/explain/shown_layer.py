"""The layer on show: all its maps as one mosaic, and one of them picked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from engine.explain.inspection import Inspection, Look
from engine.explain.mosaic import Mosaic, Order, Scale, mosaic

COARSE = 14
"""Side of the grid on which maps are compared for what there is to see in them."""


@dataclass(frozen=True)
class ShownLayer:
    """A layer's feature maps, ready to draw."""

    name: str
    mosaic: Mosaic
    values: np.ndarray
    """All maps, (C, h, w) float32, read-only."""
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
    if scale == "map" and maps[0].numel() == 1:
        scale = "layer"  # a single number on a scale of its own says nothing
    limits = inspection.limits(look) if scale == "network" else None
    drawn = mosaic(maps, order=order, scale=scale, limits=limits, aspect=aspect)
    picked = most_varied(maps) if channel is None else min(channel, len(maps) - 1)
    # On the CPU this shares the memory of what the probe kept, which nothing writes to any more.
    values = maps.detach().float().cpu().numpy()
    values.setflags(write=False)
    return ShownLayer(name, drawn, values, picked, values[picked], drawn.limits(picked))


def most_varied(maps: Tensor) -> int:
    """The channel whose map varies most at a coarse look; where maps are single numbers, the largest.

    Averaging over neighbours first passes over maps that are all fine noise, in which one sees nothing.
    """
    if maps.shape[1] * maps.shape[2] == 1:
        return int(maps.flatten().argmax())
    values = maps.detach().float()
    coarse = F.adaptive_avg_pool2d(values, [min(COARSE, side) for side in values.shape[1:]])
    return int(coarse.flatten(1).std(dim=1).argmax())


def default_layer(inspection: Inspection) -> str:
    """A layer worth seeing first: after the second activation, where one still recognises the picture."""
    early = [layer for layer in inspection.layers if layer.kind == "activation" and len(layer.shape) == 3]
    return (early[:2] or inspection.layers[:1])[-1].name
