"""From a design's blocks to the layers that stand for them, named and in the order in which they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from engine.errors import UserError
from engine.models.designs.block import (
    LAYERS,
    WHOLE,
    Activation,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Normalisation,
    Pooling,
    Pretrained,
    Residual,
)
from engine.models.designs.design import Design
from engine.models.designs.plan import HE, LECUN, Part, Plan

SIDE = 224
"""Rows and columns of the pictures that the pretrained layers were trained on."""
HEAD, FLATTEN, NORMALISE = "head", "flatten", "normalise"
"""What the network calls its last dense layer, what flattens for it, and what comes before all blocks."""


def block_names(design: Design) -> tuple[str, ...]:
    """A name for each block, by its kind and a number: "convolution1", "pooling1", "convolution2"."""
    seen: Counter[str] = Counter()
    names = []
    for block in design.blocks:
        seen[block.kind] += 1
        names.append(f"{block.kind}{seen[block.kind]}")
    return tuple(names)


def laid_out(design: Design, shape: tuple[int, int, int], classes: int) -> Iterator[tuple[str, list[Part]]]:
    """Name and layers of each block, then of the head, one after the other.

    shape: (C, H, W) of the pictures. Raises UserError at the first block that cannot stand where it stands.
    """
    plan = Plan(shape)
    for number, (name, block) in enumerate(zip(block_names(design), design.blocks, strict=True)):
        before = len(plan.parts)
        block.check()
        if isinstance(block, Pretrained):
            _check_first(name, number, block, shape)
        _add(plan, name, block)
        yield name, plan.parts[before:]
    before = len(plan.parts)
    if plan.is_map:
        plan.flatten(FLATTEN)
    plan.dense(HEAD, classes, gain=LECUN)
    yield HEAD, plan.parts[before:]


def _add(plan: Plan, name: str, block: Block) -> None:
    match block:
        case Convolution():
            _convolution(plan, name, block)
        case Residual():
            _residual(plan, name, block)
        case Dense():
            _dense(plan, name, block)
        case Pooling():
            plan.pooling(name, block.how, block.kernel, block.stride)
        case GlobalPooling():
            plan.global_pooling(name, block.how)
        case Normalisation():
            plan.norm(name, block.how)
        case Activation():
            plan.activation(name, block.how)
        case Dropout():
            plan.keep(name, "Dropout", block.share)
        case Flatten():
            plan.flatten(name)
        case Pretrained():
            for part in _pretrained(plan.shape, name, block.until, block.thawed_from):
                plan.append(part)


def _gain(activation: str) -> float:
    return LECUN if activation == "tanh" else HE


def _convolution(plan: Plan, name: str, block: Convolution) -> None:
    plan.convolution(
        f"{name}.conv",
        block.channels,
        block.kernel,
        stride=block.stride,
        padding=block.padding,
        dilation=block.dilation,
        groups=plan.shape[0] if block.depthwise and plan.is_map else block.groups,
        bias=block.normalise == "none",
        gain=_gain(block.activation),
    )
    plan.norm(f"{name}.norm", block.normalise)
    plan.activation(f"{name}.act", block.activation)


def _residual(plan: Plan, name: str, block: Residual) -> None:
    inputs = plan.shape[0]
    bias, gain = block.normalise == "none", _gain(block.activation)
    shape, sight = plan.shape, plan.sight
    plan.convolution(
        f"{name}.first.conv", block.channels, block.kernel, stride=block.stride, bias=bias, gain=gain
    )
    plan.norm(f"{name}.first.norm", block.normalise)
    plan.activation(f"{name}.first.act", block.activation)
    plan.convolution(f"{name}.second.conv", block.channels, block.kernel, bias=bias, gain=gain)
    plan.norm(f"{name}.second.norm", block.normalise)
    if block.stride != 1 or block.channels != inputs:
        new = plan.shape, plan.sight
        plan.shape, plan.sight = shape, sight
        plan.convolution(
            f"{name}.shortcut.conv", block.channels, 1, stride=block.stride, bias=bias, gain=LECUN
        )
        plan.norm(f"{name}.shortcut.norm", block.normalise)
        (shape, sight), (plan.shape, plan.sight) = (plan.shape, plan.sight), new
    plan.residual_sum(f"{name}.sum", shape, sight)
    plan.activation(f"{name}.act", block.activation)


def _dense(plan: Plan, name: str, block: Dense) -> None:
    if plan.is_map:
        plan.flatten(f"{name}.flatten")
    bias = block.normalise == "none"
    plan.dense(f"{name}.dense", block.features, bias=bias, gain=_gain(block.activation))
    plan.norm(f"{name}.norm", block.normalise)
    plan.activation(f"{name}.act", block.activation)
    plan.dropout(f"{name}.dropout", block.dropout)


def _check_first(name: str, number: int, block: Pretrained, shape: tuple[int, int, int]) -> None:
    """Pretrained layers read pictures, and thaw no later than they end."""
    if number:
        raise UserError(
            f"{name} cannot stand here", "its layers were trained on pictures", "Move it to the front"
        )
    if shape[0] not in (1, 3):
        why = f"it reads grey or colour pictures, and these have {shape[0]} channels"
        raise UserError(f"{name} cannot stand here", why, "Choose a preset without pretrained layers")
    if block.thawed_from is not None and block.thawed_from not in pretrained_layers(block.until):
        raise UserError(
            f"{name} cannot be built",
            f"it ends with {block.until}, and is to thaw from {block.thawed_from} on",
            f"Thaw it from {block.until} or a layer before",
        )


def pretrained_layers(until: str) -> tuple[str, ...]:
    """The parts with weights that a pretrained block takes over, in order."""
    return LAYERS if until == WHOLE else LAYERS[: LAYERS.index(until) + 1]


def frozen_layers(block: Pretrained) -> tuple[str, ...]:
    """Those of `pretrained_layers` that stay as they are."""
    layers = pretrained_layers(block.until)
    return layers if block.thawed_from is None else layers[: layers.index(block.thawed_from)]


@lru_cache(maxsize=64)
def _pretrained(
    shape: tuple[int, int, int], name: str, until: str, thawed_from: str | None
) -> tuple[Part, ...]:
    """The layers of `engine.models.efficientnet_lite.EfficientNetLite`, as far as they are taken over."""
    from engine.models.efficientnet_lite import HEAD_CHANNELS, STAGES, STEM_CHANNELS

    plan = Plan(shape)
    frozen = frozen_layers(Pretrained(until, thawed_from))
    plan.enlarge(f"{name}.enlarge", SIDE)
    for layer in pretrained_layers(until):
        own = f"{name}.{layer}"
        if layer == "stem":
            _lite_convolution(plan, own, STEM_CHANNELS, 3, stride=2)
        elif layer == "head":
            _lite_convolution(plan, own, HEAD_CHANNELS, 1)
        else:
            row = STAGES[LAYERS.index(layer) - 1]
            for repeat in range(row.repeats):
                stride = 1 if repeat else row.stride
                _inverted(plan, f"{own}.{repeat}", row.channels, row.kernel, stride, row.expansion)
        if layer in frozen:
            plan.freeze()
    if until == WHOLE:
        plan.global_pooling(f"{name}.pool", "average")
    return tuple(plan.parts)


def _inverted(plan: Plan, name: str, channels: int, kernel: int, stride: int, expansion: int) -> None:
    """`engine.models.efficientnet_lite.InvertedResidual`."""
    inputs, shape, sight = plan.shape[0], plan.shape, plan.sight
    wide = inputs * expansion
    if expansion > 1:
        _lite_convolution(plan, f"{name}.expand", wide, 1)
    _lite_convolution(plan, f"{name}.depthwise", wide, kernel, stride=stride, groups=wide)
    _lite_convolution(plan, f"{name}.project", channels, 1, act=False)
    if stride == 1 and channels == inputs:
        plan.residual_sum(f"{name}.sum", shape, sight)


def _lite_convolution(
    plan: Plan, name: str, channels: int, kernel: int, *, stride: int = 1, groups: int = 1, act: bool = True
) -> None:
    """`engine.models.efficientnet_lite.convolution`."""
    plan.convolution(f"{name}.conv", channels, kernel, stride=stride, groups=groups, tensorflow=True)
    plan.norm(f"{name}.norm", "batch")
    if act:
        plan.keep(f"{name}.act", "ReLU6")
