"""How well each network knows patterns that were moved, stretched or cut short; sliders move the example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import networks
from gui.labs.grid_versus_loop.labelled_slider import LabelledSlider
from gui.labs.grid_versus_loop.part import Part
from gui.panels.line_plot import Curve, Level
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn, ToldChart
from gui.theme import GRID


@dataclass(frozen=True)
class Way:
    """One of the three ways to change a pattern."""

    name: str
    title: str
    axis: str
    sentence: str
    home: float
    """The value that changes nothing."""


WAYS = (
    Way("shift", "Shifted", "to the right", "By so many positions.", 0.0),
    Way("stretch", "Stretched", "times as long", "Slower right, faster left.", 1.0),
    Way("cut", "Cut short", "share that is read", "The rest is silence.", 1.0),
)


class MovedPart(Part):
    """Three charts, and below each the slider that moves the opened example."""

    title = "Shift and stretch"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places: dict[str, np.ndarray] = {way.name: np.array([way.home]) for way in WAYS}
        self.charts = {way.name: ToldChart(way.title, f"gvl-{way.name}") for way in WAYS}
        self.sliders = {way.name: self._slider(way) for way in WAYS}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(3 * GRID)
        for way in WAYS:
            column = QVBoxLayout()
            column.setSpacing(GRID // 2)
            column.addWidget(self.charts[way.name], 1)
            column.addWidget(self.sliders[way.name])
            row.addLayout(column, 1)
        for chart in self.charts.values():
            chart.header.keep_lines(1)
        self.listen(*self.charts.values())

    def panels(self) -> tuple[Panel, ...]:
        return tuple(self.charts.values())

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.experiment == "shift"

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        moved = snapshot.moved
        if moved is None:
            return
        curves = {
            "shift": (moved.shifts, moved.shift_accuracy),
            "stretch": (moved.stretches, moved.stretch_accuracy),
            "cut": (moved.cuts, moved.cut_accuracy),
        }
        for way, shown in zip(WAYS, moved.shown, strict=True):
            places, accuracy = curves[way.name]
            self._show_slider(way, places, shown)
            chart = self.charts[way.name]
            if not chart.is_shown(snapshot.networks, places, *accuracy.values()):
                self._draw(way, snapshot, places, accuracy)
                yield
            chart.set_cursor(float(shown))

    def _draw(
        self,
        way: Way,
        snapshot: GridVersusLoopSnapshot,
        places: np.ndarray,
        accuracy: Mapping[str, np.ndarray],
    ) -> None:
        drawn = [
            Drawn(
                Curve(
                    networks.short(name),
                    places,
                    accuracy[name],
                    networks.colour(name),
                    labelled=way is WAYS[-1],
                ),
                f"{way.name}-{name}",
            )
            for name in snapshot.networks
            if name in accuracy
        ]
        levels = [Level(snapshot.chance, "guessing", inside=True)]
        chart = self.charts[way.name]
        chart.set_sentence(way.sentence)
        chart.draw(drawn, way.axis, "", y_range=(0.0, 1.0), y_percent=True, levels=levels)

    def _slider(self, way: Way) -> LabelledSlider:
        slider = LabelledSlider(
            way.name.capitalize(),
            f"{way.name.capitalize()} the example that is opened",
            lambda place, name=way.name: self._text(name, place),
            "−00.0",
            self,
        )
        slider.moved.connect(self._move)
        return slider

    def _show_slider(self, way: Way, places: np.ndarray, shown: float) -> None:
        self._places[way.name] = places
        at, home = (int(np.abs(places - value).argmin()) for value in (shown, way.home))
        self.sliders[way.name].show_place(at, len(places), home)

    def _value(self, name: str, place: int) -> float:
        places = self._places[name]
        return float(places[min(place, len(places) - 1)])

    def _text(self, name: str, place: int) -> str:
        value = self._value(name, place)
        if name == "cut":
            return f"{value:.0%}".replace("%", " %")
        text = f"{value:+.0f}" if name == "shift" and value else f"{value:.3g}"
        return text.replace("-", "−")

    def _move(self) -> None:
        values = [self._value(way.name, self.sliders[way.name].slider.value()) for way in WAYS]
        self.command("move", *values)
