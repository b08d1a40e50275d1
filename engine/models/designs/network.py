"""Builds the network of a design: standard torch layers with plain names, He initialisation, frozen parts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from math import prod, sqrt
from typing import Self

import torch
from torch import Tensor, nn

from engine.models.designs.block import WHOLE, Pretrained
from engine.models.designs.design import Design
from engine.models.designs.examination import examine
from engine.models.designs.layers import Enlarge, Normalise, Residual
from engine.models.designs.layout import NORMALISE, frozen_layers, laid_out, pretrained_layers
from engine.models.designs.plan import Part
from engine.models.efficientnet_lite import (
    PREPROCESSING,
    EfficientNetLite,
    ResidualSum,
    SameConv2d,
    load_efficientnet_lite0,
)

OWN_LAYERS: dict[str, type[nn.Module]] = {
    layer.__name__: layer for layer in (Enlarge, ResidualSum, SameConv2d)
}
"""Layers that are not in `torch.nn`."""


class DesignedNetwork(nn.Module):
    """From pictures (N, C, H, W) with values from 0 to 1 to logits (N, classes), block after block.

    Its children are `normalise`, the blocks ("convolution1", ...), `flatten` where the blocks end with maps,
    and `head`. Frozen layers stay in eval mode whatever `train()` says, and ask for no gradients.
    """

    def __init__(
        self, design: Design, shape: tuple[int, int, int], classes: int, children: dict[str, nn.Module]
    ) -> None:
        super().__init__()
        self.design, self.shape, self.classes = design, shape, classes
        for name, child in children.items():
            self.add_module(name, child)
        first = design.blocks[0] if design.blocks else None
        self._frozen = frozen_layers(first) if isinstance(first, Pretrained) else ()
        for layer in self._frozen_modules():
            layer.requires_grad_(False)

    @property
    def has_frozen(self) -> bool:
        """Whether some of its layers never change, so that what they make of a picture can be kept."""
        return bool(self._frozen)

    def train(self, mode: bool = True) -> Self:
        """As of any module, but frozen layers stay in eval mode: their statistics are never touched."""
        super().train(mode)
        for layer in self._frozen_modules():
            layer.eval()
        return self

    def forward(self, x: Tensor, *, features: bool = False) -> Tensor:
        """Logits (N, classes) of pictures, or with `features` of what `frozen_features` made of them."""
        for layer in self._after_frozen() if features else self.children():
            x = layer(x)
        return x

    @torch.no_grad()
    def frozen_features(self, x: Tensor) -> Tensor:
        """What the frozen layers make of pictures, without gradients; where there are none, the pictures."""
        if not self._frozen:
            return x
        normalise, *_ = self.children()
        return self._pretrained()[: self._split()](normalise(x))

    def from_features(self, features: Tensor) -> Tensor:
        """Logits from what `frozen_features` gave; hooks see a forward pass of the other layers."""
        return self(features, features=True)

    def _after_frozen(self) -> Iterable[nn.Module]:
        """What runs after the frozen layers, in order."""
        if not self._frozen:
            return self.children()
        _, _, *others = self.children()
        return [*self._pretrained()[self._split() :], *others]

    def _frozen_modules(self) -> list[nn.Module]:
        return list(self._pretrained()[: self._split()]) if self._frozen else []

    def _pretrained(self) -> nn.Sequential:
        """The block whose layers are frozen, which always comes first."""
        block = list(self.children())[1]
        assert isinstance(block, nn.Sequential)
        return block

    def _split(self) -> int:
        """How many of the pretrained block's children are frozen or, at its end, learn nothing."""
        names = list(self._pretrained()._modules)
        after = names.index(self._frozen[-1]) + 1
        return len(names) if names[after:] == ["pool"] else after


def build(
    design: Design,
    shape: tuple[int, int, int],
    classes: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    seed: int,
) -> DesignedNetwork:
    """The network of `design` for pictures of `shape` (C, H, W), in training mode, on the CPU.

    `mean` and `std`, one each a channel, are taken off the pictures first; pretrained layers want their own
    instead. Weights start as He et al. (ICCV 2015) say, from a generator of their own, so that the same seed
    gives the same network whatever else is random. Raises UserError where the design cannot be built or the
    pretrained weights are missing, ValueError where `mean` or `std` do not fit the channels.
    """
    network = assemble(design, shape, classes, mean=mean, std=std, weights=True)
    generator = torch.Generator().manual_seed(seed)
    for _, parts in laid_out(design, shape, classes):
        for part in parts:
            module = network.get_submodule(part.name)
            learns = isinstance(module, (nn.Conv2d, nn.Linear))
            if learns and not part.name.startswith(Pretrained.kind):
                _initialise(module, part.gain, generator)
    return network


