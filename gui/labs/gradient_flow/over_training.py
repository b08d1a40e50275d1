"""The same gradient over the whole training: time in the sequence across, training downwards."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Runner
from gui.colour_maps import SEQUENTIAL
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.networks import COLOURS, SHORT
from gui.panels.colour_bar import ColourBar
from gui.panels.heat_maps import HeatMap, HeatMapsPanel
from gui.panels.plot_ticks import power_text

NOTCH = 5
"""The ends of the scale are multiples of so many powers of ten: they move seldom."""
LOWEST = -45.0
"""The scale ends where float32 does; what is less has the lowest colour, and its number under the pointer."""
PERCENTILES = (1.0, 99.0)
SLIGHT = 1 / 200
"""Share of a run by which it must have gone on for its maps to differ by the breadth of a line."""


class OverTraining(HeatMapsPanel):
    """A map a network on one common scale. It speaks of its cells as the lab knows them."""

    nothing_yet = "Press play: rows are added while they learn."

    def __init__(self) -> None:
        super().__init__("Over training", "", name="over-training")
        self._cells: tuple[str, ...] = ()
        self._held: tuple[object, ...] = ()
        self._drawn_at, self._drawn_of = 0, list[tuple[str, int | None]]()

    def show_training(self, snapshot: GradientFlowSnapshot, *, at_once: bool = True) -> bool:
        """Draw the maps where there is something new; whether there was.

        Without `at_once` what can hardly be seen is left to a later snapshot.
        """
        runners = [one for one in snapshot.runners if one.flow.map.size]
        drawn_of, gone_on = [(one.cell, one.exploded_at) for one in runners], snapshot.step - self._drawn_at
        if not at_once and drawn_of == self._drawn_of and 0 <= gone_on < SLIGHT * snapshot.step:
            return False
        self._drawn_at, self._drawn_of = snapshot.step, drawn_of
        held = (snapshot.step, *(one.flow.map for one in runners), *(wording.note(one) for one in runners))
        if len(held) == len(self._held) and all(
            new is old or (not isinstance(new, np.ndarray) and new == old)
            for new, old in zip(held, self._held, strict=True)
        ):
            return False
        self._held, self._cells = held, tuple(one.cell for one in runners)
        self.set_sentence("t across, training downwards, one scale for all.")
        end = float(max([snapshot.step, 1, *(int(one.flow.map_steps[-1]) for one in runners)]))
        low, high, bar = scale([one.flow.map for one in runners])
        self.set_maps(
            [_map(one, end) for one in runners],
            end,
            low,
            high,
            words=("t", "step"),
            text=power_text,
            bar=bar,
        )
        return True

    def told(self, at: tuple[str, tuple[int, ...]] | None) -> tuple[str, tuple[int, ...]] | None:
        """What is pointed at, as the lab knows it."""
        if at is None:
            return None
        which, row, column = at[1]
        return f"map-{self._cells[which]}", (row, column)


def _map(runner: Runner, end: float) -> HeatMap:
    """A network's map; where it exploded, the map ends there."""
    flow, starts = runner.flow, runner.flow.map_steps - 1.0
    ended = runner.exploded_at
    stop = end if ended is None else min(end, max(float(ended), starts[-1] + 1.0))
    return HeatMap(SHORT[runner.cell], flow.map, starts, stop, COLOURS[runner.cell], wording.note(runner))


def scale(maps: Sequence[np.ndarray]) -> tuple[float, float, ColourBar]:
    """Ends of the common scale, and its bar; from the 1st to the 99th percentile, rounded outwards."""
    lows, highs = [], []
    for values in maps:
        known = values[np.isfinite(values)]
        if len(known):
            low, high = np.percentile(known, PERCENTILES)
            lows.append(float(low))
            highs.append(float(high))
    low, high = min(lows, default=-NOTCH), float(ceil(max(highs, default=0.0)))
    floor_of = floor(low / NOTCH) * NOTCH
    is_cut = floor_of < LOWEST
    low = max(LOWEST, float(floor_of))
    high = max(high, low + 1)
    bar = ColourBar(
        SEQUENTIAL, f"{'≤ ' if is_cut else ''}{power_text(low)}", power_text(high), caption="‖∂L/∂h(t)‖"
    )
    return low, high, bar
