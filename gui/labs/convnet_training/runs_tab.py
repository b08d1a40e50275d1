"""The runs side by side: compared in one chart, named, and taken out as numbers or for TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Curves
from gui.actions import Actions
from gui.export import CSV, KINDS, safe_name
from gui.form.combo import Combo
from gui.labs.convnet_training.runs_table import RunsTable, colour_of
from gui.labs.convnet_training.tab import Tab
from gui.panels.line_plot import Curve
from gui.panels.panel import Panel
from gui.panels.told_chart import Drawn, ToldChart
from gui.theme import GRID

MEASURES = {
    "Test accuracy": ("testaccuracy", "test_steps", "test_accuracy"),
    "Test loss": ("testloss", "test_steps", "test_loss"),
    "Accuracy": ("accuracy", "accuracy_steps", "accuracy"),
    "Loss": ("loss", "steps", "loss"),
}
"""What is compared: how the lab calls its points, and where a run holds them."""
SENTENCES = {
    "Test accuracy": "Share of pictures that a run never learns from which it takes for what they are.",
    "Test loss": "Of pictures that a run never learns from.",
    "Accuracy": "Share of each batch that was taken for what it is, before its update.",
    "Loss": "Of each batch before its update.",
}


class RunsTab(Tab):
    """A table of all runs, below it the chosen ones in a chart."""

    title = "Runs"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[Curves, ...] = ()
        self._folder = ""
        self.table = RunsTable(self)
        self.measure = Combo()
        self.measure.set_entries(tuple(MEASURES))
        self.measure.show_entry("Test accuracy")
        self.measure.setAccessibleName("What is compared")
        self.measure.setToolTip("What the chart compares.")
        self.rename = self._button("Name…", "Call the chosen run something else (F2 in the table).")
        self.drop = self._button("Let go", "Compare with the chosen runs no longer (Delete in the table).")
        self.numbers = self._button(
            "Save numbers…", "Every curve of the chosen runs, or of all, as one table (CSV)."
        )
        self.events = self._button(
            "To TensorBoard…",
            "Every curve of the chosen runs, or of all, as event files: a folder for each run.",
        )
        self.chart = ToldChart("Test accuracy", "runs-chart")
        self.chart.nothing_yet = "Nothing was measured of these runs yet."
        self._arrange()
        self._wire()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        return button

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.measure)
        row.addStretch(1)
        for button in (self.rename, self.drop, self.numbers, self.events):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.table)
        column.addLayout(row)
        column.addWidget(self.chart, 1)

    def _wire(self) -> None:
        self.listen(self.chart)
        self.table.named.connect(lambda place, name: self.command("name_run", place, name))
        self.table.chosen.connect(self.redraw)
        self.table.let_go.connect(self._drop)
        self.measure.activated.connect(lambda _: self.redraw())
        self.rename.clicked.connect(self.table.rename)
        self.drop.clicked.connect(self._drop)
        self.numbers.clicked.connect(self._save_numbers)
        self.events.clicked.connect(self._export_events)

    def add_actions(self, actions: Actions) -> None:
        """What may be done with runs, for menu and palette."""
        for name, text, button, tip in (
            ("save-runs", "Save numbers of runs…", self.numbers, "Every curve as one table (CSV)"),
            ("runs-to-tensorboard", "Runs to TensorBoard…", self.events, "Every curve as event files"),
        ):
            actions.add(name, text, "", button.click, group="Training", tip=tip)

    def panels(self) -> tuple[Panel, ...]:
        return (self.chart,)

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        learning = snapshot.learning
        if learning is None:
            return
        self._runs = (*snapshot.runs, learning.curves)
        self.table.show_runs(self._runs)
        self._enable()
        yield
        if self._draw():
            yield

    def _enable(self) -> None:
        places, front = self.table.places, len(self._runs) - 1
        self.drop.setEnabled(bool(self.table.selectedIndexes()) and any(place != front for place in places))

    def _draw(self) -> bool:
        """Whether anything had to be drawn."""
        title = self.measure.currentText()
        kind, steps, values = MEASURES[title]
        places = [place for place in self.table.places if place < len(self._runs)]
        drawn = []
        for place in places:
            run = self._runs[place]
            x, y = getattr(run, steps), getattr(run, values)
            if len(x):
                colour = colour_of(place, len(self._runs))
                drawn.append(Drawn(Curve(run.name, x, y, colour, labelled=True), f"{kind}-{place}"))
        if self.chart.is_shown(title, *places, *(each.curve.y for each in drawn), *self._names(places)):
            return False
        self.chart.set_title(title, SENTENCES[title])
        if not drawn:
            self.chart.set_empty(self.chart.nothing_yet)
        elif title.endswith("ccuracy"):
            self.chart.draw(drawn, "update", "", y_range=(_floor(drawn), 1.0), y_percent=True)
        else:
            self.chart.draw(drawn, "update", "nats a picture")
        return True

    def _names(self, places: list[int]) -> list[str]:
        return [self._runs[place].name for place in places]

    # What is asked for --------------------------------------------------------------------------------

    def _drop(self) -> None:
        front = len(self._runs) - 1
        for place in reversed(self.table.places if self.table.selectedIndexes() else ()):
            if place != front:
                self.command("drop_run", place)
        self.table.clearSelection()

    def _save_numbers(self) -> None:
        dialog = QFileDialog(self, "Save numbers of runs", self._folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(KINDS[CSV])
        dialog.setDefaultSuffix(CSV)
        dialog.selectFile(f"{self._name()}{CSV}")
        if path := self._chosen(dialog):
            self._folder = str(Path(path).parent)
            self.command("save_curves", self.table.places, path)

    def _export_events(self) -> None:
        dialog = QFileDialog(self, "Folder for TensorBoard", self._folder)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        if path := self._chosen(dialog):
            self._folder = path
            self.command("export_events", self.table.places, path)

    def _name(self) -> str:
        places = self.table.places
        return safe_name(self._runs[places[0]].name) if len(places) == 1 and self._runs else "runs"

    @staticmethod
    def _chosen(dialog: QFileDialog) -> str:
        """What was chosen in it; "" where nothing was."""
        accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
        chosen = dialog.selectedFiles() if accepted else []
        dialog.deleteLater()
        return str(Path(chosen[0])) if chosen else ""


def _floor(drawn: list[Drawn]) -> float:
    """Where an axis of shares begins, so that runs that are all good can be told apart."""
    lowest = min(float(np.min(one.curve.y)) for one in drawn)
    return max(0.0, math.floor(20 * (2 * lowest - 1)) / 20)
