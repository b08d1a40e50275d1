"""The pictures of an experiment: its own above and tabs below, or all on tabs where there is less room."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot
from gui.labs.grid_versus_loop.architecture_part import ArchitecturePart
from gui.labs.grid_versus_loop.cost_part import CostPart
from gui.labs.grid_versus_loop.counts_part import CountsPart
from gui.labs.grid_versus_loop.curves_part import CurvesPart
from gui.labs.grid_versus_loop.inside_part import InsidePart
from gui.labs.grid_versus_loop.memory_part import MemoryPart
from gui.labs.grid_versus_loop.moved_part import MovedPart
from gui.labs.grid_versus_loop.numbers_part import NumbersPart
from gui.labs.grid_versus_loop.part import Part
from gui.labs.grid_versus_loop.shuffle_part import ShufflePart
from gui.labs.grid_versus_loop.two import Two
from gui.theme import GRID

HIGH = 52 * GRID
"""Height from which an experiment's own pictures stand above the tabs."""


class Body(QWidget):
    """Holds every part; of an experiment's own ones the first that applies is its main one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.two = Two(self)
        self.curves, self.shuffle, self.memory = CurvesPart(self), ShufflePart(self), MemoryPart(self)
        self.moved, self.cost = MovedPart(self), CostPart(self)
        self.inside, self.counts = InsidePart(self.two, self), CountsPart(self)
        self.numbers, self.architecture = NumbersPart(self), ArchitecturePart(self.two, self)
        self.mains: tuple[Part, ...] = (self.shuffle, self.memory, self.moved, self.cost, self.curves)
        self.others: tuple[Part, ...] = (
            *(self.inside, self.curves, self.counts),
            *(self.numbers, self.architecture),
        )
        self.parts: tuple[Part, ...] = tuple(dict.fromkeys((*self.mains, *self.others)))
        self.tabs, self._above = QTabWidget(self), QStackedWidget(self)
        self.tabs.setDocumentMode(True)
        self._main: Part | None = None
        self._on_tabs: tuple[Part, ...] = ()
        self._is_high, self._turn = True, 0
        self._snapshot: GridVersusLoopSnapshot | None = None
        for part in self.parts:
            part.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)
        self._column.addWidget(self._above, 4)
        self._column.addWidget(self.tabs, 5)
        self._above.hide()

    def pieces(self, snapshot: GridVersusLoopSnapshot, *, is_running: bool) -> Iterator[None]:
        """Draw what is in sight of it; of a run that goes on, one part with each snapshot in turn: what a
        snapshot costs decides how many there are.
        """
        before, self._snapshot = self._snapshot, snapshot
        self._lay_out(snapshot)
        seen = [part for part in self.parts if part.isVisible()]
        if seen and is_running and before is not None and before.config == snapshot.config:
            self._turn += 1
            seen = [seen[self._turn % len(seen)]]
        for part in self.parts:
            part.take(snapshot)
        for part in seen:
            yield from part.pieces(snapshot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_high = event.size().height() >= HIGH
        if is_high != self._is_high:
            self._is_high = is_high
            if self._snapshot is not None:
                self._lay_out(self._snapshot)

    def _lay_out(self, snapshot: GridVersusLoopSnapshot) -> None:
        """Put the parts that apply into their places, where that has changed."""
        main = next((part for part in self.mains if part.applies(snapshot)), None)
        others = tuple(part for part in self.others if part is not main and part.applies(snapshot))
        on_tabs = others if self._is_high or main is None else (main, *others)
        if (main, on_tabs) == (self._main, self._on_tabs):
            return
        is_same_main = main is self._main
        front = self.tabs.currentWidget()
        self._main, self._on_tabs = main, on_tabs
        self._put_above(main if self._is_high else None)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for part in on_tabs:
            self.tabs.addTab(part, part.title)
        if is_same_main and front in on_tabs:
            self.tabs.setCurrentWidget(front)
        self.tabs.setVisible(bool(on_tabs))

    def _put_above(self, main: Part | None) -> None:
        while self._above.count():
            self._above.removeWidget(self._above.widget(0))
        if main is not None:
            self._above.addWidget(main)
            main.show()
            self._column.setStretchFactor(self._above, 3 if main is self.curves else 4)
        self._above.setVisible(main is not None)
