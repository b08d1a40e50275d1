"""What the person asks about (a cell of an array) and what the lab answers (its sum, with numbers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Cell:
    """One value of one array on screen: what is under the pointer.

    `array` names a picture of the lab's page ("maps", "top", ...); `index` counts along that
    array's own axes, so a feature map's value is (channel, row, column).
    """

    array: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Box:
    """A rectangle on the network's input picture, in its pixels, end-exclusive; may reach outside it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Products:
    """The products of one sum: a patch of the input times a kernel, all of shape (C, kh, kw).

    C counts the input channels that take part (one for a depthwise convolution). `inside` is False
    where the patch lies in the padding. A dense layer has shape (features, 1, 1).
    """

    patch: np.ndarray
    kernel: np.ndarray
    products: np.ndarray
    inside: np.ndarray
    channels: np.ndarray
    """(C,) indices of the input channels that take part."""


@dataclass(frozen=True)
class Line:
    """One line of a calculation: "batch norm" | "1.460 × 0.82 − 0.31" | 0.887."""

    label: str
    formula: str
    value: float


@dataclass(frozen=True)
class Step:
    """One layer's part in a value: its operation, the products where it sums some, and its lines.

    The last line's value is what the layer put out at this place.
    """

    layer: str
    operation: str
    lines: tuple[Line, ...]
    products: Products | None = None


@dataclass(frozen=True)
class Answer:
    """What the Ask pane shows for a `Cell`: the quantity, where it is, and how it came about.

    `value` is what the network computed and the screen shows; the last line of the last step is the
    same number, computed again from the parts in float64.
    """

    title: str
    meaning: str
    value: float
    shape: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    field: Box | None = None
    """The receptive field of the value on the network's input, where it is known."""