def assemble(
    design: Design,
    shape: tuple[int, int, int],
    classes: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    weights: bool,
) -> DesignedNetwork:
    """The network of `design` with no weights to speak of, but those of pretrained layers with `weights`."""
    examined = examine(design, shape, classes)
    if examined.problem is not None:
        raise examined.problem[1]
    if len(mean) != shape[0] or len(std) != shape[0]:
        raise ValueError(f"{len(mean)} means and {len(std)} deviations for {shape[0]} channels")
    mean, std = statistics(design, shape, mean, std)
    # Layers fill themselves at random when they are made; that must not move anybody else's random numbers.
    with torch.random.fork_rng(devices=[]):
        children: dict[str, nn.Module] = {NORMALISE: Normalise(mean, std)}
        for name, parts in laid_out(design, shape, classes):
            children |= _children(design, name, parts, weights)
    return DesignedNetwork(design, shape, classes, children).train()


def statistics(
    design: Design, shape: tuple[int, int, int], mean: Sequence[float], std: Sequence[float]
) -> tuple[Sequence[float], Sequence[float]]:
    """The mean and standard deviation that the network uses: pretrained layers have their own."""
    if not design.blocks or not isinstance(design.blocks[0], Pretrained):
        return mean, std
    channels = shape[0]
    return PREPROCESSING.mean[:channels], PREPROCESSING.std[:channels]


def _children(design: Design, name: str, parts: list[Part], weights: bool) -> dict[str, nn.Module]:
    """The network's children that stand for one block: one, but for a head with a flatten before it."""
    if any(part.name == name for part in parts):
        return {part.name: _layer(part) for part in parts}
    if name.startswith(Pretrained.kind):
        first = design.blocks[0]
        return {name: _pretrained(first, parts, weights)} if isinstance(first, Pretrained) else {}
    return {name: _block(name, parts)}


def _block(name: str, parts: list[Part]) -> nn.Module:
    """A chain of layers by their own names, or the branches of a residual block."""
    inside: dict[str, list[Part]] = {}
    for part in parts:
        inside.setdefault(part.name.removeprefix(f"{name}.").partition(".")[0], []).append(part)
    if "sum" not in inside:
        return _chain(parts)
    shortcut = _chain(inside["shortcut"]) if "shortcut" in inside else None
    act = _layer(inside["act"][0]) if "act" in inside else None
    return Residual(_chain(inside["first"]), _chain(inside["second"]), shortcut, act)


def _chain(parts: list[Part]) -> nn.Sequential:
    return nn.Sequential(OrderedDict((part.name.rpartition(".")[2], _layer(part)) for part in parts))


def _layer(part: Part) -> nn.Module:
    kind = OWN_LAYERS.get(part.layer) or getattr(nn, part.layer)
    return kind(*part.arguments, **part.options)


def _pretrained(block: Pretrained, parts: list[Part], weights: bool) -> nn.Sequential:
    """EfficientNet-Lite0 as far as it is taken over; its layers are frozen later, as far as they are."""
    lite = load_efficientnet_lite0().requires_grad_() if weights else EfficientNetLite()
    enlarge = [("enlarge", _layer(part)) for part in parts if part.layer == "Enlarge"]
    layers = [(layer, lite.get_submodule(layer)) for layer in pretrained_layers(block.until)]
    pool = [("pool", lite.pool)] if block.until == WHOLE else []
    return nn.Sequential(OrderedDict([*enlarge, *layers, *pool]))


@torch.no_grad()
def _initialise(layer: nn.Conv2d | nn.Linear, gain: float, generator: torch.Generator) -> None:
    """Normal weights with the variance gain / (values that are summed), and biases of zero."""
    summed = prod(layer.weight.shape[1:])
    layer.weight.normal_(0.0, sqrt(gain / summed), generator=generator)
    if layer.bias is not None:
        layer.bias.zero_()
