"""The charts of this page, and how a number's axis is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, isfinite, log10

import numpy as np
from PySide6.QtWidgets import QWidget

from gui.panels.told_chart import Drawn, ToldChart

__all__ = ["Drawn", "FlowChart", "log_range", "loss_top"]

EARLY = 0.03
"""Share of a run whose losses have no say in the axis: they may fall from very high up."""


class FlowChart(ToldChart):
    """Curves of one quantity of every network."""

    def __init__(self, title: str, name: str, sentence: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, name, sentence, parent)
        self._always = sentence

    def forget(self, sentence: str) -> bool:
        """Show nothing but why there is nothing; False where that is shown already."""
        if self.is_shown(sentence):
            return False
        self.draw([], "", "")
        self.set_sentence(self._always)
        self.set_empty(sentence)
        return True


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
