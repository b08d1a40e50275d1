"""What a pass takes on this machine: forward and backward time against length and width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Costs, GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import networks
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve
from gui.panels.marked_chart import MarkedChart
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn
from gui.theme import GRID

Times = Mapping[str, np.ndarray]


class CostPart(Part):
    """Against length left, against width right; forward solid, backward dashed."""

    title = "Time"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_length = MarkedChart("Time against length", "gvl-by-length")
        self.by_width = MarkedChart("Time against width", "gvl-by-width")
        for chart in (self.by_length, self.by_width):
            chart.nothing_yet = "Press play: passes are timed at one size after the other."
            chart.set_empty(chart.nothing_yet)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.by_length, 1)
        row.addWidget(self.by_width, 1)
        self.listen(self.by_length, self.by_width)

    def panels(self) -> tuple[Panel, ...]:
        return self.by_length, self.by_width

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.experiment == "cost"

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        costs = snapshot.costs
        if costs is None:
            return
        threads = "1 thread" if costs.threads == 1 else f"{costs.threads} threads"
        with_what = f"batch {costs.batch}, {threads}; dashed backward."
        for chart, axis, unit, places, forward, backward, sentence in (
            (self.by_length, "length", f"{snapshot.positions}s", costs.lengths, costs.forward_by_length,
             costs.backward_by_length, f"Width {costs.width}, {with_what}"),
            (self.by_width, "width", "units or maps", costs.widths, costs.forward_by_width,
             costs.backward_by_width, f"Length {costs.length:,}, {with_what}"),
        ):  # fmt: skip
            if not chart.is_shown(snapshot.networks, places, *forward.values(), *backward.values()):
                chart.set_sentence(sentence)
                drawn = _drawn(snapshot.networks, axis, places, forward, backward)
                chart.draw(drawn, axis, "ms", x_unit=unit, log_y=True)
                yield


def _drawn(
    names: tuple[str, ...], axis: str, places: np.ndarray, forward: Times, backward: Times
) -> list[Drawn]:
    """A pair of curves for each network."""
    found = []
    for name in names:
        for way, times, dashed in (("forward", forward, False), ("backward", backward, True)):
            if name in times:
                label = networks.short(name) if not dashed else f"{networks.short(name)}, backward"
                curve = Curve(label, places, times[name], networks.colour(name), dashed, labelled=not dashed)
                found.append(Drawn(curve, f"{way}-{axis}-{name}"))
    return found


def counted_over(costs: Costs, name: str, column: int) -> np.ndarray:
    """(L,) one count of a network at every length that was built so far."""
    fields = ("parameters", "multiply_adds", "activations_kept", "sequential_steps")
    return np.array([getattr(one, fields[column]) for one in costs.counted_by_length[name]], np.float64)
