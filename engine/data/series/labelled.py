"""Sequences with the class of each, parted into training and test: what grid and loop are compared on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelledSeries:
    """N sequences of T positions of C values, float32, and their classes; the test set is (M, T, C).

    Raises ValueError where shapes, types or labels do not fit together, or a value is not finite.
    """

    name: str
    """As on screen: "MNIST-1D", or the name of a person's own file."""
    train_x: np.ndarray = field(repr=False)
    """(N, T, C) float32."""
    train_y: np.ndarray = field(repr=False)
    """(N,) int64, indices of `classes`."""
    test_x: np.ndarray = field(repr=False)
    test_y: np.ndarray = field(repr=False)
    classes: tuple[str, ...]
    about: str
    """In a sentence or a few: what it is, where it is from, and what was held out."""
    positions: str
    """What one of the T positions is: "time step", "row", "character"."""

    def __post_init__(self) -> None:
        check_labelled(self.train_x, self.train_y, len(self.classes), np.float32, 3)
        check_labelled(self.test_x, self.test_y, len(self.classes), np.float32, 3)
        if self.train_x.shape[1:] != self.test_x.shape[1:]:
            shapes = f"{self.train_x.shape[1:]} and {self.test_x.shape[1:]}"
            raise ValueError(f"training and test sequences differ: {shapes}")
        if not (np.isfinite(self.train_x).all() and np.isfinite(self.test_x).all()):
            raise ValueError("a value is not a finite number")

    @property
    def length(self) -> int:
        """T, positions of a sequence."""
        return self.train_x.shape[1]

    @property
    def channels(self) -> int:
        """C, values at a position."""
        return self.train_x.shape[2]


def check_labelled(x: np.ndarray, y: np.ndarray, classes: int, dtype: type, dimensions: int) -> None:
    """Insist on `x` of that type and so many dimensions, none of them empty, and a label for each of N.

    Raises ValueError.
    """
    if x.dtype != dtype or x.ndim != dimensions or 0 in x.shape:
        raise ValueError(f"sequences of {x.dtype} and shape {x.shape}")
    if y.dtype != np.int64 or y.shape != x.shape[:1]:
        raise ValueError(f"labels of {y.dtype} and shape {y.shape} for {len(x)} sequences")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"labels from {y.min()} to {y.max()} for {classes} classes")
