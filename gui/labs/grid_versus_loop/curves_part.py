"""How all networks learn: accuracy on test examples and loss of the batches, on one axis of updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Contestant, GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import networks
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve, Level
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn, ToldChart
from gui.theme import GRID

EARLY = 0.03
"""Share of a run whose losses have no say in the axis: they may fall from very high up."""


class CurvesPart(Part):
    """Accuracy at the left, loss at the right."""

    title = "Learning"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.accuracy = ToldChart("Test accuracy", "gvl-accuracy")
        self.loss = ToldChart("Loss", "gvl-loss")
        for chart in (self.accuracy, self.loss):
            chart.nothing_yet = "Press play: they learn from the same batches."
            chart.set_empty(chart.nothing_yet)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.accuracy, 1)
        row.addWidget(self.loss, 1)
        self.listen(self.accuracy, self.loss)

    def panels(self) -> tuple[Panel, ...]:
        return self.accuracy, self.loss

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return bool(snapshot.contestants)

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        runners, names = snapshot.contestants, tuple(map(_name, snapshot.contestants))
        tests = [one.test_accuracy for one in runners]
        if not self.accuracy.is_shown(names, snapshot.chance, *(one.test_steps for one in runners), *tests):
            self._draw_accuracy(runners, snapshot.chance)
            yield
        if not self.loss.is_shown(names, *(one.steps for one in runners), *(one.loss for one in runners)):
            self._draw_loss(runners)
            yield

    def _draw_accuracy(self, runners: Sequence[Contestant], chance: float) -> None:
        drawn = [
            Drawn(_curve(one, one.test_steps, one.test_accuracy), f"accuracy-{one.key}") for one in runners
        ]
        self.accuracy.set_sentence("Share of test examples that is right.")
        levels = [Level(chance, "guessing", inside=True)]
        self.accuracy.draw(drawn, "update", "", y_range=(0.0, 1.0), y_percent=True, levels=levels)

    def _draw_loss(self, runners: Sequence[Contestant]) -> None:
        top = _top([one.loss for one in runners if one.exploded_at is None])
        drawn = [
            Drawn(_curve(one, one.steps, np.where(one.loss > top, np.nan, one.loss)), f"loss-{one.key}")
            for one in runners
        ]
        self.loss.set_sentence("Of each batch before its update.")
        self.loss.draw(drawn, "update", "nats", y_range=(0.0, top))


def _curve(one: Contestant, steps: np.ndarray, values: np.ndarray) -> Curve:
    """A network's curve; dashed where it learns from exchanged positions."""
    return Curve(_name(one), steps, values, networks.colour(one.key), one.is_shuffled)


def _name(one: Contestant) -> str:
    name = networks.short(one.key)
    return name if one.exploded_at is None else f"{name}, exploded at {one.exploded_at:,}"


def _top(losses: Sequence[np.ndarray]) -> float:
    """Upper end of an axis of losses from 0, which all but the earliest lie below."""
    tops = [float(np.nanmax(loss[int(EARLY * len(loss)) :])) for loss in losses if len(loss)]
    known = [top for top in tops if isfinite(top)]
    return 1.05 * max(known, default=1.0) or 1.0
