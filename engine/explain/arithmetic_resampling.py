"""Resampling: which pixels a resized map's value is a weighted sum of, and the weights."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.ask import Line, Step
from engine.explain.arithmetic_format import product_sum
from engine.explain.arithmetic_pointwise import explain_passed_on
from engine.explain.arithmetic_window import Window, as_products, numbers, read
from engine.models.designs.layers import Enlarge

Index = tuple[int, ...]


def explain_enlarge(module: Enlarge, x: Tensor, index: Index, name: str) -> Step:
    """Output (channel, row, column) of bicubic resampling of `x` (1, 1 or 3, H, W).

    The weight of a pixel is that of its row times that of its column, because the two axes are resampled
    one after the other.
    """
    channel, row, column = min(index[0], x.shape[1] - 1), *index[1:]
    if tuple(x.shape[2:]) == (module.side, module.side):
        return explain_passed_on(float(numbers(x[0, channel, row, column])), "passed on", name)
    rows, columns = (_weights(n, module.side, at) for n, at in zip(x.shape[2:], (row, column), strict=True))
    window = Window(np.flatnonzero(rows), np.flatnonzero(columns))
    patch, inside = read(x[0, channel : channel + 1], window)
    kernel = (rows[window.rows][:, None] * columns[window.columns])[None]
    products = as_products(patch, kernel, inside, np.array([channel]))
    formula = product_sum(patch.ravel().tolist(), kernel.ravel().tolist())
    lines = (Line("weighted sum", formula, float(products.products.sum())),)
    return Step(name, f"bicubic resampling to {module.side}×{module.side}", lines, products)


def _weights(length: int, side: int, at: int) -> np.ndarray:
    """(length,) what place `at` of `side` takes of each of `length` values in a row."""
    ones = torch.eye(length, dtype=torch.float64)[None, None]
    resized = F.interpolate(ones, (side, length), mode="bicubic", align_corners=False, antialias=True)
    return resized[0, 0, at].numpy()
