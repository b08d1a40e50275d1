"""How far back each network's prediction was moved by what it read: the three on one axis."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Memory
from gui.labs.language_modelling import wording
from gui.labs.language_modelling.cell_view import COLOURS
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.panel import Panel
from gui.theme import GRID

LEAST = 1e-9
"""Of the largest influence, what is drawn at least: in a long text it falls below what a float can hold."""
NOTHING_TYPED = "Type something: what a prediction owes to each character is measured then."
NOTHING_BEFORE = "Nothing stands before the first character. Click another one above, or this one again."


class MemoryTab(QWidget):
    """One chart: the gradient of the prediction against the distance of the character."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Memory, ...] | None = None
        self.chart = LinePlotPanel("Memory", name="memory")
        self.chart.set_empty(NOTHING_TYPED)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addWidget(self.chart)

    def panels(self) -> tuple[Panel, ...]:
        """The chart."""
        return (self.chart,)

    def show_memory(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw it, each network's largest gradient being 1."""
        if not snapshot.text:
            self._shown = None
            self.chart.set_empty(NOTHING_TYPED)
            return
        if snapshot.memory is self._shown or not snapshot.memory:
            return
        self._shown = snapshot.memory
        is_chosen = snapshot.predicted is not None
        line = wording.memory_line(snapshot.memory, is_chosen=is_chosen)
        self.chart.set_title(wording.memory_title(snapshot), line)
        if not len(snapshot.memory[0].log_norms):
            self.chart.set_empty(NOTHING_BEFORE)
            return
        self.chart.set_curves(
            [
                Curve(
                    wording.NAMES[each.cell],
                    np.arange(len(each.log_norms)),
                    _relative(each),
                    COLOURS[each.cell],
                )
                for each in snapshot.memory
            ],
            "characters back",
            "influence, the largest being 1",
            log_y=True,
        )


def _relative(memory: Memory) -> np.ndarray:
    """(N,) from the last character backwards, the largest 1; not a number where it is too small to see."""
    log_norms = memory.log_norms[::-1].astype(np.float64)
    log_norms -= log_norms.max()
    return np.exp(np.where(log_norms < np.log(LEAST), np.nan, log_norms))
