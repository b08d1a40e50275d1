"""A training run as it is seen: tools, a finding, losses, layers and samples, as there is room for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Learning, Training
from gui.form.segments import Segments
from gui.labs.language_modelling import train_wording, wording
from gui.labs.language_modelling.cell_view import COLOURS
from gui.labs.language_modelling.train_charts import LossChart, gradient_chart, ratio_chart
from gui.labs.language_modelling.wrapped_line import WrappedLine
from gui.panels.panel import Panel
from gui.panels.samples import Sample, SamplesPanel
from gui.theme import GRID, small_font, theme
from gui.time_travel import Timeline, TimeTravel
from gui.view import draw_all

WIDE = 112 * GRID
"""Width from which the three charts stand side by side."""
HIGH = 42 * GRID
"""Height from which the samples stand below them; in less room one thing stands beside the losses."""
SAMPLES_HIGH = 22 * GRID
"""Height that the samples take at most where they stand below."""
BESIDE = ("Samples", "Gradients", "Updates")
"""What may stand beside the losses."""
STRIPE = 2.0
"""Height of the line that says that one looks at the past."""


class RunPlace(QWidget):
    """Tools in a row, the finding, and four pictures."""

    again_wanted = Signal()
    """Learn anew from what was learned from."""
    begin_wanted = Signal()
    """Learn from the opened file or, without one, from the reference text."""
    file_wanted = Signal()
    folder_wanted = Signal()
    cell_chosen = Signal(str)
    """The network whose layers are to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells: tuple[str, ...] = ()
        self._written: tuple[Sample, ...] = ()
        self._is_past = self._is_brief = False
        self._shown: tuple[Training, str] | None = None
        self.time = TimeTravel("step", self)
        self.finding = WrappedLine(parent=self)
        self.loss, self.gradients, self.ratios = LossChart(), gradient_chart(), ratio_chart()
        self.charts = self.loss, self.gradients, self.ratios
        self.samples = SamplesPanel(train_wording.SAMPLES, "", name="training-samples")
        self.samples.clicked.connect(lambda at: self.cell_chosen.emit(self._cells[at[1][0]]))
        self.beside = Segments(BESIDE)
        self.beside.setParent(self)
        self.beside.name_for_all("Beside the losses", "What is shown at the right of the losses.")
        self.beside.show_choice(0)
        self.beside.chosen.connect(lambda _: self._arrange())
        self._make_menu()
        self._lay_out()
        self._arrange()

    def panels(self) -> tuple[Panel, ...]:
        """The four pictures."""
        return *self.charts, self.samples

    def pieces(self, snapshot: LanguageModellingSnapshot, training: Training) -> Iterator[None]:
        """Draw what has changed of a run, a panel at a time."""
        wanted = training, snapshot.config.cell
        is_other, self._shown = self._shown is None or training is not self._shown[0], wanted
        self.again.setText(train_wording.begin_again(training, snapshot.config))
        self.opened.setText(train_wording.learn_from(snapshot.file))
        self.new.setToolTip(train_wording.source_line(training))
        if is_other:
            self.time.show_timeline(timeline(training))
            self._say(training)
            yield
        yield from self._draw(*wanted)

    def _say(self, training: Training) -> None:
        self.finding.set_text(" ".join(train_wording.findings(training)))
        if self._is_past == training.follows:
            self._is_past = not training.follows
            role = QPalette.ColorRole.Link if self._is_past else QPalette.ColorRole.WindowText
            self.finding.setForegroundRole(role)
            self.update()

    def _draw(self, training: Training, cell: str) -> Iterator[None]:
        self.loss.set_sentence(train_wording.dashed_line(training, brief=self._is_brief))
        if self.loss.show_training(training):
            yield
        for chart in (self.gradients, self.ratios):
            if not chart.isHidden():
                chart.set_sentence(train_wording.layers_line(cell))
                if chart.show_training(training, cell):
                    yield
        self.samples.set_sentence(train_wording.samples_line(training, brief=self._is_brief))
        written = tuple(map(_sample, training.cells))
        if written != self._written:
            self._written, self._cells = written, tuple(one.cell for one in training.cells)
            self.samples.set_samples(written)
            yield

    # Building and arranging.

    def _make_menu(self) -> None:
        menu = QMenu(self)
        self.again, self.opened = menu.addAction(""), menu.addAction("")
        self.again.triggered.connect(lambda: self.again_wanted.emit())
        self.opened.triggered.connect(lambda: self.begin_wanted.emit())
        menu.addSeparator()
        menu.addAction("Choose a text…").triggered.connect(lambda: self.file_wanted.emit())
        menu.addAction("Choose a folder…").triggered.connect(lambda: self.folder_wanted.emit())
        self.new = QPushButton("New run", self)
        self.new.setMenu(menu)

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(GRID)
        tools.addWidget(self.new)
        tools.addWidget(self.time, 1)
        self._body = QGridLayout()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, GRID, 0, 0)
        self._column.addLayout(tools)
        self._column.addWidget(self.finding)
        self._column.addLayout(self._body, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        is_brief = event.size().width() < WIDE or event.size().height() < HIGH
        if is_brief != self._is_brief:
            self._is_brief = is_brief
            self._arrange()

    def _arrange(self) -> None:
        """Put the pictures where they have room, and draw what comes into sight."""
        for widget in (*self.panels(), self.beside):
            self._body.removeWidget(widget)
        self._arrange_briefly() if self._is_brief else self._arrange_widely()
        for layout in (self._column, self._body):
            layout.setSpacing(GRID // 2 if self._is_brief else GRID)
        self._body.setHorizontalSpacing(3 * GRID)
        self.finding.setFont(small_font(self.font()) if self._is_brief else self.font())
        if self._shown is not None:
            draw_all(self._draw(*self._shown))

    def _arrange_briefly(self) -> None:
        chosen = next(at for at, button in enumerate(self.beside.buttons) if button.isChecked())
        self._body.addWidget(self.loss, 0, 0, 2, 1)
        self._body.addWidget(self.beside, 0, 1)
        self.beside.show()
        for place, panel in enumerate((self.samples, self.gradients, self.ratios)):
            self._body.addWidget(panel, 1, 1)
            panel.setVisible(place == chosen)
        self._stretch((1, 1, 0), (0, 1))
        self.samples.setMaximumHeight(QWIDGETSIZE_MAX)

    def _arrange_widely(self) -> None:
        self.beside.hide()
        for place, panel in enumerate(self.charts):
            self._body.addWidget(panel, 0, place)
            panel.show()
        self._body.addWidget(self.samples, 1, 0, 1, 3)
        self.samples.show()
        self.samples.setMaximumHeight(SAMPLES_HIGH)
        self._stretch((5, 4, 4), (5, 3))

    def _stretch(self, columns: Sequence[int], rows: Sequence[int]) -> None:
        for place, share in enumerate(columns):
            self._body.setColumnStretch(place, share)
        for place, share in enumerate(rows):
            self._body.setRowStretch(place, share)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line along the top says that one looks at the past."""
        if self._is_past:
            QPainter(self).fillRect(0, 0, self.width(), round(STRIPE), QColor(theme().accent))


def timeline(training: Training) -> Timeline:
    """How a run stands, as the slider is told."""
    return Timeline(training.moments, training.step, training.shown, training.follows)


def _sample(learning: Learning) -> Sample:
    note = f"at step {learning.sample_step:,}" if learning.sample else train_wording.NO_SAMPLE
    text = train_wording.readable(learning.sample)
    return Sample(wording.SHORT_NAMES[learning.cell], text, COLOURS[learning.cell], note)


QWIDGETSIZE_MAX = (1 << 24) - 1
"""As Qt names it: no limit."""
