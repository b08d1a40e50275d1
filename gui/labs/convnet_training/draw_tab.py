"""Draw, and the network answers as it is now, while it learns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot
from gui.labs.convnet_training.classes import show_classes
from gui.labs.convnet_training.tab import Tab
from gui.panels.bars import BarsPanel
from gui.panels.pad import PadPanel
from gui.panels.panel import Panel
from gui.panels.picture import PicturePanel
from gui.theme import GRID


class DrawTab(Tab):
    """The pad, what the network sees of it, and what it takes it for."""

    title = "Draw"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pad = PadPanel("Pad", "Draw with the pointer; the answer follows.", "pad")
        self.picture = PicturePanel("What it sees", name="drawing")
        self.picture.nothing_yet = "Nothing is drawn yet."
        self.top = BarsPanel("What it takes it for", name="drawing-top", colour="convolution")
        self.top.nothing_yet = "Nothing is drawn yet."
        self.clear, self.undo = QPushButton("Clear", self), QPushButton("Take back", self)
        self.clear.setToolTip("Begin anew (Delete on the pad).")
        self.undo.setToolTip("Take the last stroke back (Backspace on the pad).")
        self._picture: np.ndarray | None = None
        self._arrange()
        self.clear.clicked.connect(self.pad.clear)
        self.undo.clicked.connect(self.pad.undo)
        self.pad.drawn.connect(lambda pixels: self.command("draw", pixels))
        self.listen(self.picture, self.top)

    def _arrange(self) -> None:
        tools, row, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        for button in (self.clear, self.undo):
            tools.addWidget(button)
        tools.addStretch(1)
        row.setSpacing(3 * GRID)
        row.addWidget(self.pad, 3)
        row.addWidget(self.picture, 2)
        row.addWidget(self.top, 3)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addLayout(row, 1)

    def panels(self) -> tuple[Panel, ...]:
        return self.pad, self.picture, self.top

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        seen, data = snapshot.seen, snapshot.data
        if seen is None or data is None:
            self.pad.set_empty(self.pad.nothing_yet)
            return
        if self.pad.is_empty:
            self.pad.refresh()
        if not seen.is_drawn:
            return
        if seen.picture is not self._picture:
            self._picture = seen.picture
            self.picture.set_picture(seen.picture)
            self.picture.set_sentence("Moved and scaled as the pictures are that it learns from.")
            yield
        show_classes(self.top, seen, data)
        yield
