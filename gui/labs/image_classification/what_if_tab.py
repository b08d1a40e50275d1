"""The chart of the leading classes against one slider of "what if"."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.labs.image_classification import ImageClassificationSnapshot
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.panel import Panel


class WhatIfTab(QWidget):
    """One chart. Clicking it moves the slider there."""

    moved = Signal(str, object)
    """A slider's field and the value it should have."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ImageClassificationSnapshot | None = None
        self.chart = LinePlotPanel("What if", name="sweep")
        self.chart.set_empty("The chart is being measured.")
        self.chart.clicked.connect(self._move)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.chart)

    def panels(self) -> tuple[Panel, ...]:
        """The chart."""
        return (self.chart,)

    def show_sweep(self, snapshot: ImageClassificationSnapshot) -> None:
        """Draw the chart as far as it is measured."""
        before, self._snapshot = self._snapshot, snapshot
        if before is None or snapshot.sweep is not before.sweep or snapshot.config != before.config:
            self._draw()

    def _draw(self) -> None:
        snapshot = self._snapshot
        if snapshot is None or snapshot.sweep is None:
            return
        sweep, about = snapshot.sweep, snapshot.config.settings()[snapshot.sweep.slider]
        curves = [
            Curve(snapshot.classes[index], sweep.values, sweep.probabilities[:, place], place)
            for place, index in enumerate(sweep.classes)
        ]
        self.chart.set_title(
            f"Classes against {about.label.lower()}",
            f"{sweep.done} of {len(sweep.values)} positions measured. Click one to go there.",
        )
        self.chart.set_curves(
            curves,
            about.label,
            "probability",
            x_unit=about.unit,
            y_range=(0.0, 1.0),
            y_percent=True,
            cursor=float(getattr(snapshot.config, sweep.slider)),
        )

    def _move(self, at: tuple[str, tuple[int, ...]]) -> None:
        snapshot = self._snapshot
        if snapshot is None or snapshot.sweep is None:
            return
        config, slider = snapshot.config, snapshot.sweep.slider
        value = config.type_of(slider)(snapshot.sweep.values[at[1][1]])
        about = config.settings()[slider]
        if about.low is not None and about.high is not None:
            value = type(value)(min(max(value, about.low), about.high))
        self.moved.emit(slider, value)
