"""Everything that may be set in the image classification lab."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from engine.explain.map_settings import order_of_maps, scale_of_maps, shown_map
from engine.lab import changed
from engine.settings import Config, setting

SHOWN_LAYER, LAST_LAYER = "the shown layer", "the last convolutional layer"


@dataclass(frozen=True)
class ImageClassificationConfig(Config):
    """Everything that may be set in this lab."""

    model: str = setting(
        "efficientnet-lite0",
        "Model",
        "The network that classifies: EfficientNet-Lite0 is built in, others are fetched when chosen. "
        "A .safetensors or .pt2 file of your own works too.",
        group="Network",
        open_choices=True,
    )
    layer: str | None = setting(
        None,
        "Layer",
        "The layer whose feature maps are shown and saved.",
        group="Network",
        open_choices=True,
        optional=True,
        none_label="An early one",
    )
    order: str = order_of_maps("Network")
    scale: str = scale_of_maps("Network")
    channel: int | None = shown_map("Network")
    explain: str = setting(
        "none",
        "Method",
        "Draws over the picture what speaks for the class: Grad-CAM (the layer's maps weighted by their "
        "gradient), gradient saliency, integrated gradients, SmoothGrad, or occlusion (covering it "
        "patch by patch).",
        group="Why this class",
        choices=("none", "grad-cam", "saliency", "integrated-gradients", "smoothgrad", "occlusion"),
    )
    target: int | None = setting(
        None,
        "Class",
        "The class to explain, by its index (ImageNet's 0 to 999).",
        group="Why this class",
        optional=True,
        low=0,
        high=1_000_000,
        none_label="The most probable",
    )
    explain_layer: str = setting(
        LAST_LAYER,
        "Grad-CAM at",
        "The layer whose feature maps Grad-CAM weighs.",
        group="Why this class",
        open_choices=True,
    )
    opacity: float = setting(
        0.6,
        "Opacity",
        "How much the explanation covers the picture.",
        group="Why this class",
        low=0.0,
        high=1.0,
        step=0.01,
    )
    patch: int = setting(
        32,
        "Patch",
        "Side of the grey square that occlusion slides over the picture.",
        group="Why this class",
        unit="px",
        low=8,
        high=112,
        step=8,
    )
    integration_steps: int = setting(
        64,
        "Integration steps",
        "Points on the path from grey to the picture for integrated gradients.",
        group="Why this class",
        low=4,
        high=256,
    )
    smoothgrad_samples: int = setting(
        24,
        "Noisy samples",
        "How many noisy copies of the picture SmoothGrad averages.",
        group="Why this class",
        low=2,
        high=200,
    )
    smoothgrad_noise: float = setting(
        0.15,
        "Sample noise",
        "Standard deviation of SmoothGrad's noise, as a share of the picture's range.",
        group="Why this class",
        low=0.0,
        high=1.0,
        step=0.01,
    )
    rotate: float = setting(
        0.0,
        "Rotate",
        "Turn the picture counter-clockwise.",
        group="What if",
        unit="°",
        low=-180.0,
        high=180.0,
        step=1.0,
    )
    shift_x: float = setting(
        0.0,
        "Shift right",
        "Move the picture sideways.",
        group="What if",
        unit="px",
        low=-128.0,
        high=128.0,
        step=1.0,
    )
    shift_y: float = setting(
        0.0,
        "Shift down",
        "Move the picture up or down.",
        group="What if",
        unit="px",
        low=-128.0,
        high=128.0,
        step=1.0,
    )
    zoom: float = setting(
        1.0,
        "Zoom",
        "Come nearer or go further away.",
        group="What if",
        unit="×",
        low=0.35,
        high=3.0,
        step=0.05,
    )
    mirror: bool = setting(False, "Mirror", "Swap left and right.", group="What if")
    brightness: float = setting(
        0.0, "Brightness", "Darker or brighter.", group="What if", low=-1.0, high=1.0, step=0.01
    )
    blur: float = setting(
        0.0,
        "Blur",
        "Standard deviation of a Gaussian blur.",
        group="What if",
        unit="px",
        low=0.0,
        high=8.0,
        step=0.1,
    )
    noise: float = setting(
        0.0,
        "Noise",
        "Standard deviation of Gaussian noise, where 1 is from black to white.",
        group="What if",
        low=0.0,
        high=1.0,
        step=0.01,
    )
    shuffle: int = setting(
        1,
        "Shuffle patches",
        "Cut the picture into this many patches a side and shuffle them: what is left for the network?",
        group="What if",
        low=1,
        high=32,
    )
    sweep: str = setting(
        "rotate",
        "Chart against",
        "The slider that the chart moves over its whole range.",
        group="What if",
        choices=("rotate", "shift_x", "shift_y", "zoom", "brightness", "blur", "noise", "shuffle"),
    )
    wanted_steps: int = setting(
        256,
        "Optimisation steps",
        "How long to climb towards the picture that excites the channel most.",
        group="What does it want",
        low=16,
        high=2048,
    )

    def on_another_network(self, before: Self) -> Self:
        """Without layers and classes of the network before, which mean nothing in this one.

        What differs from `before` came together with the network (an undo brings both back) and stays.
        """
        stale = {name: value for name, value in ANEW.items() if not changed(before, self, (name,))}
        return replace(self, **stale)


ANEW = {"layer": None, "channel": None, "target": None, "explain_layer": LAST_LAYER}
"""Where the looks into another network begin."""
WHAT_IF = ("rotate", "shift_x", "shift_y", "zoom", "mirror", "brightness", "blur", "noise", "shuffle", "seed")
"""The fields of `engine.data.what_if.WhatIf`."""
EFFORT = ("patch", "integration_steps", "smoothgrad_samples", "smoothgrad_noise", "seed")
"""The fields of `engine.explain.why.Effort`."""
NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "grad-cam": ("explain_layer",),
    "saliency": (),
    "integrated-gradients": ("integration_steps",),
    "smoothgrad": ("smoothgrad_samples", "smoothgrad_noise", "seed"),
    "occlusion": ("patch",),
}
"""The fields that each method's heat map depends on, beside the class and the picture."""
