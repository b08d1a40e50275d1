"""The base of every lab's page: panels in an arrangement, filled from snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.ask import Cell
from engine.lab import Snapshot
from gui.actions import Actions, Entry
from gui.panels.panel import Panel


class View(QWidget):
    """A lab's page. It holds no tensor and knows no worker: what the person does leaves as signals.

    It draws by `pieces` or, where that takes a few milliseconds at most, by `show_snapshot`: a page says one
    of them, and has the other by that.
    """

    asked = Signal(object)
    """The `Cell` under the pointer, or None when it leaves."""
    pinned = Signal(object)
    """The `Cell` that was clicked, whose answer stays."""
    settings_wanted = Signal(dict)
    """Fields of the lab's Config to change, by name."""
    command_wanted = Signal(str, tuple)
    """A command of the lab and its arguments."""
    told = Signal(str)
    """A sentence for the person about something that cannot be done."""
    elsewhere_wanted = Signal(str, str)
    """The name of another lab, and the file that it is to open: labs do not know each other."""

    is_running = False
    """Whether the snapshot that is drawn comes from a run that goes on, so that another one follows soon:
    what hardly differs from one to the next may then be left to a later one."""

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw what the lab shows now, all of it."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: Snapshot) -> Iterator[None]:
        """The same a piece at a time: each `next` draws one, a panel say, in less than about 4 ms.

        The window answers, and paints what was drawn, between two pieces. Panels that show the same already
        are left out and are no piece. What is left may never be drawn, since another page was chosen: so
        what a panel shows is noted when it is drawn, not before.
        """
        self.show_snapshot(snapshot)
        yield

    def subtitle(self, snapshot: Snapshot) -> str:
        """The muted line under the lab's question."""
        raise NotImplementedError

    def panels(self) -> tuple[Panel, ...]:
        """Every panel of the page, so that the window can copy and save them."""
        raise NotImplementedError

    def add_actions(self, actions: Actions) -> None:
        """Add the page's own actions to the window's table."""

    def entries(self) -> list[Entry]:
        """What else the command palette offers on this page: layers, classes, pictures."""
        return []

    def close_page(self) -> None:
        """Let go of what outlives a hidden page (a camera, a timer)."""

    def listen(self, *panels: Panel, pins: bool = True) -> None:
        """Pass on what the panels' pointers are over, and where a click `pins` it, what was clicked."""
        for panel in panels:
            panel.hovered.connect(lambda at: self.asked.emit(as_cell(at)))
            if pins:
                panel.clicked.connect(lambda at: self.pinned.emit(as_cell(at)))

    def command(self, name: str, *arguments: Any) -> None:
        """Ask the lab for something."""
        self.command_wanted.emit(name, arguments)


def draw_all(pieces: Iterator[None]) -> None:
    """Draw what is left at once."""
    for _ in pieces:
        pass


def as_cell(at: tuple[str, tuple[int, ...]] | None) -> Cell | None:
    """What a panel's pointer is over, as the engine is asked about it."""
    return None if at is None else Cell(at[0], tuple(int(part) for part in at[1]))
