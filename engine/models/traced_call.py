"""PyTorch's operations as the anatomy of a network sees them: their arguments by name, windows and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from engine.models.sight import Sight

if TYPE_CHECKING:
    from torch._ops import OpOverload

WINDOWED = {"convolution", "max_pool2d_with_indices", "avg_pool2d"}
"""Operations that slide a window over rows and columns."""

MAIN = ("input", "mat1", "batch1", "query", "self", "tensors")
"""What operations call the tensor that they work on; "self" is the bias where a matrix is named too."""

UNCHANGING = {
    *("view", "_unsafe_view", "_reshape_alias", "as_strided", "unsqueeze", "squeeze", "expand"),
    *("permute", "transpose", "t", "slice", "select", "split", "split_with_sizes", "cat"),
    *("clone", "detach", "_to_copy", "alias"),
}
"""Operations that only move values."""


@dataclass(frozen=True)
class Window:
    """A sliding window; each pair is (rows, columns)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Call:
    """One operation with its arguments by name."""

    name: str
    """Without namespace, overload and the underscore of the in-place form: "convolution", "relu"."""
    pointwise: bool
    """Whether it works on each place alone, as PyTorch says."""
    arguments: Mapping[str, Any]
    sights: tuple[Sight, ...]
    """What its tensors see, as far as they were made from the picture."""
    source: Sight | None
    """What its main input sees; None where that was not made from the picture."""

    @classmethod
    def of(
        cls,
        operator: OpOverload,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        sight_of: Callable[[Tensor], Sight | None],
    ) -> Call:
        """The call `operator(*args, **kwargs)` with its defaults filled in."""
        expected = operator._schema.arguments
        arguments = dict(zip((argument.name for argument in expected), args, strict=False))
        for argument in expected[len(args) :]:
            arguments[argument.name] = kwargs.get(argument.name, argument.default_value)
        main = next((arguments[name] for name in MAIN if name in arguments), None)
        return cls(
            name=operator._schema.name.removeprefix("aten::").rstrip("_"),
            pointwise=torch.Tag.pointwise in operator.tags,
            arguments=arguments,
            sights=tuple(sight for tensor in tensors_in(arguments) if (sight := sight_of(tensor))),
            source=next((sight_of(tensor) for tensor in tensors_in(main)), None),
        )

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    def place(self, argument: str = "dim") -> int:
        """The dimension of the main input that an argument names, counted from the front."""
        return self[argument] % self["self"].dim()

    def window(self) -> Window | None:
        """The window that slides over rows and columns; None for other operations (transposed ones too)."""
        if self.name not in WINDOWED or self.arguments.get("transposed"):
            return None
        kernel = self["weight"].shape[2:] if self.name == "convolution" else self["kernel_size"]
        if self.name == "convolution" and len(kernel) != 2:
            return None
        return Window(
            kernel=_pair(kernel),
            stride=_pair(self["stride"] or kernel),
            padding=_pair(self["padding"]),
            dilation=_pair(self.arguments.get("dilation", 1)),
        )

    def zeros_around(self) -> tuple[int, int, int, int]:
        """The rows and columns of padding it puts (top, bottom, left, right)."""
        if self.name == "constant_pad_nd":
            left, right, top, bottom = (*self["pad"], 0, 0, 0, 0)[:4]
            return top, bottom, left, right
        window = self.window()
        if window is None:
            return 0, 0, 0, 0
        y, x = window.padding
        return y, y, x, x

    def multiply_adds(self, shape: Sequence[int]) -> int:
        """Pairs of one multiplication and one addition that its result of `shape` takes."""
        if self.name == "convolution":
            sums = self["input"].shape if self["transposed"] else shape
            return prod(sums) * prod(self["weight"].shape[1:])
        if self.name in ("addmm", "mm", "bmm", "baddbmm"):
            rows = next(self[name] for name in MAIN if name in self.arguments)
            return prod(shape) * rows.shape[-1]
        return 0


def tensors_in(value: object) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples and dictionaries, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part)


def _pair(numbers: int | Sequence[int]) -> tuple[int, int]:
    """(rows, columns) from one number for both, or from two."""
    values = [numbers] if isinstance(numbers, int) else list(numbers)
    return values[0], values[-1]
