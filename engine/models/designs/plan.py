"""Lays layers out one after the other: what each puts out, weighs, costs and sees, by arithmetic alone.

What values see is followed with the same rules (`engine.models.sight`) by which `engine.models.anatomy`
follows it through a real forward pass, so that both say the same of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from engine.errors import UserError
from engine.models.sight import Sight, joined, plain, scattered

Shape = tuple[int, ...]

LAYER_OF = {"relu": "ReLU", "leaky": "LeakyReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "Tanh"}
"""From what a block calls an activation to its class in `torch.nn`."""
HE, LECUN = 2.0, 1.0
"""Variance of a weight times the number of values it is summed over: where about half of the sums are cut off
(He et al., ICCV 2015), and where none are (LeCun et al., "Efficient BackProp", 1998)."""


@dataclass(frozen=True)
class Part:
    """One layer as it will stand in the network."""

    name: str
    """Dotted path in the network: "convolution1.conv"."""
    layer: str
    """Its class, of `torch.nn` or of `engine.models.designs.layers`."""
    shape: Shape
    """What it puts out, without the batch."""
    sight: Sight
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its class is called with."""
    weights: Mapping[str, Shape] = field(default_factory=dict)
    """The tensors that it learns."""
    buffers: Mapping[str, Shape] = field(default_factory=dict)
    """The tensors that it keeps beside them."""
    multiply_adds: int = 0
    gain: float = HE
    """HE or LECUN, for the first values of its weight."""
    frozen: bool = False

    @property
    def parameters(self) -> int:
        """Numbers that it learns, or learned where it is frozen."""
        return sum(prod(shape) for shape in self.weights.values())


