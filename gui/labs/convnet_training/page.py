"""The page of the convnet training lab: the run, and pictures and network opened up meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Learning
from gui.actions import Actions, Entry
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.draw_tab import DrawTab
from gui.labs.convnet_training.embedding_tab import EmbeddingTab
from gui.labs.convnet_training.inside_tab import InsideTab
from gui.labs.convnet_training.layers_tab import LayersTab
from gui.labs.convnet_training.learn_tab import LearnTab
from gui.labs.convnet_training.mistakes_tab import MistakesTab
from gui.labs.convnet_training.network_tab import NetworkTab
from gui.labs.convnet_training.pictures_tab import PicturesTab
from gui.labs.convnet_training.tab import Tab
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.time_travel import Timeline, TimeTravel
from gui.view import View, as_cell


class ConvnetTrainingPage(View):
    """Draws a `ConvnetTrainingSnapshot`, of which only the tab in front."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ConvnetTrainingSnapshot | None = None
        self.time = TimeTravel("update", self)
        self.branch = QPushButton("Branch off here", self)
        self.branch.setToolTip(
            "Go on from the moment that is shown, with the settings in force, as another run."
        )
        self.finding = Lines(2, muted=False, parent=self)
        self.tabs = QTabWidget(self)
        self.learn, self.inside, self.layers = LearnTab(self), InsideTab(self), LayersTab(self)
        self.mistakes, self.embedding = MistakesTab(self), EmbeddingTab(self)
        self.pictures, self.draw = PicturesTab(self), DrawTab(self)
        self.network = NetworkTab(self)
        self._tabs: tuple[Tab, ...] = (
            *(self.pictures, self.network, self.learn, self.inside, self.layers),
            *(self.mistakes, self.embedding, self.draw),
        )
        self._arrange()
        self._wire()

    def _arrange(self) -> None:
        self.tabs.setDocumentMode(True)
        for tab in self._tabs:
            self.tabs.addTab(tab, tab.title)
        self.tabs.setCurrentWidget(self.learn)
        tools = QHBoxLayout()
        tools.setSpacing(GRID)
        tools.addWidget(self.time, 1)
        tools.addWidget(self.branch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addWidget(self.finding)
        column.addWidget(self.tabs, 1)

    def _wire(self) -> None:
        self.time.travelled.connect(lambda step: self.command("go_to", step))
        self.branch.clicked.connect(lambda: self.command("branch"))
        self.tabs.currentChanged.connect(
            lambda place: self.command("attend", self.tabs.tabText(place).lower())
        )
        for tab in self._tabs:
            tab.asked.connect(lambda at: self.asked.emit(as_cell(at)))
            tab.picked.connect(lambda at: self.pinned.emit(as_cell(at)))
            tab.settings_wanted.connect(self.settings_wanted)
            tab.command_wanted.connect(self.command_wanted)

    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for tab in self._tabs for panel in tab.panels())

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        self._snapshot = snapshot
        if snapshot.learning is not None:
            self._show_time(snapshot.learning)
        self.finding.set_text(snapshot.finding)
        yield
        for tab in self._tabs:
            yield from tab.show_pieces(snapshot)

    def _show_time(self, learning: Learning) -> None:
        self.time.show_timeline(Timeline(learning.moments, learning.step, learning.shown, learning.follows))
        self.branch.setEnabled(not learning.follows)

    def subtitle(self, snapshot: ConvnetTrainingSnapshot) -> str:
        return wording.subtitle(snapshot)

    def add_actions(self, actions: Actions) -> None:
        actions.add(
            "branch", "Branch off here", "Ctrl+Shift+B", self.branch.click,
            group="Training", tip="Go on from the moment that is shown as another run",
        )  # fmt: skip

    def entries(self) -> list[Entry]:
        layers = self._snapshot.layers if self._snapshot is not None else ()
        return [
            Entry(layer.name, "Layer", lambda name=layer.name: self.settings_wanted.emit({"layer": name}))
            for layer in layers
        ]
