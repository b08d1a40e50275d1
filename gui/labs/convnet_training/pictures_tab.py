"""The pictures that are learned from: which they are, how each batch varies them, and how to take others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.labs.convnet_training import BatchView, ConvnetTrainingSnapshot, DataView
from gui.form.combo import Combo
from gui.form.segments import Segments
from gui.labs.convnet_training import wording
from gui.labs.convnet_training.collecting import Collecting
from gui.labs.convnet_training.tab import Tab
from gui.lines import Lines
from gui.panels.bars import BarsPanel
from gui.panels.panel import Panel
from gui.panels.patches import Patch, PatchesPanel
from gui.theme import GRID

TITLES = {
    "digits": "Handwritten digits",
    "mnist": "MNIST …",
    "fashion-mnist": "Fashion-MNIST …",
    "cifar10": "CIFAR-10 …",
    "folder": "Your own folder …",
}
COLLECT = "Collect your own"
MODES = ("Classes", "This batch", COLLECT)


def ask_folder(parent: QWidget, title: str) -> str:
    """The folder that the person chooses; "" for none."""
    return QFileDialog.getExistingDirectory(parent, title)


def ask_zip(parent: QWidget) -> str:
    """The zip file that the person chooses; "" for none."""
    return QFileDialog.getOpenFileName(parent, "Choose a zip file", "", "Zip files (*.zip)")[0]


class PicturesTab(Tab):
    """A choice above; examples left, counts right. A class that is clicked shows its own pictures."""

    title = "Pictures"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = Combo()
        self.choice.setAccessibleName("Pictures to learn from")
        self.choice.setToolTip("Those with … lie in a folder or zip file that you choose.")
        self.choice.set_entries(tuple(TITLES.values()))
        self.other = QPushButton("Other place…", self)
        self.other.setToolTip("Choose the folder that holds these pictures.")
        self.zip = QPushButton("Zip file…", self)
        self.zip.setToolTip("Choose a zip file with a sub-folder for each class.")
        self.fetch = QPushButton("Fetch them", self)
        self.fetch.setToolTip("Fetch these pictures from where they are published. This needs a network.")
        self.line = Lines(3, muted=True, small=True, parent=self)
        self.examples = PatchesPanel("Examples", name="examples")
        self.counts = BarsPanel(
            "Classes", name="classes", colour="convolution", columns=("class", "pictures")
        )
        self.mode = Segments(tuple(MODES))
        self.mode.name_for_all(
            "What is shown", "Classes of the set, the newest batch, or collecting your own"
        )
        self.batch = PatchesPanel("Batch", name="batch")
        self.batch.nothing_yet = "There is no batch yet."
        self.collecting = Collecting(self)
        self.stack = QStackedWidget(self)
        self._batch: BatchView | None = None
        self._data: DataView | None = None
        self._class: int | None = None
        self._arrange()
        self.choice.activated.connect(self._choose)
        self.other.clicked.connect(self._choose_place)
        self.zip.clicked.connect(self._choose_zip)
        self.fetch.clicked.connect(lambda: self.command("fetch"))
        self.mode.show_choice(0)
        self.mode.chosen.connect(self._choose_mode)
        self.collecting.command_wanted.connect(self.command_wanted)
        self.counts.clicked.connect(lambda at: self._show_class(at[1][0]))

    def _arrange(self) -> None:
        tools, column = QHBoxLayout(), QVBoxLayout(self)
        tools.setSpacing(GRID)
        for widget in (self.choice, self.other, self.zip, self.fetch):
            tools.addWidget(widget)
        tools.addStretch(1)
        tools.addWidget(self.mode)
        examples = QWidget(self)
        row = QHBoxLayout(examples)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * GRID)
        row.addWidget(self.examples, 3)
        row.addWidget(self.counts, 2)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addWidget(self.line)
        for widget in (examples, self.batch, self.collecting):
            self.stack.addWidget(widget)
        column.addWidget(self.stack, 1)

    def panels(self) -> tuple[Panel, ...]:
        return self.examples, self.counts, self.batch, *self.collecting.panels()

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        dataset = snapshot.config.dataset
        self.choice.show_entry(TITLES[dataset])
        self.fetch.setVisible(dataset in ("mnist", "fashion-mnist", "cifar10"))
        self.other.setVisible(dataset != "digits")
        self.zip.setVisible(dataset == "folder")
        self.collecting.show_collected(snapshot.collected)
        data = snapshot.data
        if data is not None and snapshot.batch is not self._batch:
            self._batch = snapshot.batch
            self._draw_batch(snapshot.batch, data)
            yield
        if data is None or data is self._data:
            return
        self._data, self._class = data, None
        self.line.set_text(wording.data_line(data))
        self._draw_counts(data)
        yield
        self._draw_examples(data)
        yield

    def _draw_counts(self, data: DataView) -> None:
        most = max(1, *data.train_counts)
        self.counts.set_title("Classes", "Pictures to learn from + to be tested on. Click one to see it.")
        self.counts.set_rows(
            list(data.classes),
            [count / most for count in data.train_counts],
            chosen=self._class,
            figures=[
                f"{train:,} + {test:,}"
                for train, test in zip(data.train_counts, data.test_counts, strict=True)
            ],
        )

    def _draw_examples(self, data: DataView) -> None:
        if self._class is None:
            self.examples.set_title("Examples", "The first of each class.")
            shown = [(label, 0) for label in range(len(data.classes))]
        else:
            self.examples.set_title(f"“{data.classes[self._class]}”", "The first pictures of this class.")
            count = min(data.train_counts[self._class], data.examples.shape[1])
            shown = [(self._class, place) for place in range(count)]
        self.examples.set_patches(
            [Patch(data.examples[label, place], data.classes[label]) for label, place in shown]
        )

    def _draw_batch(self, batch: BatchView | None, data: DataView) -> None:
        if batch is None:
            self.batch.set_patches([])
            return
        self.batch.set_title("Batch", wording.batch_line(batch))
        captions = [data.classes[label] for label in batch.labels]
        self.batch.set_patches(
            [
                Patch(picture, caption, name)
                for picture, caption, name in zip(batch.pictures, captions, batch.names, strict=True)
            ]
        )

    def collect(self) -> None:
        """Bring collecting to the front."""
        self.mode.buttons[MODES.index(COLLECT)].setChecked(True)

    def stop_camera(self) -> None:
        """Let the camera go, if it runs."""
        self.collecting.frames.stop()

    def _choose_mode(self, place: int) -> None:
        self.stop_camera()
        self.stack.setCurrentIndex(place)
        self.line.setVisible(MODES[place] != COLLECT)  # which has a line of its own

    def hideEvent(self, event: QHideEvent) -> None:
        self.stop_camera()
        super().hideEvent(event)

    def _show_class(self, label: int) -> None:
        if self._data is not None:
            self._class = None if label == self._class else label
            self._draw_counts(self._data)
            self._draw_examples(self._data)

    # Choosing.

    def _choose(self, place: int) -> None:
        dataset = list(TITLES)[place]
        if dataset == "digits":
            self.settings_wanted.emit({"dataset": dataset, "data": ""})
        else:
            self._take(
                dataset, QFileDialog.getExistingDirectory(self, f"Where is {TITLES[dataset].rstrip(' …')}?")
            )
        if self._snapshot is not None:
            self.choice.show_entry(TITLES[self._snapshot.config.dataset])

    def _choose_place(self) -> None:
        if self._snapshot is not None:
            self._take(
                self._snapshot.config.dataset, QFileDialog.getExistingDirectory(self, "Choose a folder")
            )

    def _choose_zip(self) -> None:
        self._take(
            "folder", QFileDialog.getOpenFileName(self, "Choose a zip file", "", "Zip files (*.zip)")[0]
        )

    def _take(self, dataset: str, place: str) -> None:
        if place:
            self.settings_wanted.emit({"dataset": dataset, "data": str(Path(place))})
