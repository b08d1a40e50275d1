"""The picture that this lab is about: how the loss depends on every state, now and a moment ago."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Runner
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import Drawn, FlowChart
from gui.labs.gradient_flow.networks import COLOURS
from gui.panels.flow_plot import Trail
from gui.panels.line_plot import Curve, Level


class GradientChart(FlowChart):
    """log10 ‖∂L/∂h(t)‖ against t, a line a network."""

    nothing_yet = "Press play: the gradient is measured while they learn."

    def __init__(self) -> None:
        super().__init__(wording.FLOW, "gradient-flow")
        self._trails_of: tuple[np.ndarray, ...] = ()

    def show_flow(self, snapshot: GradientFlowSnapshot) -> bool:
        """Draw the newest curves over the earlier ones; whether any are new."""
        runners = snapshot.runners
        self._show_trails(runners)
        newest = [one.flow.log10_norms for one in runners]
        marks = tuple(wording.curve_name(one) for one in runners)
        if self.is_shown(marks, snapshot.labels, *self._trails_of, *newest):
            return False
        self.set_sentence(wording.flow_line(snapshot))
        self.set_labels([_visible(label) for label in snapshot.labels])
        levels = [Level(wording.FLOAT32_ZERO, wording.BELOW_FLOAT32, reached=False, inside=True)]
        drawn = [_drawn(one) for one in runners]
        is_read = len(snapshot.labels) > 1 and all(snapshot.labels)  # then the text itself says where t is
        self.draw(
            drawn, "" if is_read else "step t of the sequence", "‖∂L/∂h(t)‖", power_y=True, levels=levels
        )
        return True

    def _show_trails(self, runners: Sequence[Runner]) -> None:
        rows = tuple(one.flow.recent for one in runners)
        if len(rows) != len(self._trails_of) or any(
            new is not old for new, old in zip(rows, self._trails_of, strict=True)
        ):
            self._trails_of = rows
            steps = [np.arange(recent.shape[-1]) for recent in rows]
            self.set_trails(
                [
                    Trail(x, recent, COLOURS[one.cell])
                    for x, recent, one in zip(steps, rows, runners, strict=True)
                    if recent.size
                ]
            )


def _drawn(runner: Runner) -> Drawn:
    """A network's newest curve; dashed where it is the last that it had numbers for."""
    values = runner.flow.log10_norms
    curve = Curve(
        wording.curve_name(runner),
        np.arange(len(values)),
        values,
        COLOURS[runner.cell],
        dashed=runner.exploded_at is not None,
    )
    return Drawn(curve, f"flow-{runner.cell}")


def _visible(label: str) -> str:
    return {" ": "␣", "\n": "↵"}.get(label, label)
