"""What exchanging positions does: how far they are exchanged, and every network in order beside exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Contestant, GridVersusLoopSnapshot, Shuffled
from gui.form.check_box import CheckBox
from gui.labs.grid_versus_loop import networks, wording
from gui.labs.grid_versus_loop.labelled_slider import LabelledSlider
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve, Level
from gui.panels.marked_chart import MarkedChart
from gui.panels.pairs import Bar, Group, PairsPanel
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn
from gui.theme import GRID

CONDITIONS = "in order", "exchanged at once", "learned exchanged"


class ShufflePart(Part):
    """Slider and switch above; pairs left, accuracy against windows right."""

    title = "Shuffle"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._windows: tuple[int, ...] = (1, 1)
        self.slider = LabelledSlider(
            "Exchanged",
            "How far positions are exchanged: none, within windows of so many, or completely",
            self._window_text,
            "within 0,000",
            self,
        )
        self.switch = CheckBox("Shuffle now")
        self.switch.setToolTip(
            "From now on all read, and learn from, exchanged positions: see who collapses, who relearns."
        )
        self.pairs = PairsPanel("In order and exchanged", name="gvl-pairs")
        self.sweep = MarkedChart("Exchanged at once", "gvl-windows")
        self._arrange()
        self.listen(self.pairs, self.sweep)
        self.slider.moved.connect(lambda place: self.sweep.set_cursor(float(self._windows[place])))
        self.slider.settled.connect(self._choose)
        self.switch.toggled.connect(self._switch)
        self._is_quiet = False

    def _arrange(self) -> None:
        tools, row, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        tools.setSpacing(3 * GRID)
        tools.addWidget(self.slider, 1)
        tools.addWidget(self.switch)
        row.setSpacing(3 * GRID)
        row.addWidget(self.pairs, 1)
        row.addWidget(self.sweep, 1)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addLayout(row, 1)

    def panels(self) -> tuple[Panel, ...]:
        return self.pairs, self.sweep

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.experiment == "shuffle"

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        found = snapshot.shuffled
        if found is None:
            return
        self._show_tools(snapshot, found)
        names = snapshot.networks
        if not self.sweep.is_shown(names, found.windows, *(found.sweep.get(name) for name in names)):
            self._draw_sweep(snapshot, found)
            yield
        self.sweep.set_cursor(float(found.window))
        self._draw_pairs(snapshot, found)
        yield

    def _show_tools(self, snapshot: GridVersusLoopSnapshot, found: Shuffled) -> None:
        self._windows = found.windows
        place = int(np.searchsorted(found.windows, found.window))
        last = len(found.windows) - 1
        self.slider.show_place(min(place, last), last + 1, last)
        self._is_quiet = True
        self.switch.setChecked(snapshot.config.shuffled)
        self._is_quiet = False

    def _draw_sweep(self, snapshot: GridVersusLoopSnapshot, found: Shuffled) -> None:
        drawn = [
            Drawn(
                Curve(networks.short(name), found.windows, found.sweep[name], networks.colour(name)),
                f"window-{name}",
            )
            for name in snapshot.networks
            if name in found.sweep
        ]
        self.sweep.set_sentence("Accuracy against the window, without learning anew.")
        levels = [Level(snapshot.chance, "guessing", inside=True)]
        self.sweep.draw(
            drawn,
            "window",
            "",
            x_unit=f"{snapshot.positions}s",
            y_range=(0.0, 1.0),
            y_percent=True,
            levels=levels,
        )

    def _draw_pairs(self, snapshot: GridVersusLoopSnapshot, found: Shuffled) -> None:
        runners = {one.key: one for one in snapshot.contestants}
        place = int(np.searchsorted(found.windows, found.window))
        groups = [
            Group(
                networks.short(name),
                networks.colour(name),
                (
                    _bar(runners.get(name)),
                    Bar(found.at_once.get(name, nan), (f"window-{name}", (place,))),
                    _bar(runners.get(name + networks.SHUFFLED)),
                ),
            )
            for name in snapshot.networks
        ]
        self.pairs.set_sentence("Share of test examples that is right.")
        self.pairs.set_groups(CONDITIONS, groups, (snapshot.chance, "guessing"))

    def _window_text(self, place: int) -> str:
        return wording.window(self._windows[min(place, len(self._windows) - 1)], self._windows[-1])

    def _choose(self, place: int) -> None:
        window = self._windows[min(place, len(self._windows) - 1)]
        self.settings_wanted.emit({"window": None if window == self._windows[-1] else window})

    def _switch(self, on: bool) -> None:
        if not self._is_quiet:
            self.settings_wanted.emit({"shuffled": on})


def _bar(one: Contestant | None) -> Bar:
    if one is None or not len(one.test_accuracy):
        return Bar(nan)
    return Bar(one.accuracy, (f"accuracy-{one.key}", (len(one.test_accuracy) - 1,)))
