"""The sums of products: convolution and dense layers, term by term."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from engine.ask import Line, Products, Step
from engine.explain.arithmetic_format import added, number, product_sum
from engine.explain.arithmetic_window import as_products, numbers, pair, read, sliding

Index = tuple[int, ...]


def explain_convolution(module: nn.Conv2d, x: Tensor, index: Index, name: str) -> Step:
    """Output (channel, row, column) of a convolution of `x` (1, C, H, W).

    Ordinary, strided, dilated, grouped, depthwise and 1x1, with every `padding_mode`. A subclass
    that pads by the size of its input says how through `same_padding(height, width) -> (left,
    right, top, bottom)`.
    """
    channel, row, column = index
    height, width = x.shape[-2:]
    left, top = _padding_before(module, height, width)
    window = sliding(
        (row, column), pair(module.kernel_size), pair(module.stride), (top, left), pair(module.dilation)
    )
    channels = _channels(module, channel)
    patch, inside = read(x[0, channels[0] : channels[-1] + 1], window, module.padding_mode)
    products = as_products(patch, numbers(module.weight[channel]), inside, channels)
    return Step(name, _convolution_name(module), _sum_lines(products, module.bias, channel), products)


def explain_linear(module: nn.Linear, x: Tensor, index: Index, name: str) -> Step:
    """Output (..., unit) of a dense layer of `x` (1, ..., F); its products have shape (F, 1, 1)."""
    *place, unit = index
    patch = numbers(x[(0, *place)])[:, None, None]
    kernel = numbers(module.weight[unit])[:, None, None]
    products = as_products(patch, kernel, np.ones(patch.shape, bool), np.arange(len(patch)))
    return Step(name, "dense layer", _sum_lines(products, module.bias, unit), products)


def convolution_kind(module: nn.Conv2d) -> str:
    """ "convolution", or which special one: "pointwise", "depthwise" or "grouped convolution"."""
    if module.groups > 1:
        depthwise = module.groups == module.in_channels
        return "depthwise convolution" if depthwise else "grouped convolution"
    return "pointwise convolution" if pair(module.kernel_size) == (1, 1) else "convolution"


def _convolution_name(module: nn.Conv2d) -> str:
    height, width = pair(module.kernel_size)
    text = f"{height}×{width} {convolution_kind(module)}"
    for label, value, plain in (("stride", module.stride, (1, 1)), ("dilation", module.dilation, (1, 1))):
        vertical, horizontal = pair(value)
        if (vertical, horizontal) != plain:
            text += (
                f", {label} {vertical}" if vertical == horizontal else f", {label} {vertical}×{horizontal}"
            )
    return text


def _padding_before(module: nn.Conv2d, height: int, width: int) -> tuple[int, int]:
    """How many columns (left) and rows (top) of padding stand before the input."""
    same_padding = getattr(module, "same_padding", None)
    if callable(same_padding):
        left, _, top, _ = same_padding(height, width)
        return int(left), int(top)
    if module.padding == "valid":
        return 0, 0
    if module.padding == "same":  # PyTorch puts the odd one at the end
        top, left = (
            d * (k - 1) // 2 for d, k in zip(pair(module.dilation), pair(module.kernel_size), strict=True)
        )
        return left, top
    top, left = pair(module.padding)
    return left, top


def _channels(module: nn.Conv2d, channel: int) -> np.ndarray:
    """The input channels of the group that output `channel` belongs to."""
    each = module.in_channels // module.groups
    first = channel // (module.out_channels // module.groups) * each
    return np.arange(first, first + each)


def _sum_lines(products: Products, bias: Tensor | None, unit: int) -> tuple[Line, ...]:
    """The sum of the products, then the bias where there is one."""
    value = float(products.products.sum())
    outside = int(np.count_nonzero(~products.inside))
    formula = product_sum(products.patch.ravel().tolist(), products.kernel.ravel().tolist())
    if outside:
        formula += f", {outside} of them in the padding"
    lines = [Line("sum of products", formula, value)]
    if bias is not None:
        offset = float(numbers(bias[unit]))
        lines.append(Line("bias", f"{number(value)} {added(offset)}", value + offset))
    return tuple(lines)
