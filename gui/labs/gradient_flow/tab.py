"""A tab of charts side by side, drawn one at a time, and only while it is in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot
from gui.labs.gradient_flow.charts import FlowChart
from gui.theme import GRID

Part = Callable[[GradientFlowSnapshot], bool]
"""Draws a part of the page where that has changed; False where it had not, or where it takes next to no
time."""


class ChartsTab(QWidget):
    """Charts in a row; a subclass fills in `parts`."""

    asked = Signal(object)
    """(array, indices) under the pointer, as the lab knows it; None when it leaves."""
    picked = Signal(object)
    """The same, clicked."""

    def __init__(
        self, charts: Sequence[FlowChart], parent: QWidget | None = None, shares: Sequence[int] = ()
    ) -> None:
        super().__init__(parent)
        self.charts = tuple(charts)
        self.column, row = QVBoxLayout(self), QHBoxLayout()
        self.column.setContentsMargins(0, GRID // 2, 0, 0)
        self.column.setSpacing(GRID // 2)
        row.setSpacing(3 * GRID)
        for chart, share in zip(self.charts, shares or [1] * len(self.charts), strict=True):
            row.addWidget(chart, share)
            chart.asked.connect(self.asked)
            chart.picked.connect(self.picked)
        self.column.addLayout(row, 1)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What draws the tab, a chart each."""
        raise NotImplementedError
