"""The path of each network's state through the sentence, in axes that are held."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Trajectory
from gui.labs.language_modelling import wording
from gui.labs.language_modelling.cell_view import COLOURS
from gui.labs.language_modelling.parting import parting_line
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.panels.trajectory import Path, TrajectoryPanel
from gui.theme import GRID
from gui.view import draw_all

AXES = ("PC 1", "PC 2", "PC 3")


class TrajectoryTab(QWidget):
    """Three pictures side by side, one for each network, and buttons to keep sentences and to turn."""

    command_wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: dict[str, tuple[Trajectory, str]] = {}
        self.pictures = {
            cell: TrajectoryPanel(name, "", name=f"trajectory-{cell}") for cell, name in wording.NAMES.items()
        }
        self.tools = QWidget(self)
        row = QHBoxLayout(self.tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)  # eight tabs stand beside them in a small window
        self.three_d = QCheckBox("3-D", self.tools)
        self.three_d.setToolTip("Show three principal components; drag to turn.")
        self.three_d.toggled.connect(self._turn)
        row.addWidget(self.three_d)
        for text, command, tip in (
            ("Keep", "pin", "Keep this sentence: its path stays under those of others."),
            ("Let go", "unpin", "Forget the kept sentences."),
        ):
            button = QPushButton(text, self.tools)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, command=command: self.command_wanted.emit(command, ()))
            row.addWidget(button)
        beside = QHBoxLayout()
        beside.setSpacing(2 * GRID)
        for picture in self.pictures.values():
            beside.addWidget(picture, 1)
        self.parting = Lines(1, muted=False, parent=self)
        self.forget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addLayout(beside, 1)
        column.addWidget(self.parting)

    def panels(self) -> tuple[Panel, ...]:
        """The three pictures."""
        return tuple(self.pictures.values())

    def forget(self) -> None:
        """Other networks come, whose axes are still to be fitted."""
        self._shown = {}
        for picture in self.pictures.values():
            picture.set_empty("The axes are being fitted to the reference text.")

    def show_trajectories(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw those that have changed."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """The same, one at a time."""
        self.parting.set_text(parting_line(snapshot))
        if not snapshot.text:
            self._shown = {}
            for picture in self.pictures.values():
                picture.set_empty("Nothing typed yet.")
        for trajectory in snapshot.trajectories:
            shown = self._shown.get(trajectory.cell)
            if shown is None or shown[0] is not trajectory:
                self._shown[trajectory.cell] = trajectory, snapshot.config.path
                self._draw(trajectory, snapshot.config.path)
                yield

    def _draw(self, trajectory: Trajectory, by: str) -> None:
        cell = trajectory.cell
        picture = self.pictures[cell]
        kept = [
            Path(wording.shortened(text), "muted", points, labels)
            for text, points, labels in trajectory.pinned
        ]
        self._say(cell)
        now = Path("this sentence" if kept else "", COLOURS[cell], trajectory.points, trajectory.labels)
        picture.set_paths([*kept, now], AXES, trajectory.share, (trajectory.low, trajectory.high))

    def _say(self, cell: str) -> None:
        axes = 3 if self.three_d.isChecked() else 2
        self.pictures[cell].set_sentence(wording.trajectory_line(*self._shown[cell], axes))

    def _turn(self, three_d: bool) -> None:
        for picture in self.pictures.values():
            picture.set_three_d(three_d)
        for cell in self._shown:
            self._say(cell)
