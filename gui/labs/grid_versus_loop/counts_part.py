"""What grows with the length of a sequence: weights, work, memory, and steps that cannot run in parallel."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Costs, GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import networks, wording
from gui.labs.grid_versus_loop.cost_part import counted_over
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve
from gui.panels.marked_chart import MarkedChart
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn
from gui.theme import GRID

TITLES = "Parameters", "Multiply-adds", "Activations kept", "Sequential steps"
SENTENCES = "Weights.", "To read one sequence.", "For the backward pass.", "One after the other."


class CountsPart(Part):
    """Four charts in a row, counted and not timed."""

    title = "Counts"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.charts = [
            MarkedChart(title, f"gvl-{title.lower().replace(' ', '-')}", sentence)
            for title, sentence in zip(TITLES, SENTENCES, strict=True)
        ]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(2 * GRID)
        for chart in self.charts:
            chart.header.keep_lines(1)
            row.addWidget(chart, 1)
        self.listen(*self.charts)

    def panels(self) -> tuple[Panel, ...]:
        return tuple(self.charts)

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.costs is not None and bool(snapshot.costs.counted_by_length)

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        costs = snapshot.costs
        if costs is None:
            return
        for column, chart in enumerate(self.charts):
            if not chart.is_shown(snapshot.networks, costs.lengths, costs.counted_by_length):
                drawn = _drawn(snapshot.networks, costs, column)
                chart.draw(drawn, "length", wording.COUNTS[column], log_y=True)
                yield


def _drawn(names: tuple[str, ...], costs: Costs, column: int) -> list[Drawn]:
    """A curve for each network; every point asks for what the count adds up from."""
    place = [column] * len(costs.lengths)
    return [
        Drawn(
            Curve(
                networks.short(name),
                costs.lengths[: len(costs.counted_by_length[name])],
                counted_over(costs, name, column),
                networks.colour(name),
                labelled=column == len(TITLES) - 1,
            ),
            f"counted-{name}",
            where=(place,),
        )
        for name in names
        if name in costs.counted_by_length
    ]
