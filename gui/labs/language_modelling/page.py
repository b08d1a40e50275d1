"""The page of the language modelling lab: the line, three networks side by side, and what is inside them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from engine.labs.language_modelling import CellReading, LanguageModellingSnapshot
from gui.actions import Actions
from gui.labs.language_modelling import wording
from gui.labs.language_modelling.brushes import Brushes
from gui.labs.language_modelling.cell_view import CellView
from gui.labs.language_modelling.inside_tab import InsideTab
from gui.labs.language_modelling.meddle_bar import MeddleBar
from gui.labs.language_modelling.memory_tab import MemoryTab
from gui.labs.language_modelling.phrase_tab import PhraseTab
from gui.labs.language_modelling.plain_marks import KEYS
from gui.labs.language_modelling.train_tab import TrainTab
from gui.labs.language_modelling.trajectory_tab import TrajectoryTab
from gui.labs.language_modelling.typed_line import TypedLine
from gui.labs.language_modelling.units_tab import UnitsTab
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.view import View, as_cell, draw_all

WIDE = 140 * GRID
"""Width of the page from which a network's next characters stand beside its next words; else on a tab."""
HIGH = 84 * GRID
"""Height of the page from which a unit's gates stand below all units; else on a tab."""
LOW = 64 * GRID
"""Height of the page below which a strip gives up a line while the bar of what is meddled with is there."""
LINE_HEIGHT = 28 * GRID
"""Height of the page for each further line that a strip may take; a longer text scrolls."""


