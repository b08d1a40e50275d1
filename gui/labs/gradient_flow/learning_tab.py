"""Why it matters: the loss and the accuracy of every network, beside what remembering nothing scores."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Runner
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import Drawn, FlowChart, loss_top
from gui.labs.gradient_flow.networks import COLOURS
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.panels.line_plot import Curve, Level


class LearningTab(ChartsTab):
    """Loss and accuracy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.loss, self.accuracy = FlowChart("Loss", "loss"), FlowChart("Accuracy", "accuracy")
        for chart in (self.loss, self.accuracy):
            chart.nothing_yet = "Press play: they learn from the same batches."
            chart.set_empty(chart.nothing_yet)
        super().__init__((self.loss, self.accuracy), parent)

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._draw_loss, self._draw_accuracy

    def _draw_loss(self, snapshot: GradientFlowSnapshot) -> bool:
        if snapshot.config.task == "sentence":
            return self.loss.forget(wording.NOTHING_LEARNED)
        baseline, runners = snapshot.baseline_loss, snapshot.runners
        names = tuple(wording.curve_name(one) for one in runners)
        if self.loss.is_shown(names, baseline, *(one.loss for one in runners)):
            return False
        top = loss_top([one.loss for one in runners if one.exploded_at is None] or [np.empty(0)], baseline)
        levels = [Level(baseline, "guessing")] if baseline > 0 else []
        self.loss.set_sentence(snapshot.baseline_sentence)
        self.loss.draw(
            [_loss(one, top) for one in runners],
            "step",
            snapshot.loss_name,
            y_range=(0.0, top),
            levels=levels,
        )
        return True

    def _draw_accuracy(self, snapshot: GradientFlowSnapshot) -> bool:
        if snapshot.config.task == "sentence":
            return self.accuracy.forget(wording.NOTHING_LEARNED)
        names = tuple(wording.curve_name(one) for one in snapshot.runners)
        known = (one.accuracy for one in snapshot.runners)
        if self.accuracy.is_shown(names, snapshot.baseline_accuracy, *known):
            return False
        levels = [Level(snapshot.baseline_accuracy, "chance")]
        drawn = [
            Drawn(
                Curve(wording.curve_name(one), one.steps, one.accuracy, COLOURS[one.cell]),
                f"accuracy-{one.cell}",
            )
            for one in snapshot.runners
        ]
        self.accuracy.set_sentence("Share of each batch that is right.")
        self.accuracy.draw(drawn, "step", "", y_range=(0.0, 1.0), y_percent=True, levels=levels)
        return True


def _loss(runner: Runner, top: float) -> Drawn:
    """A network's loss; of one that exploded it ends where it leaves the axis for good."""
    loss = runner.loss
    if runner.exploded_at is not None:
        loss = np.where(loss > top, np.nan, loss)
    curve = Curve(
        wording.curve_name(runner),
        runner.steps,
        loss,
        COLOURS[runner.cell],
        low=np.where(np.isfinite(loss), runner.loss_low, np.nan),
        high=np.where(np.isfinite(loss), np.minimum(runner.loss_high, 2 * top), np.nan),
    )
    return Drawn(curve, f"loss-{runner.cell}")
