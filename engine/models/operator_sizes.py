"""How large an operator's result can get, told from its arguments before it runs.

A file chooses the operators, so a few bytes of it could ask for more memory than there is. PyTorch's meta
device would tell exact shapes, but its first use imports a compiler and takes seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from engine.models.operators import base_name


def largest_result(target: str, positional: list[Any]) -> int:
    """An upper bound on the numbers in one result of the operator; 0 where no tensor goes in.

    `positional` are its arguments in the operator's order (see `operators.bind`), with real values.
    """
    if not any(True for _ in _tensors(positional)):
        return 0
    return _RULES.get(base_name(target), _not_larger)(positional)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _not_larger(given: list[Any]) -> int:
    """Activations, norms, reductions, views: at most as many numbers as went in."""
    return next(_tensors(given)).numel()


def _stretched(given: list[Any]) -> int:
    """Sums and products of tensors whose shapes are stretched to match."""
    shapes = [tuple(tensor.shape) for tensor in _tensors(given)]
    rank = max(map(len, shapes))
    filled = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return math.prod(max(sizes) for sizes in zip(*filled, strict=True))


def _joined(given: list[Any]) -> int:
    return sum(tensor.numel() for tensor in _tensors(given))


def _convolved(given: list[Any]) -> int:
    x, weight, _, stride, padding, *_ = given
    return _windows(x, weight.shape[0], stride, padding)


def _pooled(given: list[Any]) -> int:
    x, window, stride, padding, *_ = given
    return _windows(x, x.shape[-3], stride or window, padding)


def _windows(x: Tensor, channels: int, stride: Any, padding: Any) -> int:
    """As if the kernel were a single value, rounded up."""
    pads = (0, 0) if isinstance(padding, str) else _two(padding)
    sides = zip(x.shape[-2:], _two(stride), pads, strict=True)
    places = math.prod((size + 2 * max(pad, 0)) // max(step, 1) + 2 for size, step, pad in sides)
    return math.prod(x.shape[:-3]) * channels * places


def _two(value: Any) -> tuple[int, int]:
    numbers = value if isinstance(value, (list, tuple)) else (value,)
    return numbers[0], numbers[-1]


def _adaptive(given: list[Any]) -> int:
    return math.prod(given[0].shape[:-2]) * math.prod(_two(given[1]))


def _padded(given: list[Any]) -> int:
    x, pads = given[0], given[1]
    sizes = list(x.shape)
    for axis in range(len(pads) // 2):
        sizes[-1 - axis] += max(pads[2 * axis], 0) + max(pads[2 * axis + 1], 0)
    return math.prod(sizes)


def _expanded(given: list[Any]) -> int:
    return given[0].numel() * math.prod(max(size, 1) for size in given[1])


def _multiplied(given: list[Any]) -> int:
    """Matrix products; `addmm` has a bias in front of the two matrices."""
    one, other = list(_tensors(given))[-2:]
    return one.numel() // max(one.shape[-1], 1) * (other.numel() // max(other.shape[-2:][0], 1))


def _dense(given: list[Any]) -> int:
    x, weight, *_ = given
    return x.numel() // max(x.shape[-1], 1) * weight.shape[0]


_RULES: dict[str, Callable[[list[Any]], int]] = {
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div"), _stretched),
    **dict.fromkeys(("cat", "stack"), _joined),
    **dict.fromkeys(("conv2d", "convolution"), _convolved),
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices", "avg_pool2d"), _pooled),
    **dict.fromkeys(("adaptive_avg_pool2d", "_adaptive_avg_pool2d"), _adaptive),
    **dict.fromkeys(("pad", "constant_pad_nd"), _padded),
    **dict.fromkeys(("mm", "matmul", "addmm"), _multiplied),
    "linear": _dense,
    "expand": _expanded,
}
