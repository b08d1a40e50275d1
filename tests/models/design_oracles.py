"""What the tests of designs share: random designs, and torch itself run block by block as their oracle."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.models.designs import block as blocks
from engine.models.designs.block import Block
from engine.models.designs.design import Design
from engine.models.designs.network import DesignedNetwork, build

ACTIVATION = {"relu": F.relu, "leaky": F.leaky_relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}

channels = st.sampled_from((1, 2, 3, 4, 6, 8, 12))
kernels = st.integers(1, 5)
norms, acts = st.sampled_from(blocks.NORMALISATIONS), st.sampled_from(blocks.ACTIVATIONS)
hows = st.sampled_from(blocks.POOLINGS)

some_blocks = st.one_of(
    st.builds(
        blocks.Convolution,
        channels,
        kernels,
        stride=st.integers(1, 3),
        padding=st.one_of(st.just("same"), st.integers(0, 2)),
        dilation=st.integers(1, 2),
        groups=st.sampled_from((1, 1, 1, 2, 3)),
        depthwise=st.sampled_from((False, False, True)),
        normalise=norms,
        activation=acts,
    ),
    st.builds(blocks.Residual, channels, kernels, st.integers(1, 2), norms, acts),
    st.builds(blocks.Pooling, hows, st.integers(1, 4), st.one_of(st.none(), st.integers(1, 3))),
    st.builds(blocks.GlobalPooling, hows),
    st.builds(blocks.Normalisation, st.sampled_from(("batch", "group"))),
    st.builds(blocks.Activation, st.sampled_from(blocks.ACTIVATIONS[:-1])),
    st.builds(blocks.Dropout, st.sampled_from((0.0, 0.5))),
    st.builds(blocks.Dense, st.integers(1, 9), norms, acts, st.sampled_from((0.0, 0.3))),
    st.builds(blocks.Flatten),
)
designs = st.builds(
    Design, st.text("abc xyz-5", min_size=1, max_size=9), st.lists(some_blocks, max_size=5).map(tuple)
)
shapes = st.tuples(st.sampled_from((1, 3)), st.integers(3, 14), st.integers(3, 14))


def built(design: Design, shape: tuple[int, int, int], classes: int = 5, seed: int = 0) -> DesignedNetwork:
    """The network with seeded weights, in eval mode, its batch norms as if they had seen something."""
    mean, std = [0.4, 0.5, 0.6][: shape[0]], [0.2, 0.25, 0.3][: shape[0]]
    network = build(design, shape, classes, mean=mean, std=std, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, module in network.named_modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) and not name.startswith("pretrained"):
            module.running_mean.normal_(generator=generator).mul_(0.1)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network


def pictures(count: int, shape: tuple[int, int, int], seed: int = 3) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


def torch_shapes(design: Design, shape: tuple[int, int, int]) -> tuple[list[tuple[int, ...]], int | None]:
    """The shape after each block as torch gives it, and the block at which torch refuses, if it does."""
    x = pictures(1, shape)
    found = []
    for number, block in enumerate(design.blocks):
        try:
            x = _run(block, x)
        except (RuntimeError, ValueError):
            return found, number
        found.append(tuple(x.shape[1:]))
    return found, None


@torch.no_grad()
def _run(block: Block, x: Tensor) -> Tensor:
    if isinstance(block, (blocks.Pooling, blocks.GlobalPooling)) and x.dim() != 4:
        raise ValueError("no map")  # torch would take features for one map
    match block:
        case blocks.Convolution():
            groups = x.shape[1] if block.depthwise else block.groups
            x = _convolved(
                x, block.channels, block.kernel, block.stride, block.padding, block.dilation, groups
            )
            return _after(x, block)
        case blocks.Residual():
            new = _after(_convolved(x, block.channels, block.kernel, block.stride), block)
            new = _normed(_convolved(new, block.channels, block.kernel), block.normalise)
            skipped = x
            if block.stride > 1 or x.shape[1] != block.channels:
                skipped = nn.Conv2d(x.shape[1], block.channels, 1, block.stride)(x)
            return _act(new + skipped, block.activation)
        case blocks.Pooling():
            pool = F.max_pool2d if block.how == "max" else F.avg_pool2d
            return pool(x, block.kernel, block.stride)
        case blocks.GlobalPooling():
            return (F.adaptive_max_pool2d if block.how == "max" else F.adaptive_avg_pool2d)(x, 1)
        case blocks.Dense():
            x = x.flatten(1)
            return _after(nn.Linear(x.shape[1], block.features)(x), block)
        case blocks.Normalisation():
            return _normed(x, block.how)
        case blocks.Flatten():
            return x.flatten(1)
    return x


def _convolved(
    x: Tensor,
    channels: int,
    kernel: int,
    stride: int = 1,
    padding: str | int = "same",
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    layer = nn.Conv2d(x.shape[1], channels, kernel, stride, 0, dilation, groups)
    if x.dim() != 4:
        raise ValueError("no map")
    if padding == "same":  # enough zeros for ceil(size / stride) values, wherever they are put
        zeros = (kernel - 1) * dilation
        x = F.pad(x, (zeros // 2, zeros - zeros // 2) * 2)
    else:
        x = F.pad(x, (padding,) * 4)
    return layer(x)


def _after(x: Tensor, block: blocks.Convolution | blocks.Dense | blocks.Residual) -> Tensor:
    return _act(_normed(x, block.normalise), block.activation)


def _normed(x: Tensor, how: str) -> Tensor:
    return F.group_norm(x, 1) if how == "group" else x


def _act(x: Tensor, how: str) -> Tensor:
    return x if how == "none" else ACTIVATION[how](x)
