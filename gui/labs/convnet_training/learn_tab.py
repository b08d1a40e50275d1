"""How the run goes, and beside it one picture as the network takes it now."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QGridLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Curves
from gui.colour_maps import DIVERGING
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.classes import show_classes
from gui.labs.convnet_training.runs_table import colour_of
from gui.labs.convnet_training.tab import Tab
from gui.layer_words import show_maps
from gui.panels.bars import BarsPanel
from gui.panels.line_plot import Curve, Level
from gui.panels.maps import MapsPanel
from gui.panels.panel import Panel
from gui.panels.picture import PicturePanel
from gui.panels.told_chart import Drawn, ToldChart
from gui.theme import GRID

POINTS = 256
"""Points of a curve at most."""


class LearnTab(Tab):
    """Loss and accuracy above; picture, classes and filters below."""

    title = "Learning"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = ToldChart("Loss", "training-loss")
        self.accuracy = ToldChart("Accuracy", "training-accuracy")
        for chart in (self.loss, self.accuracy):
            chart.nothing_yet = "Press play, and it learns."
        self.picture = PicturePanel("Picture", name="picture")
        self.top = BarsPanel("What it takes it for", name="top", colour="convolution")
        self.filters = MapsPanel("Filters", name="filters")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, GRID // 2, 0, 0)
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.addWidget(self.loss, 0, 0, 1, 3)
        grid.addWidget(self.accuracy, 0, 3, 1, 3)
        for place, panel in enumerate((self.picture, self.top, self.filters)):
            grid.addWidget(panel, 1, 2 * place, 1, 2)
        for column in range(6):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(0, 5)
        grid.setRowStretch(1, 4)
        self.listen(*self.panels())
        self._drawn: np.ndarray | None = None

    def panels(self) -> tuple[Panel, ...]:
        return self.loss, self.accuracy, self.picture, self.top, self.filters

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        learning = snapshot.learning
        if learning is None:
            return
        runs = (*snapshot.runs, learning.curves)
        if not self.loss.is_shown(*(each for run in runs for each in (run.loss, run.test_loss))):
            self._draw_loss(runs)
            yield
        if not self.accuracy.is_shown(*(each for run in runs for each in (run.accuracy, run.test_accuracy))):
            self._draw_accuracy(runs, 1 / max(2, len(snapshot.data.classes)) if snapshot.data else 0.0)
            yield
        cursor = None if learning.follows else float(learning.shown)
        for chart in (self.loss, self.accuracy):
            chart.set_cursor(cursor)
        yield from self._draw_picture(snapshot)

    def _draw_loss(self, runs: tuple[Curves, ...]) -> None:
        drawn = [each for place, run in enumerate(runs) for each in _losses(run, place, len(runs))]
        self.loss.set_sentence(
            "Of each batch before its update; dashed, of pictures that it never learns from."
        )
        self.loss.draw(drawn, "update", "nats a picture", y_range=_loss_range(runs), log_y=False)

    def _draw_accuracy(self, runs: tuple[Curves, ...], chance: float) -> None:
        drawn = [each for place, run in enumerate(runs) for each in _accuracies(run, place, len(runs))]
        self.accuracy.set_sentence("Share of pictures that are taken for what they are.")
        levels = [Level(chance, "chance", inside=True)]
        self.accuracy.draw(drawn, "update", "", y_range=(0.0, 1.0), y_percent=True, levels=levels)

    def _draw_picture(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        seen, data = snapshot.seen, snapshot.data
        if seen is None or data is None:
            return
        if seen.picture is not self._drawn:
            self._drawn = seen.picture
            self.picture.set_picture(seen.picture)
        self.picture.set_title("Picture", wording.picture_line(seen, data))
        heat = seen.heat
        if heat is None:
            self.picture.set_heat(None)
        else:
            low, high = heat.limits
            self.picture.set_heat(heat.values, low, high, opacity=0.6, signed=heat.signed)
        yield
        show_classes(self.top, seen, data)
        yield
        if seen.filters is not None:
            show_maps(self.filters, seen.filters, DIVERGING)
            self.filters.set_title("Filters", wording.filters_line(seen.filters))
            yield


def _losses(run: Curves, place: int, count: int) -> list[Drawn]:
    colour, name = _look(run, place, count)
    train = Curve(name, run.steps, run.loss, colour, labelled=count > 1)
    found = [Drawn(train, f"loss-{place}")]
    if len(run.test_steps):
        found.append(
            Drawn(
                Curve(f"{name} test", run.test_steps, run.test_loss, colour, dashed=True), f"testloss-{place}"
            )
        )
    return found


def _accuracies(run: Curves, place: int, count: int) -> list[Drawn]:
    colour, name = _look(run, place, count)
    train = Curve(name, run.accuracy_steps, run.accuracy, colour, labelled=count > 1)
    found = [Drawn(train, f"accuracy-{place}")]
    if len(run.test_steps):
        curve = Curve(f"{name} test", run.test_steps, run.test_accuracy, colour, dashed=True)
        found.append(Drawn(curve, f"testaccuracy-{place}"))
    return found


def _look(run: Curves, place: int, count: int) -> tuple[str | int, str]:
    return colour_of(place, count), run.name.partition(":")[0]


def _loss_range(runs: tuple[Curves, ...]) -> tuple[float, float] | None:
    tops = [float(np.nanmax(run.loss[len(run.loss) // 30 :])) for run in runs if len(run.loss)]
    return (0.0, max(tops) * 1.05) if tops and max(tops) > 0 else None
