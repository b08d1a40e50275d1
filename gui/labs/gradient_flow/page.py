"""The page of the gradient flow lab: presets, networks, the gradient along the sequence, and why it is so."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QTabWidget, QVBoxLayout, QWidget

from engine.labs.gradient_flow.config import NETWORKS, PRESETS
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot
from gui.actions import Actions, Entry
from gui.form.combo import Combo
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import FlowChart
from gui.labs.gradient_flow.flow_chart import GradientChart
from gui.labs.gradient_flow.gates_tab import GatesTab
from gui.labs.gradient_flow.learning_tab import LearningTab
from gui.labs.gradient_flow.mechanism_tab import MechanismTab
from gui.labs.gradient_flow.meter_tab import MeterTab
from gui.labs.gradient_flow.networks import SHORT
from gui.labs.gradient_flow.over_training import OverTraining
from gui.labs.gradient_flow.parameters_tab import ParametersTab
from gui.labs.gradient_flow.presets import PresetRow
from gui.labs.gradient_flow.tab import ChartsTab, Part
from gui.labs.gradient_flow.toggles import NetworkToggles
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.typed_line import TypedLine
from gui.view import View, as_cell, draw_all

WIDE, HIGH = 104 * GRID, 72 * GRID
"""Size of the page from which the maps stand beside the main chart; else on a tab."""
NARROW, TALL = 140 * GRID, 64 * GRID
"""Width of the page below which the finding takes three lines, where the page is as high as that."""
TAB_NAMES = (
    ("Learning", "Learning"),
    ("Mechanism", "Mechanism"),
    ("Gates and weights", "Gates"),
    ("Parameters", "Parameters"),
    ("Memory meter", "Memory"),
)
"""What the tabs are called, and what where there is little room."""
SMALLEST = QSize(75 * GRID, 48 * GRID)


class GradientFlowPage(View):
    """Draws a `GradientFlowSnapshot`. While the networks learn the newest curves come with each, and of all
    else, which hardly differs from step to step, one part: what a snapshot costs decides how many there are.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: GradientFlowSnapshot | None = None
        self._due: list[Part] = []
        self._is_roomy = True
        self._cell = ""
        self.presets, self.networks = PresetRow(self), NetworkToggles(self)
        self.sentence = TypedLine(
            "Sentence",
            "What the language networks read.",
            "Type a sentence: its gradient is measured with every key.",
            self,
        )
        self.chart, self.maps = GradientChart(), OverTraining()
        self.finding = Lines(2, muted=False, parent=self)
        self.learning, self.mechanism = LearningTab(self), MechanismTab(self)
        self.gates, self.parameters, self.meter = GatesTab(self), ParametersTab(self), MeterTab(self)
        self.tabs, self.whose = QTabWidget(self), Combo()
        self.training = QWidget(self)
        self._arrange()
        self._wire()

    # Arranging.

    def _arrange(self) -> None:
        self.sentence.hide()
        self.tabs.setDocumentMode(True)
        for tab, (name, _) in zip(self._tabs, TAB_NAMES, strict=True):
            self.tabs.addTab(tab, name)
        self.whose.setAccessibleName("Network whose weights are shown")
        self.whose.setToolTip("The network whose weights and parameters are shown")
        self.tabs.setCornerWidget(self.whose)
        alone = QVBoxLayout(self.training)
        alone.setContentsMargins(0, GRID // 2, 0, 0)
        self.training.hide()
        self._main = QGridLayout()
        self._main.setHorizontalSpacing(3 * GRID)
        self._main.addWidget(self.chart, 0, 0)
        self._main.addWidget(self.maps, 0, 1)
        whole = self._column = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        for widget in (self.presets, self.networks, self.sentence):
            whole.addWidget(widget)
        whole.addLayout(self._main, 1)
        whole.addWidget(self.finding)
        whole.addWidget(self.tabs, 1)
        self._share(roomy=True)
        self._show_tools()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In little room the maps are a tab, and one sentence stands for both."""
        width, height = event.size().width(), event.size().height()
        self.finding.set_most(3 if width < NARROW and height >= TALL else 2)
        roomy = width >= WIDE and height >= HIGH
        if roomy != self._is_roomy:
            self._share(roomy=roomy)
            draw_all(self._all_pieces())

    def minimumSizeHint(self) -> QSize:
        """What the arrangement for little room needs, also where there is more now."""
        return SMALLEST

    def _share(self, *, roomy: bool) -> None:
        self._is_roomy = roomy
        self._column.setSpacing(GRID if roomy else GRID // 2)
        self._column.setStretchFactor(self._main, 5 if roomy else 1)
        self._column.setStretchFactor(self.tabs, 4 if roomy else 1)
        if roomy:
            if self.tabs.currentWidget() is self.training:
                self.tabs.setCurrentWidget(self.learning)
            self.tabs.removeTab(self.tabs.indexOf(self.training))
            self.training.hide()
            self._main.addWidget(self.maps, 0, 1)
        else:
            self.training.layout().addWidget(self.maps)
            self.maps.show()
            self.tabs.insertTab(1, self.training, "Training")
        for tab, names in zip(self._tabs, TAB_NAMES, strict=True):
            self.tabs.setTabText(self.tabs.indexOf(tab), names[0 if roomy else 1])
        self._main.setColumnStretch(0, 3)
        self._main.setColumnStretch(1, 2 if roomy else 0)
        self._say()

    def _wire(self) -> None:
        self.presets.chosen.connect(lambda name: self.command("choose", name))
        self.networks.chosen.connect(lambda cells: self.settings_wanted.emit({"cells": cells}))
        self.sentence.typed.connect(lambda text: self.settings_wanted.emit({"text": text}))
        self.meter.sweep_wanted.connect(lambda lengths: self.command("sweep", lengths))
        self.whose.activated.connect(self._choose_other)
        self.tabs.currentChanged.connect(self._turn)
        for source in (self.chart, *self._tabs):
            source.asked.connect(lambda at: self.asked.emit(as_cell(at)))
            source.picked.connect(lambda at: self.pinned.emit(as_cell(at)))
        self.maps.hovered.connect(lambda at: self.asked.emit(as_cell(self.maps.told(at))))
        self.maps.clicked.connect(lambda at: self.pinned.emit(as_cell(self.maps.told(at))))

    @property
    def _tabs(self) -> tuple[LearningTab, MechanismTab, GatesTab, ParametersTab, MeterTab]:
        return self.learning, self.mechanism, self.gates, self.parameters, self.meter

    def panels(self) -> tuple[Panel, ...]:
        charts: list[FlowChart] = [chart for tab in self._tabs for chart in tab.charts]
        return self.chart, self.maps, *charts

    # Drawing.

    def pieces(self, snapshot: GradientFlowSnapshot) -> Iterator[None]:
        before, self._snapshot = self._snapshot, snapshot
        if not self.isVisible():
            return
        if not self.is_running or not _only_goes_on(before, snapshot):
            yield from self._all_pieces()
            return
        self._due += [part for part in self._parts if part not in self._due]
        if self.chart.show_flow(snapshot):
            yield from self._rest()
        if self._draw_due():
            yield from self._rest()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        draw_all(self._all_pieces())

    def _draw_due(self) -> bool:
        """Draw of what is due the first that has changed; whether there was any."""
        snapshot = self._snapshot
        while self._due and snapshot is not None:
            if self._due.pop(0)(snapshot):
                return True
        return False

    def _all_pieces(self) -> Iterator[None]:
        """Draw everything that is in sight, a piece at a time."""
        self._due = list(self._parts) if self.isVisible() else []
        while self._draw_due():
            yield from self._rest()

    def _rest(self) -> Iterator[None]:
        """A piece was drawn; what it has left to be drawn are pieces of their own."""
        yield from self.chart.rest()
        yield from self.maps.rest()
        yield

    @property
    def _parts(self) -> tuple[Part, ...]:
        """Of the tabs the one in front alone; the others when they come there."""
        front = self.tabs.currentWidget()
        in_front = front.parts if isinstance(front, ChartsTab) else ()
        return self.chart.show_flow, self._draw_words, self._draw_maps, *in_front

    def _draw_words(self, snapshot: GradientFlowSnapshot) -> bool:
        self._offer(snapshot)
        self.presets.show_preset(snapshot.config)
        self.networks.show_networks(snapshot)
        is_read = snapshot.config.task == "sentence"
        self.sentence.setVisible(is_read)
        self.sentence.show_text(snapshot.config.text)
        if self._is_roomy:
            self.maps.setHidden(is_read)  # nothing is trained: the text has the whole width
            self._main.setColumnStretch(1, 0 if is_read else 2)
        self._say()
        return False

    def _draw_maps(self, snapshot: GradientFlowSnapshot) -> bool:
        return self.maps.isVisible() and self.maps.show_training(snapshot, at_once=not self.is_running)

    def _say(self) -> None:
        """The finding; where there is little room, the preset's sentence stands in its place before it."""
        finding = "" if self._snapshot is None else self._snapshot.finding
        self.presets.sentence.setVisible(self._is_roomy)
        if not finding and not self._is_roomy and self._snapshot is not None:
            finding = wording.preset_line(self._snapshot.config)
        self.finding.set_text(finding)

    # Choosing.

    def _offer(self, snapshot: GradientFlowSnapshot) -> None:
        """Offer the running networks; the chosen one stays as long as it runs."""
        cells = [one.cell for one in snapshot.runners]
        names = tuple(SHORT[cell] for cell in cells)
        if names != self.whose.entries:
            self.whose.set_entries(names)
        if self._cell not in cells and cells:
            self._choose(0)
        self.whose.show_entry(SHORT.get(self._cell, ""))

    def _choose_other(self, place: int) -> None:
        self._choose(place)
        draw_all(self._all_pieces())

    def _choose(self, place: int) -> None:
        self._cell = next(cell for cell in NETWORKS if SHORT[cell] == self.whose.entries[place])
        self.gates.choose(self._cell)
        self.parameters.choose(self._cell)

    def _turn(self) -> None:
        self._show_tools()
        draw_all(self._all_pieces())

    def _show_tools(self) -> None:
        self.whose.setVisible(self.tabs.currentWidget() in (self.gates, self.parameters))

    def subtitle(self, snapshot: GradientFlowSnapshot) -> str:
        return wording.subtitle(snapshot)

    def add_actions(self, actions: Actions) -> None:
        for place, name in enumerate(PRESETS, start=1):
            actions.add(
                f"preset-{place}",
                f"Preset: {name}",
                f"Alt+{place}",
                lambda name=name: self.command("choose", name),
                group="Experiment",
                tip=PRESETS[name][0],
            )
        actions.add(
            "type", "Go to the sentence", "Ctrl+L", self.sentence.focus,
            group="Experiment", tip="Type in it, where the task is to read one",
        )  # fmt: skip
        actions.add(
            "measure-memory", "Measure the memory", "", self.meter.measure.click,
            group="Experiment", tip="Try all lengths of the memory meter",
        )  # fmt: skip

    def entries(self) -> list[Entry]:
        return []


def _only_goes_on(before: GradientFlowSnapshot | None, now: GradientFlowSnapshot) -> bool:
    """Whether nothing differs but that the run went on, or that something more of it was measured."""
    if before is None or before.config != now.config or before.step > now.step:
        return False
    return bool(before.runners) == bool(now.runners) and (before.meter is None) == (now.meter is None)
