"""The modules behind the compared networks: dense, convolutional, recurrent, and one into the other.

All of them turn (B, T, C) float32, or (B, T) int64 tokens that an embedding gives C values, into logits
(B, classes), and say what is inside on the way (`stages`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from engine.models.receptive_field import Axis

EMBEDDED = 16
"""Values that each token of a vocabulary becomes."""
CONVOLUTIONS = ((5, 2), (3, 2), (3, 2))
"""Kernel and stride of the convolutions, as Greydanus and Kobak (2020) have them for MNIST-1D."""
PICTURE_CONVOLUTIONS = ((3, 1), (3, 2), (3, 2))
"""The same for pictures, whose sides are shorter."""
DILATED_KERNEL = 3
FEWEST_STEPS = 5
"""Positions that a hybrid's convolutions leave to its recurrent layer, where there are as many."""

Cell = Callable[..., nn.RNNBase]


@dataclass(frozen=True)
class SequenceShape:
    """What a network reads and what it answers. Raises ValueError for what none can be built for."""

    length: int
    """T, positions of a sequence."""
    channels: int
    """C, values at a position; of tokens 1."""
    classes: int
    vocabulary: int | None = None
    """How many tokens there are, where positions are tokens."""
    is_picture: bool = False
    """Whether positions are the rows of a picture and channels its columns."""
    reads: Literal["whole", "end"] = "whole"
    """Whether a convolutional network answers from all positions, or as a recurrent one does: from the last
    one, with nothing but what it still sees from there. Then it has no stride."""

    def __post_init__(self) -> None:
        if min(self.length, self.channels, self.classes, self.vocabulary or 1) < 1:
            raise ValueError("length, channels, classes and vocabulary must be at least 1")
        if self.is_picture and (self.vocabulary is not None or self.reads == "end"):
            raise ValueError("a picture has no tokens and no end")

    @property
    def width(self) -> int:
        """Values at a position as the first layer finds them."""
        return self.channels if self.vocabulary is None else EMBEDDED


