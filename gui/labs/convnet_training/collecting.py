"""Collecting pictures a class at a time: drawn on the pad or taken with the webcam, then trained on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.labs.convnet_training import Collected
from gui.form.segments import Segments
from gui.labs.convnet_training.frames import Frames
from gui.lines import Lines
from gui.panels.bars import BarsPanel
from gui.panels.pad import PadPanel
from gui.panels.panel import Panel
from gui.panels.patches import Patch, PatchesPanel
from gui.theme import GRID

READY = (
    "“Train on these” begins a run with a network that suits them; a tenth of each class is kept to test it."
)
NOTHING = Collected()
TRAINED = "The run in front learns from just these. Collect more, and train on them anew."


class Collecting(QWidget):
    """Where pictures come from at the left; the classes, and the pictures of the chosen one, at the right."""

    command_wanted = Signal(str, tuple)
    """A command of the lab and its arguments."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText("Name of a class")
        self.name.setAccessibleName("Name of a new class")
        self.name.setMaxLength(40)
        self.name.setMinimumWidth(14 * GRID)
        self.add = _button(self, "Add class", "Begin another class, which the next pictures go into (Enter).")
        self.undo = _button(self, "Undo", "Take the last step of collecting back.")
        self.drop = _button(
            self, "Remove class", "Let the chosen class go with its pictures; Undo brings it back."
        )
        self.open = _button(
            self, "Open…", "Go on with classes that were saved: a folder with a sub-folder for each."
        )
        self.save = _button(self, "Save…", "Save a folder with a sub-folder of PNG files for each class.")
        self.train = _button(self, "Train on these", "Begin a run that learns from what is collected here.")
        self.line = Lines(1, muted=False, small=True, parent=self)
        self.source = Segments(("Draw", "Webcam"))
        self.source.name_for_all("Where pictures come from", "Draw them, or take them with the webcam")
        self.pad = PadPanel("Pad", "Draw, then take it (Ctrl+Enter).", "collect-pad")
        self.keep = _button(
            self, "Take drawing", "Put the drawing into the chosen class and clear the pad (Ctrl+Enter)."
        )
        self.clear = _button(self, "Clear", "Begin the drawing anew (Delete on the pad).")
        self.frames = Frames(self)
        self.stack = QStackedWidget(self)
        self.classes = BarsPanel(
            "Your classes", name="collected-classes", colour="convolution", columns=("class", "pictures")
        )
        self.pictures = PatchesPanel("Pictures", name="collected")
        self.pictures.nothing_yet = "No picture of this class yet."
        self._collected: Collected | None = None
        self.name.setTextMargins(GRID // 2, 0, GRID // 2, 0)
        self.name.setFixedHeight(self.add.sizeHint().height())
        self._class = 0
        self._arrange()
        self._wire()

    def _arrange(self) -> None:
        drawing = QWidget(self)
        buttons, left = QHBoxLayout(), QVBoxLayout(drawing)
        for button in (self.keep, self.clear):
            buttons.addWidget(button)
        buttons.addStretch(1)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(GRID)
        left.addLayout(buttons)
        left.addWidget(self.pad, 1)
        for widget in (drawing, self.frames):
            self.stack.addWidget(widget)
        tools, row, source, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(), QVBoxLayout(self)
        tools.setSpacing(GRID)
        for widget in (self.name, self.add, self.drop, self.undo):
            tools.addWidget(widget)
        tools.addStretch(1)
        for widget in (self.open, self.save, self.train):
            tools.addWidget(widget)
        source.setSpacing(GRID)
        source.addWidget(self.source, 0, Qt.AlignmentFlag.AlignLeft)
        source.addWidget(self.stack, 1)
        row.setSpacing(3 * GRID)
        row.addLayout(source, 3)
        row.addWidget(self.classes, 3)
        row.addWidget(self.pictures, 4)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addWidget(self.line)
        column.addLayout(row, 1)

    def _wire(self) -> None:
        self.source.show_choice(0)
        self.source.chosen.connect(self._choose_source)
        self.name.returnPressed.connect(self._add)
        self.add.clicked.connect(self._add)
        self.undo.clicked.connect(lambda: self._command("undo_collecting"))
        self.drop.clicked.connect(lambda: self._command("remove_class", self._class))
        self.train.clicked.connect(lambda: self._command("train_on_collected"))
        self.save.clicked.connect(self._ask(lambda place: self._command("save_collected", place), "Save in"))
        self.open.clicked.connect(self._ask(lambda place: self._command("open_collected", place), "Open"))
        self.keep.clicked.connect(self._take_drawing)
        self.clear.clicked.connect(self.pad.clear)
        self.frames.taken.connect(lambda rgb: self._command("collect_photograph", self._class, rgb))
        self.classes.clicked.connect(lambda at: self._choose_class(at[1][0]))
        self.pictures.clicked.connect(
            lambda at: self._command("remove_collected", self._class, self._at(at[1][0]))
        )

    def panels(self) -> tuple[Panel, ...]:
        """Every panel."""
        return self.pad, self.frames.preview, self.classes, self.pictures

    # What is collected ---------------------------------------------------------------------------------

    def show_collected(self, collected: Collected | None) -> None:
        """Show what the lab has."""
        collected = NOTHING if collected is None else collected
        before, self._collected = self._collected, collected
        if collected is before:
            return
        count = len(collected.classes)
        if before is not None and count > len(before.classes):
            self._class = count - 1  # the next pictures are of the class that has just been named
        self._class = max(0, min(self._class, count - 1))
        for button in (self.keep, self.drop):
            button.setEnabled(bool(count))
        self.undo.setEnabled(collected.can_undo)
        self.save.setEnabled(any(collected.pictures))
        self.train.setEnabled(not collected.problem)
        self.line.set_text(collected.problem or (TRAINED if collected.is_trained else READY))
        self.pad.refresh()
        self._draw()

    def _draw(self) -> None:
        collected = self._collected or NOTHING
        if not collected.classes:
            self.classes.set_title("Your classes", "")
            self.classes.set_empty("Name the first class above: what are its pictures of?")
            self.pictures.set_title("Pictures", "")
            self.pictures.set_empty("The pictures of a class gather here.")
            return
        counts = [len(each) for each in collected.pictures]
        most = max(1, *counts)
        self.classes.set_title("Your classes", "Pictures go into the marked one; click another.")
        figures = [f"{count:,}" for count in counts]
        shares = [count / most for count in counts]
        self.classes.set_rows(list(collected.classes), shares, chosen=self._class, figures=figures)
        name, own = collected.classes[self._class], collected.pictures[self._class]
        hint = "Newest first. Click one to remove it." if own else ""
        self.pictures.set_title(f"“{name}”", hint)
        numbered = list(enumerate(own, start=1))
        self.pictures.set_patches([Patch(each, f"{number}") for number, each in reversed(numbered)])

    def _at(self, place: int) -> int:
        """Which of the chosen class's pictures stands at a place: they are shown newest first."""
        own = self._collected.pictures[self._class] if self._collected is not None else ()
        return len(own) - 1 - place

    def _choose_class(self, label: int) -> None:
        self._class = label
        self._draw()

    # What the person does ------------------------------------------------------------------------------

    def _add(self) -> None:
        name = self.name.text()
        self.name.clear()
        self._command("collect_class", name)

    def take(self) -> None:
        """Take what is drawn or what the webcam sees into the chosen class."""
        if not self.isVisible():
            return
        if self.stack.currentWidget() is self.frames:
            self.frames.take.click()
        else:
            self._take_drawing()

    def _take_drawing(self) -> None:
        if self.keep.isEnabled():
            self._command("collect_drawing", self._class, self.pad.pixels)
            if not self.pad.is_blank:
                self.pad.clear()

    def _choose_source(self, place: int) -> None:
        if place == 0:
            self.frames.stop()
        self.stack.setCurrentIndex(place)

    def _ask(self, then: Callable[[str], None], title: str) -> Callable[[], None]:
        """A call that lets the person choose a folder, and hands it on."""

        def ask() -> None:
            if place := QFileDialog.getExistingDirectory(self, f"{title} a folder"):
                then(place)

        return ask

    def _command(self, name: str, *arguments: object) -> None:
        self.command_wanted.emit(name, arguments)


def _button(parent: QWidget, text: str, tip: str) -> QPushButton:
    button = QPushButton(text, parent)
    button.setToolTip(tip)
    return button
