"""Training on the person's own text: where a run begins, how it goes, and every moment of it again."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot
from gui.labs.language_modelling import train_start
from gui.labs.language_modelling.train_run import RunPlace
from gui.labs.language_modelling.train_start import StartPlace
from gui.panels.panel import Panel
from gui.view import draw_all


class TrainTab(QWidget):
    """One calm place to begin from, then the run. Nothing is drawn while the tab is hidden."""

    command_wanted = Signal(str, tuple)
    """`train_on(path)` ("" is the reference text), `begin_training()` or `go_to(step or None)`."""
    settings_wanted = Signal(dict)
    """Settings to change."""
    asked = Signal(object)
    """(array, indices) under the pointer, as the lab knows it; None when it leaves."""
    picked = Signal(object)
    """The same, clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: LanguageModellingSnapshot | None = None
        self.start, self.run = StartPlace(self), RunPlace(self)
        self._places = self._scrolled()
        self._places.addWidget(self.start)
        self._places.addWidget(self.run)
        for place in (self.start, self.run):
            place.file_wanted.connect(self.choose_file)
            place.folder_wanted.connect(self.choose_folder)
            place.begin_wanted.connect(self.begin)
        self.run.again_wanted.connect(self.begin_again)
        self.run.time.travelled.connect(lambda step: self.command_wanted.emit("go_to", (step,)))
        for chart in self.run.charts:
            chart.asked.connect(self.asked)
            chart.picked.connect(self.picked)
        self.run.cell_chosen.connect(lambda cell: self.settings_wanted.emit({"cell": cell}))

    def _scrolled(self) -> QStackedLayout:
        """Where the two places lie: in a window with too little room one scrolls to the rest of them."""
        inside, area = QWidget(self), QScrollArea(self)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for each in (area.viewport(), inside):
            each.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        return QStackedLayout(inside)

    def panels(self) -> tuple[Panel, ...]:
        """The four pictures of a run."""
        return self.run.panels()

    def show_training(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw the run as far as it has changed, now or when the tab is shown."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """The same a panel at a time."""
        self._snapshot = snapshot
        if self.isVisible():
            yield from self._draw(snapshot)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._snapshot is not None:
            draw_all(self._draw(self._snapshot))

    def begin(self) -> None:
        """Learn from the opened file or, without one, from the reference text."""
        if self._snapshot is not None and self._snapshot.file:
            self.begin_again()
        else:
            self._train_on("")

    def begin_again(self) -> None:
        """Learn from what was opened or learned from last, with the settings in force."""
        self.settings_wanted.emit({"play": "train"})
        self.command_wanted.emit("begin_training", ())

    def choose_file(self) -> None:
        """Let the person choose a text, and learn from it."""
        self._learn(train_start.ask_file(self))

    def choose_folder(self) -> None:
        """Let the person choose a folder of texts, and learn from them."""
        self._learn(train_start.ask_folder(self))

    def _learn(self, path: str) -> None:
        if path:
            self._train_on(path)

    def _train_on(self, path: str) -> None:
        self.settings_wanted.emit({"play": "train"})
        self.command_wanted.emit("train_on", (path,))

    def _draw(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        if snapshot.training is None:
            self.start.show_offers(snapshot)
            self._places.setCurrentWidget(self.start)
        else:
            yield from self.run.pieces(snapshot, snapshot.training)
            self._places.setCurrentWidget(self.run)
