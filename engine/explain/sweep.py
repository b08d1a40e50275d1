"""What if a slider moved over its whole range: the classes' probabilities at every point of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from engine.data.prepare import Prepared, normalise
from engine.data.what_if import WhatIf, apply, sweep_values
from engine.explain.inspection import Inspection

CURVES = 5
"""How many classes the chart shows."""


@dataclass(frozen=True)
class Sweep:
    """Probabilities of the leading classes against one slider; not a number where not measured yet."""

    slider: str
    values: np.ndarray
    """(n,) positions of the slider, ascending, read-only."""
    classes: tuple[int, ...]
    """Up to CURVES class indices: those that reach the highest probability anywhere on the range."""
    probabilities: np.ndarray
    """(n, len(classes)), read-only"""
    done: int


def sweep(inspection: Inspection, prepared: Prepared, what_if: WhatIf, slider: str) -> Iterator[Sweep]:
    """Move one slider through its range, the others as they are; one forward pass a yield."""
    values = sweep_values(slider)
    values.setflags(write=False)
    table: np.ndarray | None = None
    for done, point in enumerate(_coarse_to_fine(len(values)), start=1):
        rgb = apply(prepared, what_if.with_value(slider, values[point]))
        with torch.no_grad():
            x = normalise(rgb, prepared.preprocessing).to(inspection.device)
            row = inspection.model(x)[0].softmax(0)
        if table is None:
            table = np.full((len(values), len(row)), np.nan, dtype=np.float32)
        table[point] = row.cpu().numpy()
        yield _leading(slider, values, table, done)


def _coarse_to_fine(count: int) -> list[int]:
    """0 .. count - 1, the ends first, then ever finer, so that the curve has its shape early."""
    order: list[int] = []
    gap = 1 << max(0, count - 1).bit_length()
    while gap:
        order += [point for point in [*range(0, count, gap), count - 1] if point not in order]
        gap //= 2
    return order


def _leading(slider: str, values: np.ndarray, table: np.ndarray, done: int) -> Sweep:
    peaks = np.fmax.reduce(table, axis=0)  # leaves out what is not a number, without a warning
    classes = np.argsort(-peaks, kind="stable")[:CURVES]
    probabilities = table[:, classes].copy()
    probabilities.setflags(write=False)
    return Sweep(slider, values, tuple(int(index) for index in classes), probabilities, done)
