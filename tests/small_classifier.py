"""A classifier that runs in a millisecond, and pictures for it to look at."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from engine.models.classifier import Classifier, ready
from engine.models.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(36, 32, (0.5, 0.4, 0.3), (0.5, 0.6, 0.7))


def small_classifier(name: str = "small", *, classes: int = 5, seed: int = 0) -> Classifier:
    """Two convolutions, a batch norm, a pooling and a dense layer with seeded weights; 32x32 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        stem = [("conv", nn.Conv2d(3, 8, 3, 2, 1)), ("norm", nn.BatchNorm2d(8)), ("act", nn.ReLU())]
        body = [("conv", nn.Conv2d(8, 12, 3, 1, 1)), ("act", nn.ReLU())]
        parts = [("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten()), ("head", nn.Linear(12, classes))]
        blocks = [("stem", nn.Sequential(OrderedDict(stem))), ("body", nn.Sequential(OrderedDict(body)))]
        model = nn.Sequential(OrderedDict([*blocks, *parts]))
        model.stem.norm.running_mean.normal_(0, 0.2)
        model.stem.norm.running_var.uniform_(0.5, 1.5)
        model.head.weight.data.mul_(20)  # so that the classes differ from picture to picture
    names = tuple(f"class {index}" for index in range(classes))
    return Classifier(name, name.title(), ready(model), PREPROCESSING, names, "seeded at random")


def write_picture(path: Path, seed: int, size: tuple[int, int] = (48, 40)) -> Path:
    """A PNG of large coloured squares, `size` (width, height)."""
    squares = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(squares).resize(size, Image.Resampling.NEAREST).save(path)
    return path


def write_folder(folder: Path, count: int = 3) -> Path:
    """A folder with pictures 0.png, 1.png, ..."""
    folder.mkdir()
    for number in range(count):
        write_picture(folder / f"{number}.png", number)
    return folder


def hook_count(model: nn.Module) -> int:
    """How many hooks hang on a model."""
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
