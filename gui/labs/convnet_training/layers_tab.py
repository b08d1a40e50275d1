"""How the layers do over the run: gradients, updates, what is dead, and how one layer's values are spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtWidgets import QGridLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Health, Learning, Ridge
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.tab import Tab
from gui.panels.bars import BarsPanel
from gui.panels.line_plot import Curve
from gui.panels.panel import Panel
from gui.panels.ridges import RidgesPanel, Rows
from gui.panels.told_chart import Drawn, ToldChart
from gui.theme import GRID

KINDS = ("activations", "weights", "gradients", "updates")


class LayersTab(Tab):
    """Charts of all layers above, histograms of the layer on show below."""

    title = "Layers"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.norms = ToldChart("Gradient norm", "gradient-norm")
        self.ratios = ToldChart("Update-to-weight ratio", "update-ratio")
        self.dead = BarsPanel("Dead ReLUs", name="dead", columns=("layer", "dead"))
        self.dead.nothing_yet = "No layer with ReLU was measured yet."
        self.ridges = {kind: RidgesPanel(kind.capitalize(), name=kind, unit="update") for kind in KINDS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, GRID // 2, 0, 0)
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(GRID)
        for place, panel in enumerate((self.norms, self.ratios, self.dead)):
            grid.addWidget(panel, 0, 4 * place, 1, 4)
        for place, panel in enumerate(self.ridges.values()):
            grid.addWidget(panel, 1, 3 * place, 1, 3)
        for column in range(12):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(0, 1)
        grid.setRowStretch(1, 1)
        self.listen(*self.panels())
        self._drawn: tuple[object, ...] = ()

    def panels(self) -> tuple[Panel, ...]:
        return self.norms, self.ratios, self.dead, *self.ridges.values()

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        learning, health = snapshot.learning, snapshot.health
        if learning is None:
            return
        charts = (
            (self.norms, learning.watched, learning.gradient_norms, "‖gradient‖", "gradient"),
            (self.ratios, learning.ratio_steps, learning.update_ratios, "‖change‖ / ‖weights‖", "update"),
        )
        for chart, steps, values, label, array in charts:
            if not chart.is_shown(learning.layers, values):
                drawn = _layers(learning, steps, values, array)
                chart.draw(drawn, "update", label, y_range=_range(values), log_y=True)
                yield
        if health is not None and self._drawn != (health.step, health.layer):
            self._drawn = (health.step, health.layer)
            yield from self._draw_health(health)

    def _draw_health(self, health: Health) -> Iterator[None]:
        self.dead.set_sentence("Share of channels that are zero everywhere on 32 pictures.")
        names, values = list(health.dead), list(health.dead.values())
        if names:
            self.dead.set_rows(names, values)
        else:
            self.dead.set_empty("This network has no ReLU.")
        yield
        for kind, panel in self.ridges.items():
            ridge = health.ridges.get(kind)
            panel.set_title(kind.capitalize(), wording.ridge_line(kind, health))
            panel.set_rows(None if ridge is None else _rows(ridge))
            yield


def _layers(learning: Learning, steps: np.ndarray, values: np.ndarray, array: str) -> list[Drawn]:
    """One curve a layer, from the first to the last in the order of the series' colours."""
    names: Sequence[str] = learning.layers
    return [
        Drawn(Curve(name, steps, row, place), array, (place,))
        for place, (name, row) in enumerate(zip(names, values, strict=True))
    ]


def _range(values: np.ndarray) -> tuple[float, float] | None:
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    return low / 1.5, max(high, low * 1.01) * 1.5


def _rows(ridge: Ridge) -> Rows:
    return Rows(ridge.steps, ridge.shares, ridge.low, ridge.high)
