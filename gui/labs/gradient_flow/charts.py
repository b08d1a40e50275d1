"""Curves whose points are told to the lab under its own names, and how a number's axis is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.panels.flow_plot import FlowPlotPanel
from gui.panels.line_plot import Curve

EARLY = 0.03
"""Share of a run whose losses have no say in the axis: they may fall from very high up."""


@dataclass(frozen=True)
class Drawn:
    """A curve, with what the lab calls its values: array `name`, and the indices before the point's."""

    curve: Curve
    name: str
    index: tuple[int, ...] = ()
    places: Sequence[int] | None = None
    """The index of each point in the lab's array, where that is not its place."""


class FlowChart(FlowPlotPanel):
    """Curves; `asked` and `picked` carry (array, indices) as the lab knows them."""

    asked = Signal(object)
    picked = Signal(object)

    def __init__(self, title: str, name: str, sentence: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._drawn_curves: list[Drawn] = []
        self._held: tuple[object, ...] = ()
        self.hovered.connect(lambda at: self.asked.emit(None if at is None else self._told(*at[1])))
        self.clicked.connect(lambda at: self.picked.emit(self._told(*at[1])))

    def is_shown(self, *shown: object) -> bool:
        """Whether these values and arrays are drawn already; from now on they are."""
        before, self._held = self._held, shown
        if len(before) != len(shown):
            return False
        return all(_is_same(new, old) for new, old in zip(shown, before, strict=True))

    def draw(self, drawn: Sequence[Drawn], x_label: str, y_label: str, **axes: Any) -> None:
        """Draw other curves; `axes` are those of `set_curves`."""
        self._drawn_curves = list(drawn)
        self.set_curves([one.curve for one in drawn], x_label, y_label, **axes)

    def forget(self, sentence: str) -> None:
        """Show nothing but why there is nothing."""
        if not self.is_shown(sentence):
            self._drawn_curves = []
            self.set_curves([], "", "")
            self.set_empty(sentence)

    def _told(self, curve: int, point: int) -> tuple[str, tuple[int, ...]]:
        one = self._drawn_curves[curve]
        return one.name, (*one.index, point if one.places is None else int(one.places[point]))


def _is_same(new: object, old: object) -> bool:
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        return new is old or np.array_equal(new, old, equal_nan=True)
    return new == old


def log_range(parts: Iterable[np.ndarray], least: float = 0.0) -> tuple[float, float] | None:
    """Powers of ten around all values above `least`; None where there are none."""
    found = [part[np.isfinite(part) & (part > least)] for part in parts]
    found = [part for part in found if len(part)]
    if not found:
        return None
    low, high = min(float(part.min()) for part in found), max(float(part.max()) for part in found)
    first, last = floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9)
    return 10.0**first, 10.0 ** max(last, first + 1)


def loss_top(losses: Sequence[np.ndarray], baseline: float) -> float:
    """Upper end of an axis of losses from 0: the baseline and all but the earliest ones lie below it.

    It is at most thrice the baseline, so that one network that goes astray does not flatten the others.
    """
    tops = [baseline]
    for loss in losses:
        settled = loss[int(EARLY * len(loss)) :]
        settled = settled[np.isfinite(settled)]
        tops += [float(settled.max())] if len(settled) else []
    known = [top for top in tops if isfinite(top) and top > 0]
    top = min(max(known, default=1.0), 3 * baseline if baseline > 0 else np.inf)
    step = 10.0 ** floor(log10(top)) / 4
    return ceil(1.02 * top / step) * step
