"""How feature maps are shown, as settings that every lab with feature maps has alike."""

from __future__ import annotations

from typing import Any

from engine.settings import setting


def order_of_maps(group: str) -> Any:
    """Which feature map comes first."""
    return setting(
        "channel",
        "Order of maps",
        "Which feature map comes first: by channel number, or the strongest by mean or by peak.",
        group=group,
        choices=("channel", "mean", "peak"),
    )


def scale_of_maps(group: str) -> Any:
    """What the colours run between."""
    return setting(
        "map",
        "Colour scale",
        "One colour scale for each map, one for the whole layer, or one for the whole network.",
        group=group,
        choices=("map", "layer", "network"),
    )


def shown_map(group: str) -> Any:
    """The map that is picked out."""
    return setting(
        None,
        "Map",
        "The feature map that is shown large, by its channel number.",
        group=group,
        optional=True,
        low=0,
        high=100_000,
        none_label="The most varied",
    )