class Plan:
    """The layers laid out so far, and what stands after the last of them.

    Every method adds one layer. They raise UserError where it cannot stand there.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape: Shape = shape
        self.sight = Sight.of_input((1, *shape))
        self.parts: list[Part] = []

    @property
    def is_map(self) -> bool:
        """Whether what stands there has rows and columns."""
        return len(self.shape) == 3

    def append(self, part: Part) -> None:
        """Put `part` behind the others."""
        self.parts.append(part)
        self.shape, self.sight = part.shape, part.sight

    def convolution(
        self,
        name: str,
        channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: str | int = "same",
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        gain: float = HE,
        tensorflow: bool = False,
    ) -> None:
        """A convolution; "same" pads symmetrically where it can and need not do as TensorFlow does."""
        inputs, height, width = self._maps(name, "a convolution")
        _check_groups(name, inputs, channels, groups)
        reach = (kernel - 1) * dilation + 1
        uneven = padding == "same" and (tensorflow or reach % 2 == 0)
        if uneven:
            sides, before = zip(*(_same(size, reach, stride) for size in (height, width)), strict=True)
        else:
            zeros = reach // 2 if padding == "same" else int(padding)
            _check_window(name, reach, (height, width), zeros)
            sides = tuple((size + 2 * zeros - reach) // stride + 1 for size in (height, width))
            before = zeros, zeros
        shape = (channels, *sides)
        own = {"weight": (channels, inputs // groups, kernel, kernel), "bias": (channels,)}
        self.append(
            Part(
                name,
                "SameConv2d" if uneven else "Conv2d",
                shape,
                self._slid(shape, kernel, stride, before, dilation),
                (inputs, channels, kernel),
                _changed(
                    stride=(stride, 1),
                    padding=(0 if uneven else before[0], 0),
                    dilation=(dilation, 1),
                    groups=(groups, 1),
                    bias=(bias, True),
                ),
                own if bias else {"weight": own["weight"]},
                multiply_adds=prod(shape) * prod(own["weight"][1:]),
                gain=gain,
            )
        )

    def _slid(
        self, shape: Shape, kernel: int, stride: int, before: tuple[int, ...], dilation: int = 1
    ) -> Sight:
        """What values of `shape` see that a window makes which slides over what stands there."""
        sight = self.sight
        for place, zeros in zip((2, 3), before, strict=True):
            sight = sight.windowed(place, kernel, stride, zeros, dilation)
        return sight.resized((1, *shape))

    def norm(self, name: str, how: str) -> None:
        """Batch or group normalisation; nothing for "none"."""
        if how == "none":
            return
        channels = self.shape[0]
        weights = {"weight": (channels,), "bias": (channels,)}
        if how == "batch":
            layer, arguments, sight = f"BatchNorm{2 if self.is_map else 1}d", (channels,), self.sight
            buffers: dict[str, Shape] = {"running_mean": (channels,), "running_var": (channels,)}
            buffers["num_batches_tracked"] = ()
        else:
            groups = group_count(channels)
            if prod(self.shape) == groups:
                raise UserError(
                    f"{_block_of(name)} cannot stand here",
                    "a group of a single value is always its own mean",
                    "Leave it out, or normalise by batch",
                )
            layer, arguments, buffers = "GroupNorm", (groups, channels), {}
            sight = self.sight.everywhere(range(1, len(self.shape) + 1))
        self.append(Part(name, layer, self.shape, sight, arguments, {}, weights, buffers))

    def activation(self, name: str, how: str) -> None:
        """An activation; nothing for "none"."""
        if how != "none":
            self.keep(name, LAYER_OF[how])

    def dropout(self, name: str, share: float) -> None:
        """Dropout; nothing for a share of 0."""
        if share > 0:
            self.keep(name, "Dropout", share)

    def keep(self, name: str, layer: str, *arguments: Any) -> None:
        """A layer that works on each value alone."""
        self.append(Part(name, layer, self.shape, self.sight, arguments))

    def pooling(self, name: str, how: str, kernel: int, stride: int | None) -> None:
        """The largest value of each window, or their average; windows that would hang out are left out."""
        channels, height, width = self._maps(name, "a pooling")
        _check_window(name, kernel, (height, width), 0)
        step = stride or kernel
        shape = (channels, (height - kernel) // step + 1, (width - kernel) // step + 1)
        sight = self._slid(shape, kernel, step, (0, 0))
        layer = "MaxPool2d" if how == "max" else "AvgPool2d"
        self.append(Part(name, layer, shape, sight, (kernel,), _changed(stride=(step, kernel))))

    def global_pooling(self, name: str, how: str) -> None:
        """One value for each map."""
        shape = (self._maps(name, "a global pooling")[0], 1, 1)
        sight = self.sight.everywhere((2, 3)).resized((1, *shape))
        layer = "AdaptiveMaxPool2d" if how == "max" else "AdaptiveAvgPool2d"
        self.append(Part(name, layer, shape, sight, (1,)))

    def flatten(self, name: str) -> None:
        """All values in one row."""
        shape = (prod(self.shape),)
        self.append(Part(name, "Flatten", shape, self.sight.reshaped((1, *shape))))

    def dense(self, name: str, features: int, *, bias: bool = True, gain: float = HE) -> None:
        """A dense layer on a row of features."""
        (inputs,) = self.shape
        sight = self.sight.everywhere([1]).with_dimension(1, plain(features))
        own: dict[str, Shape] = {"weight": (features, inputs), "bias": (features,)}
        self.append(
            Part(
                name,
                "Linear",
                (features,),
                sight,
                (inputs, features),
                _changed(bias=(bias, True)),
                own if bias else {"weight": own["weight"]},
                multiply_adds=features * inputs,
                gain=gain,
            )
        )

    def residual_sum(self, name: str, shape: Shape, sight: Sight) -> None:
        """What stands here plus what stood, or went, elsewhere with this `shape` and `sight`."""
        if shape != self.shape:
            raise ValueError(f"{name}: {self.shape} and {shape} cannot be added")
        self.append(Part(name, "ResidualSum", shape, joined([self.sight, sight], (1, *shape))))

    def enlarge(self, name: str, side: int) -> None:
        """Grey maps three times over, and all of them resampled to `side` × `side`, where they are not."""
        channels, *sides = self._maps(name, "it")
        sight = self.sight if channels == 3 else self.sight.broadcast((1, 3, *sides))
        if sides != [side, side]:
            sight = scattered([sight], (1, 3, side, side), exact=False)
        elif channels == 3:
            return
        self.append(Part(name, "Enlarge", (3, side, side), sight, (side,)))

    def freeze(self) -> None:
        """Mark all layers so far as frozen."""
        self.parts = [replace(part, frozen=True) for part in self.parts]

    def _maps(self, name: str, what: str) -> tuple[int, int, int]:
        if len(self.shape) != 3:
            raise UserError(
                f"{_block_of(name)} cannot stand here",
                f"{what} reads maps, and {self.shape[0]} features without rows and columns arrive",
                "Move it in front of the first dense or flatten block",
            )
        channels, height, width = self.shape
        return channels, height, width


def group_count(channels: int) -> int:
    """Groups of at least four maps each, at most 32 (Wu and He, ECCV 2018)."""
    most = max(1, min(32, channels // 4))
    return next(count for count in range(most, 0, -1) if channels % count == 0)


def _changed(**options: tuple[Any, Any]) -> dict[str, Any]:
    """Of options with their usual values, those that are not as usual."""
    return {name: value for name, (value, usual) in options.items() if value != usual}


def _same(size: int, reach: int, stride: int) -> tuple[int, int]:
    """How many values come out along one axis, and the zeros before the first, as `SameConv2d` has them."""
    out = -(-size // stride)
    return out, max((out - 1) * stride + reach - size, 0) // 2


def _block_of(name: str) -> str:
    return name.partition(".")[0]


def _check_groups(name: str, inputs: int, channels: int, groups: int) -> None:
    if inputs % groups or channels % groups:
        which, count = ("come in", inputs) if inputs % groups else ("are to come out", channels)
        raise UserError(
            f"{_block_of(name)} cannot be built",
            f"{count} maps {which}, which {groups} groups cannot share evenly",
            f"Choose channels that {groups} divides, or other groups",
        )


def _check_window(name: str, reach: int, sides: tuple[int, int], padding: int) -> None:
    if min(sides) + 2 * padding < reach:
        maps = f"{sides[0]} × {sides[1]} values" + (f" and {padding} of padding" if padding else "")
        raise UserError(
            f"{_block_of(name)} does not fit",
            f"its window of {reach} × {reach} is larger than the maps, which have {maps}",
            "Choose a smaller window or more padding, or pool less before it",
        )
