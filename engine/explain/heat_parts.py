"""What a value of a heat map is made of: Grad-CAM's weighted maps, or the squares of occlusion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.ask import Line, Step
from engine.explain.arithmetic_format import counted, number, product_sum, taken, total
from engine.explain.arithmetic_window import as_products

WRITTEN_SQUARES = 5
"""Squares that are told one by one, the largest falls first; the falls of the others are summed."""


@dataclass(frozen=True)
class WeightedMaps:
    """The terms of Grad-CAM: ReLU of their sum is the map."""

    weights: np.ndarray
    """(C,) read-only: the mean gradient of the logit over each of the layer's maps."""
    maps: np.ndarray
    """(C, h, w) read-only: the layer's maps."""

    def step(self, layer: str, title: str, row: int, column: int) -> Step:
        """One cell in float64: each map's value there times its weight, summed, cut off at zero."""
        values, weights = (
            np.asarray(part, np.float64)[:, None, None] for part in (self.maps[:, row, column], self.weights)
        )
        products = as_products(values, weights, np.ones(values.shape, bool), np.arange(len(values)))
        value = float(products.products.sum())
        formula = product_sum(values.ravel().tolist(), weights.ravel().tolist())
        lines = (
            Line("sum of products", formula, value),
            Line("ReLU", f"max(0, {number(value)})", value if math.isnan(value) else max(0.0, value)),
        )
        return Step(layer, title, lines, products)


@dataclass(frozen=True)
class Squares:
    """What each square did that has covered the picture: the mean over those on a pixel is its value."""

    side: int
    """Pixels."""
    logit: float
    """Of the class on the whole picture."""
    falls: tuple[tuple[tuple[int, int], float], ...]
    """(row, column) of a square's upper left pixel, and how far the logit fell under it."""

    def step(self, layer: str, title: str, row: int, column: int) -> Step:
        """One pixel: the logit without and with each square that covers it, and the mean of the falls."""
        falls = [(at, fall) for at, fall in self.falls if self._covers(at, row, column)]
        if not falls:
            return Step(layer, title, (Line("not covered yet", "no square has been here", 0.0),))
        falls.sort(key=lambda item: -abs(item[1]))
        lines = [self._line(at, fall) for at, fall in falls[:WRITTEN_SQUARES]]
        rest = [fall for _, fall in falls[WRITTEN_SQUARES:]]
        if rest:
            lines.append(Line("the others", f"{counted(len(rest), 'smaller fall')} summed", math.fsum(rest)))
        parts = [line.value for line in lines]
        if len(falls) > 1:
            lines.append(Line("mean", f"({total(parts)}) / {len(falls)}", math.fsum(parts) / len(falls)))
        return Step(layer, title, tuple(lines))

    def _covers(self, at: tuple[int, int], row: int, column: int) -> bool:
        return 0 <= row - at[0] < self.side and 0 <= column - at[1] < self.side

    def _line(self, at: tuple[int, int], fall: float) -> Line:
        """The logit of the whole picture less that of the covered one."""
        rows, columns = (f"{first} to {first + self.side - 1}" for first in at)
        formula = f"{number(self.logit)} {taken(self.logit - fall)}"
        return Line(f"square on rows {rows}, columns {columns}", formula, fall)
