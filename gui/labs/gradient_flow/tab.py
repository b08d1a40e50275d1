"""A tab of charts side by side, drawn only while it is seen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot
from gui.labs.gradient_flow.charts import FlowChart
from gui.theme import GRID


class ChartsTab(QWidget):
    """Charts in a row; a subclass fills in `draw`."""

    asked = Signal(object)
    """(array, indices) under the pointer, as the lab knows it; None when it leaves."""
    picked = Signal(object)
    """The same, clicked."""

    def __init__(
        self, charts: Sequence[FlowChart], parent: QWidget | None = None, shares: Sequence[int] = ()
    ) -> None:
        super().__init__(parent)
        self.charts = tuple(charts)
        self._snapshot: GradientFlowSnapshot | None = None
        self.column, row = QVBoxLayout(self), QHBoxLayout()
        self.column.setContentsMargins(0, GRID // 2, 0, 0)
        self.column.setSpacing(GRID // 2)
        row.setSpacing(3 * GRID)
        for chart, share in zip(self.charts, shares or [1] * len(self.charts), strict=True):
            row.addWidget(chart, share)
            chart.asked.connect(self.asked)
            chart.picked.connect(self.picked)
        self.column.addLayout(row, 1)

    def draw(self, snapshot: GradientFlowSnapshot) -> None:
        """Draw what has changed."""
        raise NotImplementedError

    def show_snapshot(self, snapshot: GradientFlowSnapshot) -> None:
        """Draw it now, or when the tab is shown."""
        self._snapshot = snapshot
        if self.isVisible():
            self.draw(snapshot)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def redraw(self) -> None:
        """Draw the last snapshot again: a choice on the tab has changed, or it has come into sight."""
        if self._snapshot is not None and self.isVisible():
            self.draw(self._snapshot)
