"""Pooling: which values a window holds, which one wins or what they average to."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from engine.ask import Line, Step
from engine.explain.arithmetic_format import counted, number
from engine.explain.arithmetic_window import Window, adaptive, as_products, pair, read, sliding

Index = tuple[int, ...]


def explain_max_pool(module: nn.MaxPool2d, x: Tensor, output: Tensor, index: Index, name: str) -> Step:
    """Output (channel, row, column) of max pooling of `x` (1, C, H, W): the winner and its place."""
    kernel, before = pair(module.kernel_size), pair(module.padding)
    window = sliding(_place(index), kernel, pair(module.stride), before, pair(module.dilation))
    return _winner(x, window, index, name, f"{kernel[0]}×{kernel[1]} max pooling")


def explain_adaptive_max_pool(
    module: nn.AdaptiveMaxPool2d, x: Tensor, output: Tensor, index: Index, name: str
) -> Step:
    """As `explain_max_pool`, its window found from the sizes of input and output."""
    window = adaptive(_place(index), _size(x), _size(output))
    return _winner(x, window, index, name, _adaptive_name("max", output))


def explain_average_pool(module: nn.AvgPool2d, x: Tensor, output: Tensor, index: Index, name: str) -> Step:
    """Output (channel, row, column) of average pooling of `x` (1, C, H, W)."""
    kernel, before = pair(module.kernel_size), pair(module.padding)
    window = sliding(_place(index), kernel, pair(module.stride), before)
    window = _within_padding(window, _size(x), before)
    count = window.rows.size * window.columns.size
    if not module.count_include_pad:
        count = int(window.inside(*_size(x)).sum())
    divisor = module.divisor_override or count
    return _average(x, window, index, divisor, name, f"{kernel[0]}×{kernel[1]} average pooling")


def explain_adaptive_average_pool(
    module: nn.AdaptiveAvgPool2d, x: Tensor, output: Tensor, index: Index, name: str
) -> Step:
    """As `explain_average_pool`, its window found from the sizes of input and output."""
    window = adaptive(_place(index), _size(x), _size(output))
    divisor = window.rows.size * window.columns.size
    return _average(x, window, index, divisor, name, _adaptive_name("average", output))


def _place(index: Index) -> tuple[int, int]:
    return index[-2], index[-1]


def _size(maps: Tensor) -> tuple[int, int]:
    return maps.shape[-2], maps.shape[-1]


def _adaptive_name(kind: str, output: Tensor) -> str:
    height, width = _size(output)
    return f"global {kind} pooling" if (height, width) == (1, 1) else f"{kind} pooling to {height}×{width}"


def _within_padding(window: Window, size: tuple[int, int], before: tuple[int, int]) -> Window:
    """`window` without what `ceil_mode` lets hang out beyond the padding: it is not counted."""
    rows, columns = (
        at[at < n + pad] for at, n, pad in zip((window.rows, window.columns), size, before, strict=True)
    )
    return Window(rows, columns)


def _winner(x: Tensor, window: Window, index: Index, name: str, operation: str) -> Step:
    """The largest value inside the window; the kernel of the products is 1 at its place alone."""
    patch, inside = read(x[0, index[0] : index[0] + 1], window)
    candidates = np.flatnonzero(inside)
    best = candidates[np.argmax(patch.ravel()[candidates])]
    _, i, j = np.unravel_index(best, patch.shape)
    kernel = np.zeros(patch.shape)
    kernel[0, i, j] = 1.0
    value = float(patch[0, i, j])
    among = counted(candidates.size, "value")
    place = f"the largest of {among}, in row {window.rows[i]}, column {window.columns[j]}"
    chosen = np.where(kernel == 1, patch, 0.0)  # not the product: the losers may be infinite
    products = as_products(patch, kernel, inside, np.array([index[0]]), chosen)
    return Step(name, operation, (Line("largest", place, value),), products)


def _average(x: Tensor, window: Window, index: Index, divisor: int, name: str, operation: str) -> Step:
    """The sum of the values in the window, then divided; each is weighed 1 / divisor."""
    patch, inside = read(x[0, index[0] : index[0] + 1], window)
    kernel = np.full(patch.shape, 1.0 / divisor)
    total = float(patch.sum())
    lines = (
        Line("sum", f"{counted(int(inside.sum()), 'value')} summed", total),
        Line("average", f"{number(total)} / {divisor}", total / divisor),
    )
    products = as_products(patch, kernel, inside, np.array([index[0]]))
    return Step(name, operation, lines, products)
