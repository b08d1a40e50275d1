"""Curves whose points are told under the names that whoever draws them has for their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.panels.flow_plot import FlowPlotPanel
from gui.panels.line_plot import Curve


@dataclass(frozen=True)
class Drawn:
    """A curve, and what its values are called: array `name`, and the indices before those of a point."""

    curve: Curve
    name: str
    index: tuple[int, ...] = ()
    where: tuple[Sequence[int] | np.ndarray, ...] | None = None
    """Of each index that a point has, its value at every point; None where it is the point's place alone."""


class ToldChart(FlowPlotPanel):
    """Curves; `asked` and `picked` carry (array, indices), `asked` None where the pointer leaves."""

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

    def _told(self, curve: int, point: int) -> tuple[str, tuple[int, ...]]:
        one = self._drawn_curves[curve]
        if one.where is None:
            return one.name, (*one.index, point)
        return one.name, (*one.index, *(int(values[point]) for values in one.where))


def _is_same(new: object, old: object) -> bool:
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        return new is old or np.array_equal(new, old, equal_nan=True)
    return type(new) is type(old) and new == old
