"""The network, pictures and layers that the benchmarks look at."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from engine.data.images import read_image
from engine.data.prepare import Prepared, prepare
from engine.data.samples import samples
from engine.device import prepare_thread
from engine.explain.inspection import Inspection
from engine.models.catalogue import load_classifier

MODEL = "efficientnet-lite0"
LAYERS = {
    "32 of 112²": "stem.act",
    "96 of 112²": "stage2.0.expand.act",
    "144 of 56²": "stage2.1.expand.act",
    "240 of 28²": "stage3.1.expand.act",
    "672 of 14²": "stage5.1.expand.act",
    "320 of 7²": "stage7.0.project.norm",
    "1280 of 7²": "head.act",
    "1280 of 1²": "pool",
}
"""A layer of each size, from the picture's end to the classes'."""


def inspection() -> Inspection:
    """The network on the CPU, its thread prepared as the worker prepares its own."""
    prepare_thread()
    return Inspection(load_classifier(MODEL), torch.device("cpu"))


def prepared(looked_at: Inspection, place: int = 0) -> Prepared:
    """A sample photograph as the network reads it."""
    rgb: np.ndarray = read_image(samples()[place].path).rgb
    return prepare(rgb, looked_at.classifier.preprocessing)


def plain_model() -> nn.Module:
    """The same network again, into which nobody looks."""
    return load_classifier(MODEL).model


def forward(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A plain forward pass: the network called on a picture, and nothing kept."""
    with torch.no_grad():
        return model(x)
