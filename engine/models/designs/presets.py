"""Designs to begin with, and which of them suits some pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from engine.models.designs.block import (
    Block,
    Convolution,
    Dense,
    GlobalPooling,
    Pooling,
    Pretrained,
    Residual,
)
from engine.models.designs.design import Design
from engine.models.designs.examination import examine

FEW = 300
"""Photographs of a class, up to which features learned elsewhere beat those learned from them alone."""


def _pair(channels: int) -> tuple[Block, ...]:
    """Two convolutions and a pooling, as in VGG."""
    return (*[Convolution(channels, normalise="batch")] * 2, Pooling())


def _design(name: str, *blocks: Block) -> tuple[str, Design]:
    return name, Design(name, blocks)


PRESETS: Mapping[str, Design] = MappingProxyType(
    dict(
        (
            _design(
                "plain",
                Convolution(16, normalise="batch"),
                Pooling(),
                Convolution(32, normalise="batch"),
                Pooling(),
                Dense(64, normalise="batch"),
            ),
            _design(
                "lenet-5",
                Convolution(6, kernel=5, padding=2),
                Pooling(),
                Convolution(16, kernel=5, padding=0),
                Pooling(),
                Dense(120),
                Dense(84),
            ),
            _design("small-vgg", *_pair(32), *_pair(64), *_pair(128), Dense(128, dropout=0.3)),
            _design(
                "small-resnet",
                Convolution(32, normalise="batch"),
                Residual(32, normalise="batch"),
                Residual(64, stride=2, normalise="batch"),
                Residual(128, stride=2, normalise="batch"),
                GlobalPooling(),
            ),
            _design("mlp", Dense(256), Dense(128)),
            _design("single-filter", Convolution(1, kernel=5)),
            _design("transfer", Pretrained()),
        )
    )
)
"""From name to design: a small default, LeNet-5 (LeCun et al. 1998) with the ReLU and max pooling of today,
the patterns of VGG (Simonyan and Zisserman 2015) and ResNet (He et al. 2016), no convolution at all, a single
filter, and frozen pretrained layers under a new head."""


def preset_for(shape: tuple[int, int, int], pictures: int, classes: int) -> str:
    """The preset for so many `pictures` of `shape` (C, H, W): "transfer" for few that are in colour."""
    return "transfer" if shape[0] == 3 and pictures <= FEW * classes else "plain"


def fitted(design: Design, shape: tuple[int, int, int], classes: int) -> Design:
    """The design with windows that fit small pictures: padded convolutions, and no pooling of single values.

    Whatever else is the matter with it stays.
    """
    while (problem := examine(design, shape, classes).problem) is not None:
        index, blocks = problem[0], design.blocks
        block = blocks[index] if index < len(blocks) else None
        if isinstance(block, Convolution) and block.padding != "same":
            inserted: tuple[Block, ...] = (replace(block, padding="same"),)
        elif isinstance(block, Pooling):
            inserted = ()
        else:
            break
        design = replace(design, blocks=(*blocks[:index], *inserted, *blocks[index + 1 :]))
    return design
