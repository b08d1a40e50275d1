"""Which input positions a sliding window reads, and what it reads there, padding included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.ask import Products

_WRAP: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "zeros": lambda at, length: at,
    "reflect": lambda at, length: length - 1 - np.abs(length - 1 - np.abs(at)),
    "replicate": lambda at, length: np.clip(at, 0, length - 1),
    "circular": lambda at, length: at % length,
}
"""Where a position in the padding takes its value from (`torch.nn.functional.pad`)."""


@dataclass(frozen=True)
class Window:
    """The rows and columns one output position reads: (kh,) and (kw,) indices, as if unpadded.

    They lie outside the input where the window reaches into the padding.
    """

    rows: np.ndarray
    columns: np.ndarray

    def inside(self, height: int, width: int) -> np.ndarray:
        """(kh, kw) True where the window lies on the input, False where in the padding."""
        rows = (self.rows >= 0) & (self.rows < height)
        columns = (self.columns >= 0) & (self.columns < width)
        return rows[:, None] & columns[None, :]


def pair(value: Any) -> tuple[int, int]:
    """A module's size given once for both axes or once for each, as (vertical, horizontal)."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def sliding(
    position: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    before: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Window:
    """The window of output `position` (row, column) with `before` = padding (above, left)."""
    rows, columns = (
        position[axis] * stride[axis] - before[axis] + dilation[axis] * np.arange(kernel[axis])
        for axis in (0, 1)
    )
    return Window(rows, columns)


def adaptive(position: tuple[int, int], size: tuple[int, int], output: tuple[int, int]) -> Window:
    """The window of adaptive pooling: from floor(i·n/m) up to ceil((i + 1)·n/m)."""
    rows, columns = (
        np.arange(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(position, size, output, strict=True)
    )
    return Window(rows, columns)


def read(maps: Tensor, window: Window, mode: str = "zeros") -> tuple[np.ndarray, np.ndarray]:
    """What the window reads from `maps` (C, H, W): float64 patch (C, kh, kw), `inside` alike.

    `mode` is a convolution's `padding_mode`. With "zeros" the padding reads 0.
    """
    height, width = maps.shape[-2:]
    inside = window.inside(height, width)
    # Clipping matters for "zeros" only; the others already lead inside.
    rows = np.clip(_WRAP[mode](window.rows, height), 0, height - 1)
    columns = np.clip(_WRAP[mode](window.columns, width), 0, width - 1)
    at_rows, at_columns = (torch.as_tensor(at, device=maps.device) for at in (rows, columns))
    patch = numbers(maps[:, at_rows[:, None], at_columns[None, :]])
    if mode == "zeros":
        patch = np.where(inside, patch, 0.0)
    return patch, np.broadcast_to(inside, patch.shape).copy()


def numbers(tensor: Tensor) -> np.ndarray:
    """`tensor` as a float64 array, whatever its type and device."""
    return tensor.detach().cpu().double().numpy()


def as_products(
    patch: np.ndarray,
    kernel: np.ndarray,
    inside: np.ndarray,
    channels: np.ndarray,
    products: np.ndarray | None = None,
) -> Products:
    """Read-only `Products`; `products` is `patch * kernel` unless given."""
    arrays = (patch, kernel, patch * kernel if products is None else products, inside, channels)
    for array in arrays:
        array.flags.writeable = False
    return Products(*arrays)
