"""A part of the page: drawn only while it is seen, a panel at a time."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot
from gui.panels.panel import Panel
from gui.panels.told_chart import ToldChart
from gui.panels.told_panel import ToldPanel
from gui.view import draw_all


class Part(QWidget):
    """A subclass says its panels, and how a snapshot is drawn in pieces."""

    title = ""
    asked = Signal(object)
    """(array, indices) under the pointer, as the lab knows it; None when it leaves."""
    picked = Signal(object)
    """The same, clicked."""
    settings_wanted = Signal(dict)
    command_wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: GridVersusLoopSnapshot | None = None

    def panels(self) -> tuple[Panel, ...]:
        """Every panel of the part."""
        raise NotImplementedError

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        """Whether there is anything of it in the experiment in force."""
        return True

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        """Draw what has changed; each `next` a piece of less than about 4 ms."""
        raise NotImplementedError

    def take(self, snapshot: GridVersusLoopSnapshot) -> None:
        """What is to be drawn when the part comes into sight."""
        self._snapshot = snapshot

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def redraw(self) -> None:
        """Draw the last snapshot again: a choice of the person's has changed, or it has come into sight."""
        if self._snapshot is not None and self.isVisible():
            draw_all(self.pieces(self._snapshot))

    def listen(self, *panels: ToldChart | ToldPanel) -> None:
        """Tell what the panels' pointers are over, and what was clicked, under the names the lab knows."""
        for panel in panels:
            panel.asked.connect(self.asked)
            panel.picked.connect(self.picked)

    def command(self, name: str, *arguments: object) -> None:
        """Ask the lab for something."""
        self.command_wanted.emit(name, arguments)
