"""Two pictures layer by layer: where their activations part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.image_classification import ImageClassificationSnapshot
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.panel import Panel
from gui.panels.picture import PicturePanel
from gui.theme import GRID

if TYPE_CHECKING:
    from engine.explain.comparison import Divergence

SAME = 1e-6
"""Distances below this are what rounding leaves between equal activations."""


class CompareTab(QWidget):
    """The pinned picture, and its distance from the current one along the layers."""

    command_wanted = Signal(str, tuple)
    layer_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ImageClassificationSnapshot | None = None
        self.pin = QPushButton("Pin this picture", self)
        self.unpin = QPushButton("Let it go", self)
        self.pin.clicked.connect(lambda: self.command_wanted.emit("pin", ()))
        self.unpin.clicked.connect(lambda: self.command_wanted.emit("unpin", ()))
        self.picture = PicturePanel("Pinned picture", name="pinned")
        self.chart = LinePlotPanel("Where they part", name="divergence")
        self.chart.clicked.connect(lambda at: self.layer_chosen.emit(int(at[1][1])))
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(self.picture, 3)
        row.addWidget(self.chart, 8)
        self.tools = QWidget(self)
        """What stands beside the tabs' titles while this tab is shown."""
        head = QHBoxLayout(self.tools)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.pin)
        head.addWidget(self.unpin)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addLayout(row, 1)
        self._show_nothing()

    def panels(self) -> tuple[Panel, ...]:
        """The pinned picture and the chart."""
        return (self.picture, self.chart)

    def show_comparison(self, snapshot: ImageClassificationSnapshot) -> None:
        """Draw the pinned picture and, once it is measured, the distance at every layer."""
        before, self._snapshot = self._snapshot, snapshot
        self.unpin.setEnabled(snapshot.pinned is not None)
        if before is not None and (
            snapshot.pinned is before.pinned and snapshot.divergences is before.divergences
        ):
            return
        if snapshot.pinned is None:
            self._show_nothing()
            return
        self.picture.set_picture(snapshot.pinned)
        self.picture.set_title("Pinned picture", snapshot.pinned_name)
        self._draw()

    def _show_nothing(self) -> None:
        self.picture.set_empty("Pin a picture, then choose another one or move a slider.")
        self.chart.set_empty("The distance between the two pictures' activations, layer by layer.")

    def _draw(self) -> None:
        snapshot = self._snapshot
        if snapshot is None or snapshot.pinned is None or not snapshot.divergences:
            return
        found = snapshot.divergences
        x = np.arange(len(found), dtype=float)
        cosine = np.array([part.cosine_distance for part in found])
        relative = np.array([part.relative_l2 for part in found])
        self.chart.set_title("Where they part", f"{_finding(found)} Click to open a layer.")
        self.chart.set_curves(
            [
                Curve("cosine distance", x, cosine, "convolution"),
                Curve("L2 distance / mean norm", x, relative, "reference", dashed=True),
            ],
            "layer",
            "distance",
            x_names=[part.layer for part in found],
        )


def _finding(found: Sequence[Divergence]) -> str:
    """Where two pictures' activations are furthest apart, in a sentence."""
    parted = [part for part in found if part.relative_l2 > SAME]
    if not parted:
        return "No layer tells them apart: the pinned picture is the current one."
    furthest = max(parted, key=lambda part: part.cosine_distance)
    return f"Their activations are furthest apart in direction at {furthest.layer}."
