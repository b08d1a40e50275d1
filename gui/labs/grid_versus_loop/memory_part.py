"""How far back each network finds the answer: success against lag, and what every past input still counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Remembered
from gui.labs.grid_versus_loop import networks
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve, Level
from gui.panels.marked_chart import Mark, MarkedChart
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn
from gui.theme import GRID

LEAST = 1e-6
"""Influence below which nothing is drawn."""


class MemoryPart(Part):
    """Success left, influence right; receptive fields stand upright on both."""

    title = "Memory"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.success = MarkedChart("Success against lag", "gvl-memory")
        self.influence = MarkedChart("Influence of the past", "gvl-influence")
        self.success.nothing_yet = "Press play: every network is tried at one lag after the other."
        self.influence.nothing_yet = "Measured once a network has solved a lag."
        for chart in self.panels():
            chart.set_empty(chart.nothing_yet)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.success, 1)
        row.addWidget(self.influence, 1)
        self.listen(self.success, self.influence)

    def panels(self) -> tuple[Panel, ...]:
        return self.success, self.influence

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.experiment == "memory"

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        found = snapshot.remembered
        if found is None:
            return
        names = snapshot.networks
        if not self.success.is_shown(names, found.lags, *(found.accuracy.get(name, ()) for name in names)):
            self._draw_success(names, found)
            yield
        if not self.influence.is_shown(names, *(found.influence.get(name) for name in names)):
            self._draw_influence(names, found)
            yield

    def _draw_success(self, names: tuple[str, ...], found: Remembered) -> None:
        lags = np.array(found.lags, np.float64)
        drawn = []
        for name in names:
            reached = np.full(len(lags), np.nan)
            values = found.accuracy.get(name, ())
            reached[: len(values)] = values
            drawn.append(
                Drawn(Curve(networks.short(name), lags, reached, networks.colour(name)), f"memory-{name}")
            )
        self.success.set_sentence("Upright: the furthest that a convolution can see at all.")
        self.success.set_marks(_marks(names, found))
        levels = [
            Level(found.chance, "guessing", inside=True),
            Level(found.solved, "counts as solved", inside=True),
        ]
        self.success.draw(
            drawn, "lag", "", x_unit="steps back", y_range=(0.0, 1.0), y_percent=True, levels=levels
        )

    def _draw_influence(self, names: tuple[str, ...], found: Remembered) -> None:
        first = int(np.searchsorted(found.influence_lags, 1))
        lags, places = found.influence_lags[first:], np.arange(first, len(found.influence_lags))
        drawn = [
            Drawn(
                Curve(
                    f"{networks.short(name)}, lag {found.influence_at[name]}",
                    lags,
                    found.influence[name][first:],
                    networks.colour(name),
                ),
                f"influence-{name}",
                where=(places,),
            )
            for name in names
            if name in found.influence and name in found.influence_at
        ]
        self.influence.set_sentence(
            "‖∂ answer / ∂ input‖ so many steps back, over the largest, at the longest lag it solved."
        )
        self.influence.set_marks(_marks(names, found))
        self.influence.draw(drawn, "steps back", "of the largest", y_range=(LEAST, 1.0), log_y=True)


def _marks(names: tuple[str, ...], found: Remembered) -> list[Mark]:
    """The theoretical receptive fields of those that have one."""
    return [
        Mark(float(field), f"{networks.short(name)} sees {field:,}", networks.colour(name))
        for name in names
        if (field := found.fields.get(name)) is not None
    ]