class SequenceNetwork(nn.Module):
    """What the networks have in common. Subclasses add their layers in the order in which they work."""

    def __init__(self, shape: SequenceShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, EMBEDDED) if shape.vocabulary else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, classes) logits for `x`: (B, T, C) float32 or (B, T) int64."""
        *_, (_, logits) = self.stages(x)
        return logits

    def stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """What each layer puts out, by its name, in order; the logits come last.

        Of a convolution (B, maps, T'), of one on a picture (B, maps, T', C'), of a recurrent layer its hidden
        states (B, T', H), of the others (B, features).
        """
        if self.embedding is not None:
            x = self.embedding(x)
            yield "embedding", x
        yield from self._stages(x)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The stages behind the embedding, from `x` (B, T, C) on."""
        raise NotImplementedError

    def sights(self) -> dict[str, Axis]:
        """By layer that keeps positions: which of the T positions its position i sees.

        Of a recurrent layer what state i has just read; it may remember all before.
        """
        return {}


class DenseNetwork(SequenceNetwork):
    """Every position has weights of its own: dense layers of `widths` units with relu, and the head."""

    def __init__(self, shape: SequenceShape, widths: Sequence[int]) -> None:
        super().__init__(shape)
        self.flatten = nn.Flatten()
        features = shape.length * shape.width
        for number, width in enumerate(widths, start=1):
            self.add_module(f"dense{number}", nn.Linear(features, width))
            self.add_module(f"relu{number}", nn.ReLU())
            features = width
        self.head = nn.Linear(features, shape.classes)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for name, layer in self.named_children():
            if name != "embedding":
                x = layer(x)
                yield name, x


class GridNetwork(SequenceNetwork):
    """Windows that slide: 1-D convolutions, each with batch norm (Ioffe and Szegedy 2015) and relu."""

    def __init__(self, shape: SequenceShape) -> None:
        super().__init__(shape)
        self._axis = Axis(shape.length)
        self._grid: list[str] = []
        self._sights: dict[str, Axis] = {}
        self._channels = shape.width

    def sights(self) -> dict[str, Axis]:
        return dict(self._sights)

    def _add_convolution(
        self, channels: int, kernel: int, stride: int = 1, *, dilation: int = 1, causal: bool = False
    ) -> None:
        """One more convolution with norm and relu. A `causal` one sees nothing that comes later."""
        number = len(self._sights) // 3 + 1
        reach = (kernel - 1) * dilation
        before = reach if causal else kernel // 2
        if causal:
            self._add(f"pad{number}", nn.ConstantPad1d((reach, 0), 0.0))
        self._axis = self._axis.windowed(kernel, stride, before, dilation)
        padding = 0 if causal else before
        layer = nn.Conv1d(self._channels, channels, kernel, stride, padding, dilation, bias=False)
        for name, module in (("conv", layer), ("norm", nn.BatchNorm1d(channels)), ("relu", nn.ReLU())):
            self._add(f"{name}{number}", module)
            self._sights[f"{name}{number}"] = self._axis
        self._channels = channels

    def _add(self, name: str, module: nn.Module) -> None:
        self.add_module(name, module)
        self._grid.append(name)

    def _maps(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The stages of the convolutions, from (B, C, T) on."""
        for name in self._grid:
            x = self.get_submodule(name)(x)
            yield name, x


class ConvolutionalNetwork(GridNetwork):
    """Three convolutions, and a dense head on all that they put out.

    Of tokens it reads the largest value of every map (Kim 2014), since a text may begin anywhere; where the
    shape says so it reads the last position alone.
    """

    def __init__(self, shape: SequenceShape, width: int) -> None:
        super().__init__(shape)
        for kernel, stride in CONVOLUTIONS:
            if shape.reads == "end":
                self._add_convolution(width, kernel, causal=True)
            else:
                self._add_convolution(width, kernel, stride)
        features = width
        if shape.reads == "whole" and shape.vocabulary is not None:
            self.pool = nn.AdaptiveMaxPool1d(1)
        elif shape.reads == "whole":
            features *= after(shape.length, CONVOLUTIONS)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(features, shape.classes)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for name, maps in self._maps(x.transpose(1, 2)):
            yield name, maps
        if self.shape.reads == "end":
            maps = maps[..., -1:]
        elif self.shape.vocabulary is not None:
            maps = self.pool(maps)
            yield "pool", maps
        features = self.flatten(maps)
        yield "flatten", features
        yield "head", self.head(features)


class DilatedNetwork(GridNetwork):
    """Causal convolutions of dilation 1, 2, 4 … until the last position sees all (van den Oord et al. 2016).

    The head reads the last position, as a recurrent network's does (Bai, Kolter and Koltun 2018).
    """

    def __init__(self, shape: SequenceShape, width: int) -> None:
        super().__init__(shape)
        dilation = 1
        while self._axis.size < shape.length or dilation == 1:
            self._add_convolution(width, DILATED_KERNEL, dilation=dilation, causal=True)
            dilation *= 2
        self.head = nn.Linear(width, shape.classes)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for name, maps in self._maps(x.transpose(1, 2)):
            yield name, maps
        yield "head", self.head(maps[..., -1])


class PictureNetwork(SequenceNetwork):
    """Three 2-D convolutions on the picture whose rows are the positions, and a dense head."""

    def __init__(self, shape: SequenceShape, width: int) -> None:
        super().__init__(shape)
        channels, axis = 1, Axis(shape.length)
        self._sights: dict[str, Axis] = {}
        for number, (kernel, stride) in enumerate(PICTURE_CONVOLUTIONS, start=1):
            axis = axis.windowed(kernel, stride, kernel // 2)
            layer = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
            for name, module in (("conv", layer), ("norm", nn.BatchNorm2d(width)), ("relu", nn.ReLU())):
                self.add_module(f"{name}{number}", module)
                self._sights[f"{name}{number}"] = axis
            channels = width
        self.flatten = nn.Flatten()
        sides = (after(side, PICTURE_CONVOLUTIONS) for side in (shape.length, shape.channels))
        self.head = nn.Linear(width * next(sides) * next(sides), shape.classes)

    def sights(self) -> dict[str, Axis]:
        return dict(self._sights)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        x = x.unsqueeze(1)
        for name, layer in self.named_children():
            x = layer(x)
            yield name, x


class RecurrentNetwork(SequenceNetwork):
    """A fused recurrent layer that reads one position after the other; the head reads its last state."""

    def __init__(self, shape: SequenceShape, cell: Cell, width: int) -> None:
        super().__init__(shape)
        self.recurrent = cell(shape.width, width, batch_first=True)
        self.head = nn.Linear(width, shape.classes)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        hidden, _ = self.recurrent(x)
        yield "recurrent", hidden
        yield "head", self.head(hidden[:, -1])

    def sights(self) -> dict[str, Axis]:
        return {"recurrent": Axis(self.shape.length)}


class HybridNetwork(GridNetwork):
    """Convolutions that read windows, and a GRU that carries what they found to the end.

    They have the strides of the convolutional network where that leaves the GRU FEWEST_STEPS to read.
    """

    def __init__(self, shape: SequenceShape, width: int) -> None:
        super().__init__(shape)
        left = shape.length
        for kernel, stride in CONVOLUTIONS:
            shorter = after(left, [(kernel, stride)])
            if shorter >= FEWEST_STEPS:
                left = shorter
            self._add_convolution(width, kernel, stride if shorter >= FEWEST_STEPS else 1)
        self._sights["recurrent"] = self._axis
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, shape.classes)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for name, maps in self._maps(x.transpose(1, 2)):
            yield name, maps
        hidden, _ = self.recurrent(maps.transpose(1, 2))
        yield "recurrent", hidden
        yield "head", self.head(hidden[:, -1])


def after(length: int, windows: Sequence[tuple[int, int]]) -> int:
    """How many positions are left behind convolutions of (kernel, stride), padded by half a kernel."""
    for kernel, stride in windows:
        length = (length + 2 * (kernel // 2) - kernel) // stride + 1
    return length
