"""The page of the convnet training lab: the run, and pictures and network opened up meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Learning
from gui.actions import Actions, Entry
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.draw_tab import DrawTab
from gui.labs.convnet_training.embedding_tab import EmbeddingTab
from gui.labs.convnet_training.inside_tab import InsideTab
from gui.labs.convnet_training.layers_tab import LayersTab
from gui.labs.convnet_training.learn_tab import LearnTab
from gui.labs.convnet_training.left_line import LeftLine
from gui.labs.convnet_training.mistakes_tab import MistakesTab
from gui.labs.convnet_training.network_tab import NetworkTab
from gui.labs.convnet_training.pictures_tab import PicturesTab
from gui.labs.convnet_training.runs_tab import RunsTab
from gui.labs.convnet_training.tab import Tab
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.time_travel import Timeline, TimeTravel
from gui.view import View, as_cell

CLASSIFYING = "image-classification"
"""The lab that a network is handed over to."""


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
        self.slow = QPushButton("Through one step", self)
        self.slow.setCheckable(True)
        self.slow.setToolTip(
            "Make the next update in slow motion: forward layer by layer, the loss, back layer by layer, and "
            "what it changes. Play and the step button then go a stage at a time (Ctrl+G)."
        )
        self.classify = QPushButton("Use it to classify", self)
        self.classify.setToolTip("Open the network as it is shown on the image classification page (Ctrl+U).")
        self._handed = 0
        self.left = LeftLine(self)
        self.finding = Lines(2, muted=False, parent=self)
        self.tabs = QTabWidget(self)
        self.learn, self.inside, self.layers = LearnTab(self), InsideTab(self), LayersTab(self)
        self.mistakes, self.embedding = MistakesTab(self), EmbeddingTab(self)
        self.pictures, self.draw = PicturesTab(self), DrawTab(self)
        self.network, self.runs = NetworkTab(self), RunsTab(self)
        self._tabs: tuple[Tab, ...] = (
            *(self.pictures, self.network, self.learn, self.inside, self.layers),
            *(self.mistakes, self.embedding, self.draw, self.runs),
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
        tools.addWidget(self.slow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.left)
        column.addLayout(tools)
        said = QHBoxLayout()
        said.setSpacing(2 * GRID)
        said.addWidget(self.finding, 1)
        said.addWidget(self.classify, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(said)
        column.addWidget(self.tabs, 1)

    def _wire(self) -> None:
        self.time.travelled.connect(lambda step: self.command("go_to", step))
        self.left.take_up.clicked.connect(lambda: self.command("take_up"))
        self.left.forget.clicked.connect(lambda: self.command("forget_left"))
        self.left.told.connect(self.told)
        self.branch.clicked.connect(lambda: self.command("branch"))
        self.slow.clicked.connect(self._go_through)
        self.classify.clicked.connect(lambda: self.command("hand_over"))
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
        self.slow.setChecked(snapshot.stage is not None)
        self._pass_on(snapshot.handed)
        self.left.show_keeping(snapshot.keeping)
        self.finding.set_text(snapshot.finding)
        yield
        for tab in self._tabs:
            yield from tab.show_pieces(snapshot)

    def _show_time(self, learning: Learning) -> None:
        self.time.show_timeline(Timeline(learning.moments, learning.step, learning.shown, learning.follows))
        self.branch.setEnabled(not learning.follows)

    def _go_through(self) -> None:
        """Begin slow motion where it is seen, or leave it."""
        is_on = self._snapshot is not None and self._snapshot.stage is not None
        if not is_on:
            self.tabs.setCurrentWidget(self.inside)
        self.slow.setChecked(is_on)  # until the lab has done it
        self.command("leave_step" if is_on else "go_through")

    def _collect(self) -> None:
        self.tabs.setCurrentWidget(self.pictures)
        self.pictures.collect()

    def close_page(self) -> None:
        self.pictures.stop_camera()

    def _pass_on(self, handed: tuple[int, str] | None) -> None:
        """The lab has just written the network down: the other page opens it."""
        if handed is not None and handed[0] != self._handed:
            self._handed = handed[0]
            self.elsewhere_wanted.emit(CLASSIFYING, handed[1])

    def subtitle(self, snapshot: ConvnetTrainingSnapshot) -> str:
        return wording.subtitle(snapshot)

    def add_actions(self, actions: Actions) -> None:
        actions.add(
            "through", "Through one step", "Ctrl+G", self._go_through,
            group="Training", tip="Make the next update in slow motion, or leave slow motion",
        )  # fmt: skip
        actions.add(
            "collect", "Collect your own pictures", "Ctrl+Shift+D", self._collect,
            group="Training", tip="Draw pictures, or take them with the webcam, a class at a time",
        )  # fmt: skip
        actions.add(
            "take", "Take the picture", "Ctrl+Return", self.pictures.collecting.take,
            group="Training", tip="Put the drawing or what the webcam sees into the chosen class",
        )  # fmt: skip
        actions.add(
            "classify", "Use it to classify", "Ctrl+U", self.classify.click,
            group="Training", tip="Open the network on the image classification page",
        )  # fmt: skip
        actions.add(
            "branch", "Branch off here", "Ctrl+Shift+B", self.branch.click,
            group="Training", tip="Go on from the moment that is shown as another run",
        )  # fmt: skip
        self.runs.add_actions(actions)
        actions.add(
            "take-up", "Take up the run that was left behind", "Ctrl+Shift+U", self.left.take_up.click,
            group="Training", tip="Go on with the run that stopped when the program ended",
        )  # fmt: skip
        actions.add(
            "forget-left", "Forget the run that was left behind", "Ctrl+Shift+F", self.left.forget.click,
            group="Training", tip="Remove what was kept of the run that stopped when the program ended",
        )  # fmt: skip

    def entries(self) -> list[Entry]:
        layers = self._snapshot.layers if self._snapshot is not None else ()
        return [
            Entry(layer.name, "Layer", lambda name=layer.name: self.settings_wanted.emit({"layer": name}))
            for layer in layers
        ]
