"""What the network takes for what: the confusion matrix, and the pictures behind its cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot, Mistake, Verdict
from gui.colour_maps import SEQUENTIAL
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.tab import Tab
from gui.panels.matrix import MatrixPanel
from gui.panels.panel import Panel
from gui.panels.patches import Patch, PatchesPanel
from gui.theme import GRID


class MistakesTab(Tab):
    """The matrix left; right the worst mistakes, or the pictures of the cell that was clicked."""

    title = "Mistakes"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.confusion = MatrixPanel("Confusion matrix", name="confusion")
        self.confusion.nothing_yet = "No test picture has been asked about yet."
        self.pictures = PatchesPanel("Worst mistakes", name="mistakes")
        self.pictures.nothing_yet = "There is no such picture."
        self._verdict: Verdict | None = None
        self._shown: tuple[Mistake, ...] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.confusion, 1)
        row.addWidget(self.pictures, 1)
        self.listen(self.confusion)
        self.confusion.clicked.connect(lambda at: self.command("choose_cell", *map(int, at[1])))
        self.pictures.clicked.connect(lambda at: self.command("pin", self._shown[at[1][0]].index))

    def panels(self) -> tuple[Panel, ...]:
        return self.confusion, self.pictures

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        verdict, data = snapshot.verdict, snapshot.data
        if data is None:
            return
        if verdict is None:
            self._verdict = None
            for panel in self.panels():
                panel.set_empty(self.confusion.nothing_yet)
            return
        before, self._verdict = self._verdict, verdict
        if before is None or before.step != verdict.step or before.of != verdict.of:
            self._draw_confusion(verdict, data.classes)
            yield
        if before is None or _key(before) != _key(verdict):
            self._draw_pictures(verdict, data.classes)
            yield

    def _draw_confusion(self, verdict: Verdict, classes: tuple[str, ...]) -> None:
        counts = verdict.confusion.astype(np.float32)
        rows = counts.sum(1, keepdims=True)
        shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
        self.confusion.set_sentence(wording.confusion_line(verdict))
        self.confusion.set_matrix(
            shares, 0.0, 1.0, rows=np.arange(len(classes)), columns=list(classes), names=classes,
            colour_map=SEQUENTIAL, row_name="class", column_name="taken for",
        )  # fmt: skip

    def _draw_pictures(self, verdict: Verdict, classes: tuple[str, ...]) -> None:
        self._shown = verdict.worst if verdict.cell is None else verdict.in_cell
        if verdict.cell is None:
            hint = "Click one to look at it, or a cell to see what is in it."
            self.pictures.set_title("Worst mistakes", hint)
        else:
            truth, taken = (classes[index] for index in verdict.cell)
            self.pictures.set_title(f"“{truth}” taken for “{taken}”", f"{len(self._shown)} pictures.")
        self.pictures.set_patches([_patch(one, classes) for one in self._shown])


def _key(verdict: Verdict) -> tuple[object, ...]:
    """What decides which pictures are shown."""
    return verdict.step, verdict.of, verdict.cell


def _patch(mistake: Mistake, classes: tuple[str, ...]) -> Patch:
    sure = f"{mistake.probability:.0%}".replace("%", " %")
    return Patch(mistake.picture, f"{classes[mistake.predicted]}, {sure}", f"is {classes[mistake.truth]}")