class LanguageModellingPage(View):
    """Draws a `LanguageModellingSnapshot`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit, self._turn, self._text, self._networks = 0, -1, "", 0
        self._snapshot: LanguageModellingSnapshot | None = None
        self.line = TypedLine(self)
        self.cells = {cell: CellView(cell, self) for cell in wording.NAMES}
        self.inside = InsideTab(self)
        self.trajectory = TrajectoryTab(self)
        self.units = UnitsTab(self)
        self.memory = MemoryTab(self)
        self.phrase = PhraseTab(self)
        self.train = TrainTab(self)
        self.meddled = MeddleBar(self)
        self.brushes = Brushes({name: cell.strip for name, cell in self.cells.items()}, self)
        self.characters, self.gates = QWidget(self), QWidget(self)
        self.tabs = QTabWidget(self)
        self._corner = QWidget(self.tabs)
        self._is_wide = self._is_high = True
        self._arrange()
        self._wire()

    def _arrange(self) -> None:
        self.tabs.setDocumentMode(True)
        for alone in (self.characters, self.gates):
            row = QHBoxLayout(alone)
            row.setContentsMargins(0, GRID, 0, 0)
            row.setSpacing(4 * GRID)
            alone.hide()
        self.tabs.addTab(self.inside, "Inside")
        self.tabs.addTab(self.trajectory, "Trajectory")
        self.tabs.addTab(self.units, "Units")
        self.tabs.addTab(self.memory, "Memory")
        self.tabs.addTab(self.phrase, "Phrase")
        self.tabs.addTab(self.train, "Train")
        tools = QHBoxLayout(self._corner)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.addWidget(self.inside.tools)
        tools.addWidget(self.trajectory.tools)
        self.tabs.setCornerWidget(self._corner)
        self.tabs.currentChanged.connect(self._show_tools)
        self.tabs.currentChanged.connect(self._show_tab)
        self._show_tools()
        strips, guesses = QVBoxLayout(), QHBoxLayout()
        strips.setSpacing(GRID // 2)
        guesses.setSpacing(4 * GRID)
        for cell in self.cells.values():
            strips.addWidget(cell.strip)
            guesses.addWidget(cell, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        whole.addWidget(self.line)
        whole.addLayout(strips)
        whole.addWidget(self.meddled)
        whole.addLayout(guesses, 1)
        whole.addWidget(self.tabs, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room strips take few lines, and characters and gates tabs of their own."""
        self._spread(event.size().width() >= WIDE)
        self._stack(event.size().height() >= HIGH)
        self._show_tools()
        for cell in self.cells.values():
            cell.fit_strip(self._most_lines)

    @property
    def _most_lines(self) -> int:
        is_crowded = self.meddled.isVisibleTo(self) and self.height() < LOW
        return max(1 if is_crowded else 2, self.height() // LINE_HEIGHT - 1)

    def _spread(self, wide: bool) -> None:
        if wide == self._is_wide:
            return
        self._is_wide = wide
        for cell in self.cells.values():
            if wide:
                cell.take_characters()
            else:
                cell.let_go_of_characters()
                self.characters.layout().addWidget(cell.characters)
        self._give_tab(self.characters, "Characters", is_wanted=not wide)

    def _stack(self, high: bool) -> None:
        if high == self._is_high:
            return
        self._is_high = high
        self.meddled.fit_rows(2 if high else 1)
        if high:
            self.inside.take_gates()
        else:
            self.gates.layout().addWidget(self.inside.unit)
        self._give_tab(self.gates, "Gates", is_wanted=not high)

    def _give_tab(self, alone: QWidget, name: str, *, is_wanted: bool) -> None:
        if is_wanted:
            self.tabs.insertTab(1, alone, name)
        else:
            if self.tabs.currentWidget() is alone:
                self.tabs.setCurrentWidget(self.inside)
            self.tabs.removeTab(self.tabs.indexOf(alone))
            alone.hide()

    def _show_tools(self) -> None:
        front = self.tabs.currentWidget()
        self.trajectory.tools.setVisible(front is self.trajectory)
        self.inside.tools.setVisible(front in (self.inside, self.gates))
        self._corner.setVisible(front in (self.inside, self.gates, self.trajectory))
        self.inside.tools.fit(self.width() - self.tabs.tabBar().sizeHint().width() - GRID)

    def _wire(self) -> None:
        self.line.typed.connect(self._type)
        self.line.shortened.connect(self.told)
        guesses = [panel for cell in self.cells.values() for panel in (cell.words, cell.characters)]
        alone = [*guesses, *self.train.panels()]  # these say themselves what they are about
        self.listen(*(panel for panel in self.panels() if panel not in alone))
        self.listen(*guesses, pins=False)  # a click there writes
        self.inside.unit_chosen.connect(lambda unit: self.settings_wanted.emit({"unit": unit}))
        self.units.chosen.connect(self.settings_wanted)
        self.phrase.chosen.connect(self.settings_wanted)
        self.brushes.wanted.connect(self._brush)
        self.trajectory.command_wanted.connect(self.command_wanted)
        for widget in (self.inside, self.meddled):
            widget.command_wanted.connect(self.command_wanted)
        self.train.asked.connect(lambda at: self.asked.emit(as_cell(at)))
        self.train.picked.connect(lambda at: self.pinned.emit(as_cell(at)))
        self.train.command_wanted.connect(self.command_wanted)
        self.train.settings_wanted.connect(self.settings_wanted)
        for cell in self.cells.values():
            cell.chosen.connect(self.line.insert_at_end)
            cell.strip.clicked.connect(lambda at: self._look_back(at[1][0]))

    def panels(self) -> tuple[Panel, ...]:
        of_cells = [panel for cell in self.cells.values() for panel in cell.panels()]
        return (*of_cells, *(panel for tab in self._tabs for panel in tab.panels()))

    @property
    def _tabs(self) -> tuple[InsideTab, TrajectoryTab, UnitsTab, MemoryTab, PhraseTab, TrainTab]:
        return self.inside, self.trajectory, self.units, self.memory, self.phrase, self.train

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """Draw it, unless it is about an older text than the line holds: the newer one is on its way."""
        if snapshot.edit < self._edit:
            return
        if snapshot.turn != self._turn and snapshot.readings:
            self._turn = snapshot.turn
            self.line.show_text(snapshot.typed)
        if snapshot.networks != self._networks:
            self._networks = snapshot.networks
            for part in (*self.cells.values(), self.units, self.trajectory):
                part.forget()
        self.meddled.show_meddling(snapshot)
        is_other, self._text = snapshot.text != self._text, snapshot.text
        self._snapshot = snapshot
        for reading in snapshot.readings:
            yield from self._cell_pieces(snapshot, reading, is_other=is_other)
        if snapshot.readings:
            self.brushes.follow(snapshot.brush)
        yield from self._tab_pieces(snapshot)

    def _cell_pieces(
        self, snapshot: LanguageModellingSnapshot, reading: CellReading, *, is_other: bool
    ) -> Iterator[None]:
        cell = self.cells[reading.cell]
        with self.brushes.drawing():
            is_drawn = cell.show_text(snapshot, reading)
            cell.fit_strip(self._most_lines)
        if is_other and self.line.textCursor().atEnd():
            cell.show_end()
        if is_drawn:
            yield
        yield from cell.guess_pieces(reading)

    def _show_tab(self) -> None:
        """Draw the tab that has come to the front, at once."""
        if self._snapshot is not None:
            draw_all(self._tab_pieces(self._snapshot))

    def _tab_pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """Draw the tab in front; the others when they come there."""
        front = self.tabs.currentWidget()
        for _ in self._pieces_of(front, snapshot):
            yield
            if self.tabs.currentWidget() is not front:
                return

    def _pieces_of(self, front: QWidget, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        yield from self.train.pieces(snapshot)
        if not snapshot.readings:
            return
        if front in (self.inside, self.gates):
            yield from self.inside.pieces(snapshot)
        elif front is self.trajectory:
            yield from self.trajectory.pieces(snapshot)
        elif front is self.units:
            yield from self.units.pieces(snapshot)
        elif front is self.memory:
            self.memory.show_memory(snapshot)
        elif front is self.phrase:
            yield from self.phrase.pieces(snapshot)

    def subtitle(self, snapshot: LanguageModellingSnapshot) -> str:
        return wording.network_line(snapshot)

    def _type(self, text: str) -> None:
        self._edit += 1
        self.command("type", text, self._edit)

    def _look_back(self, place: int) -> None:
        """Ask for the memory of a character's prediction; of the one that is chosen again: of what comes."""
        is_chosen = self._snapshot is not None and self._snapshot.predicted == place
        self.command("look_back", None if is_chosen else place)

    def _brush(self, cell: str, start: int, stop: int) -> None:
        self.command("brush", cell, start, stop)
        if start < stop:
            self.tabs.setCurrentWidget(self.phrase)

    def add_actions(self, actions: Actions) -> None:
        actions.add("type", "Go to the line", "Ctrl+L", self.line.setFocus, group="Text", tip="Type in it")
        actions.add(
            "clear-line", "Empty the line", "Ctrl+Shift+L", self.line.empty, group="Text", tip="Begin anew"
        )
        actions.add(
            "plain-marks", "Write quotes and dashes plain", KEYS, self.line.write_plain,
            group="Text", tip="Curly quotes and long dashes as a keyboard writes them",
        )  # fmt: skip
        actions.add(
            "release-all", "Let go of all meddling", "", lambda: self.command("release_all"),
            group="Text", tip="Let the networks be as they were trained",
        )  # fmt: skip
        for place, cell in enumerate(wording.NAMES, start=1):
            actions.add(
                f"inside-{cell}",
                f"Inside the {wording.NAMES[cell]}",
                f"Alt+{place}",
                lambda cell=cell: self.settings_wanted.emit({"cell": cell}),
                group="Text",
                tip="Show its states and gates",
            )
