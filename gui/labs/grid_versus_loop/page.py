"""The page of grid and loop: one experiment in front, its question, its pictures, and what it found."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Contestant, GridVersusLoopSnapshot
from gui.actions import Actions, Entry
from gui.labs.grid_versus_loop import networks, wording
from gui.labs.grid_versus_loop.body import Body
from gui.labs.grid_versus_loop.experiment_bar import NAMES, ExperimentBar
from gui.labs.grid_versus_loop.footing import Footing
from gui.labs.grid_versus_loop.heading import Heading
from gui.labs.grid_versus_loop.part import Part
from gui.labs.grid_versus_loop.table_part import TablePart
from gui.network_toggles import State, ToggleRow
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.view import View, as_cell, draw_all

WIDE = 108 * GRID
"""Width of the page from which every toggle has room for an accuracy."""
TALL = 72 * GRID
"""Height of the page from which the texts at its foot have a line more."""
SMALLEST = QSize(75 * GRID, 46 * GRID)


class GridVersusLoopPage(View):
    """Draws a `GridVersusLoopSnapshot`, of which only what is in front."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: GridVersusLoopSnapshot | None = None
        self._is_table = False
        self.bar, self.heading = ExperimentBar(self), Heading(self)
        self.networks = ToggleRow(networks.NETWORKS, self)
        self.body, self.table = Body(self), TablePart(self)
        self.footing = Footing(self)
        self._places = QStackedWidget(self)
        self._places.addWidget(self.body)
        self._places.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        for widget in (self.bar, self.heading, self.networks):
            column.addWidget(widget)
        column.addWidget(self._places, 1)
        column.addWidget(self.footing)
        self._wire()

    def _wire(self) -> None:
        self.bar.chosen.connect(self.show_experiment)
        self.table.opened.connect(self.show_experiment)
        self.heading.play_wanted.connect(lambda: self.command("play"))
        self.heading.pause_wanted.connect(lambda: self.command("pause"))
        self.heading.again_wanted.connect(self._play_again)
        self.networks.chosen.connect(lambda keys: self.settings_wanted.emit({"networks": keys}))
        for part in self._parts:
            part.asked.connect(lambda at: self.asked.emit(as_cell(at)))
            part.picked.connect(lambda at: self.pinned.emit(as_cell(at)))
            part.settings_wanted.connect(self.settings_wanted)
            part.command_wanted.connect(self.command_wanted)

    @property
    def _parts(self) -> tuple[Part, ...]:
        return *self.body.parts, self.table

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_room()
        self.footing.give_room(roomy=event.size().height() >= TALL)

    def _keep_room(self) -> None:
        """Keep room for accuracies in the toggles where networks learn, and there is any."""
        learns = self._snapshot is not None and bool(self._snapshot.contestants)
        self.networks.keep_room(learns and self.width() >= WIDE)

    def minimumSizeHint(self) -> QSize:
        """What the arrangement for little room needs, also where there is more now."""
        return SMALLEST

    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for part in self._parts for panel in part.panels())

    # Drawing.

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        before, self._snapshot = self._snapshot, snapshot
        if before is not None and before.experiment != snapshot.experiment and before.experiment:
            self._is_table = False
        self._show_words(snapshot)
        yield
        yield from self.body.pieces(snapshot, is_running=self.is_running)
        self.table.take(snapshot)
        if self.table.isVisible():
            yield from self.table.pieces(snapshot)

    def _show_words(self, snapshot: GridVersusLoopSnapshot) -> None:
        self.bar.show_kept(snapshot.kept)
        self.bar.show_chosen(wording.TABLE if self._is_table else snapshot.experiment)
        self.networks.setVisible(not self._is_table)
        self._places.setCurrentWidget(self.table if self._is_table else self.body)
        if self._is_table:
            self.heading.show_table()
            self.footing.show_texts("", wording.TABLE_FINDING, "")
            return
        self.heading.show_experiment(snapshot, is_running=self.is_running)
        finding = " ".join(filter(None, (snapshot.finding, snapshot.timed_finding)))
        self.footing.show_texts(finding, wording.play_line(snapshot), snapshot.published)
        self._keep_room()
        runners = {one.key: one for one in snapshot.contestants}
        self.networks.show_states(
            {
                network.key: _state(network.key in snapshot.networks, runners.get(network.key))
                for network in networks.NETWORKS
            }
        )

    def subtitle(self, snapshot: GridVersusLoopSnapshot) -> str:
        return wording.subtitle(snapshot)

    # Choosing.

    def show_experiment(self, name: str) -> None:
        """Bring an experiment to the front, or the table."""
        was_table, self._is_table = self._is_table, name == wording.TABLE
        self.bar.show_chosen(name)
        if self._snapshot is None:
            return
        if not self._is_table and name != self._snapshot.experiment:
            self.settings_wanted.emit({"experiment": name})
        elif self._is_table != was_table:
            draw_all(self.pieces(self._snapshot))

    def _play_again(self) -> None:
        self.command("reset")
        self.command("play")

    def add_actions(self, actions: Actions) -> None:
        for place, name in enumerate(NAMES, start=1):
            actions.add(
                f"experiment-{name}",
                f"Experiment: {wording.title(name)}",
                f"Alt+{place}",
                lambda name=name: self.show_experiment(name),
                group="Experiment",
                tip=wording.PLAY.get(name, wording.TABLE_ASKS).removeprefix("Press play: "),
            )
        inside, table = self.body.inside, self.table
        actions.add(
            "previous-example", "Previous example", "[", lambda: inside.example.go(-1),
            group="Experiment", tip="Open the test example before",
        )  # fmt: skip
        actions.add(
            "next-example", "Next example", "]", lambda: inside.example.go(1),
            group="Experiment", tip="Open the next test example",
        )  # fmt: skip
        actions.add(
            "type", "Go to the line", "Ctrl+L", self._go_to_line,
            group="Experiment", tip="Type a line to be named, in the experiment with text",
        )  # fmt: skip
        actions.add(
            "unroll", "Unroll the loop", "", self.body.architecture.unroll.toggle,
            group="Experiment", tip="In the architecture, or roll it up again",
        )  # fmt: skip
        actions.add(
            "report", "Save report…", "", table.ask_for_report,
            group="Experiment", tip="The table, pictures, numbers, seeds and versions as one page of HTML",
        )  # fmt: skip

    def _go_to_line(self) -> None:
        """Bring the line to the front where there is one; else the experiment that has it."""
        inside = self.body.inside
        if self._snapshot is not None and self._snapshot.experiment != "text":
            self.show_experiment("text")
            return
        self.body.tabs.setCurrentWidget(inside)
        inside.typed.focus()

    def entries(self) -> list[Entry]:
        if self._snapshot is None or not self._snapshot.experiment:
            return []
        return [
            Entry(f"{network.short}, on or off", "Network", self.networks.toggles[network.key].click)
            for network in networks.NETWORKS
        ]


def _state(is_on: bool, one: Contestant | None) -> State:
    """How a network stands, for its toggle."""
    if one is None:
        return State(is_on)
    if one.exploded_at is not None:
        return State(is_on, "exploded", f"exploded at update {one.exploded_at:,}", is_alarm=True)
    share = wording.percent(one.accuracy) if len(one.test_accuracy) else ""
    return State(is_on, share, f"{share} of test examples right" if share else "")
