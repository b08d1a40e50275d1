"""Training on the person's own text: where a run begins, how it goes, and every moment of it again."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot
from gui.labs.language_modelling import train_start
from gui.labs.language_modelling.train_run import RunPlace
from gui.labs.language_modelling.train_start import StartPlace
from gui.panels.panel import Panel

PAUSE = 200
"""Milliseconds between two pictures of a run that goes on: its curves hardly differ, and training wants the
processor. What the person does is drawn at once."""


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
        self._is_behind = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._catch_up)
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
        before, self._snapshot = self._snapshot, snapshot
        if not self.isVisible():
            return
        if self._pause.isActive() and _only_goes_on(before, snapshot):
            self._is_behind = True
        else:
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

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

    def _catch_up(self) -> None:
        if self._is_behind and self.isVisible():
            self._draw()

    def _draw(self) -> None:
        snapshot, self._is_behind = self._snapshot, False
        if snapshot is None:
            return
        if snapshot.training is None:
            self.start.show_offers(snapshot)
            self._places.setCurrentWidget(self.start)
        else:
            self.run.show_run(snapshot, snapshot.training)
            self._places.setCurrentWidget(self.run)
            self._pause.start()


def _only_goes_on(before: LanguageModellingSnapshot | None, now: LanguageModellingSnapshot) -> bool:
    """Whether nothing differs but that the run shown went on by some steps."""
    if before is None or before.training is None or now.training is None:
        return False
    old, new = before.training, now.training
    is_same_run = old.text == new.text and old.step <= new.step
    is_shown_alike = old.follows == new.follows and (new.follows or old.shown == new.shown)
    return is_same_run and is_shown_alike and before.config.cell == now.config.cell
