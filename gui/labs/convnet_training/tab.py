"""A tab of the page: drawn only while it is seen, a panel at a time."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot
from gui.panels.panel import Panel
from gui.panels.told_chart import ToldChart
from gui.view import draw_all


class Tab(QWidget):
    """A subclass says its panels, and how a snapshot is drawn in pieces."""

    title = ""
    asked = Signal(object)
    """(array, indices) under the pointer, as the lab knows it; None when it leaves."""
    picked = Signal(object)
    """The same, clicked."""
    settings_wanted = Signal(dict)
    """Settings to change."""
    command_wanted = Signal(str, tuple)
    """A command of the lab and its arguments."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ConvnetTrainingSnapshot | None = None

    def panels(self) -> tuple[Panel, ...]:
        """Every panel of the tab."""
        raise NotImplementedError

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        """Draw what has changed; each `next` a piece of less than about 4 ms."""
        raise NotImplementedError

    def show_pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        """The same while the tab is seen; else it is drawn when it comes into sight."""
        self._snapshot = snapshot
        if self.isVisible():
            yield from self.pieces(snapshot)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def redraw(self) -> None:
        """Draw the last snapshot again: a choice on the tab has changed, or it has come into sight."""
        if self._snapshot is not None and self.isVisible():
            draw_all(self.pieces(self._snapshot))

    def listen(self, *panels: Panel) -> None:
        """Tell what the panels' pointers are over, and what was clicked, under the names the lab knows."""
        for panel in panels:
            if isinstance(panel, ToldChart):
                panel.asked.connect(self.asked)
                panel.picked.connect(self.picked)
            else:
                panel.hovered.connect(self.asked)
                panel.clicked.connect(self.picked)

    def command(self, name: str, *arguments: object) -> None:
        """Ask the lab for something."""
        self.command_wanted.emit(name, arguments)
