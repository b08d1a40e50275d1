"""The experiment's question, how far it got, and the button that plays it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import wording
from gui.lines import Lines
from gui.theme import GRID, theme, themes

WIDEST = "0,000 of 0,000"


class Heading(QWidget):
    """Question left, progress and button right."""

    play_wanted = Signal()
    pause_wanted = Signal()
    again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = Lines(1, muted=False, parent=self)
        self.progress = QLabel("", self)
        self.progress.setMinimumWidth(self.progress.fontMetrics().horizontalAdvance(WIDEST))
        self.progress.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.play = QPushButton("Run again", self)
        self.play.setFixedWidth(self.play.sizeHint().width())
        self.play.setText("Play")
        self.play.setToolTip("Play this experiment (Space plays and pauses)")
        self._wanted = self.play_wanted
        self.play.clicked.connect(lambda: self._wanted.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.question, 1)
        row.addWidget(self.progress)
        row.addWidget(self.play)
        themes.changed.connect(self._dress)
        self._dress()

    def show_experiment(self, snapshot: GridVersusLoopSnapshot, *, is_running: bool) -> None:
        """Show the experiment in force."""
        self.question.set_text(snapshot.asks)
        text = wording.progress(snapshot)
        if text != self.progress.text():
            self.progress.setText(text)
        if wording.is_over(snapshot):
            self._offer("Run again", self.again_wanted)
        elif is_running:
            self._offer("Pause", self.pause_wanted)
        else:
            self._offer("Play", self.play_wanted)
        self._show_tools(is_shown=True)

    def show_table(self) -> None:
        """Show what the table is about; there is nothing to play."""
        self.question.set_text(wording.TABLE_ASKS)
        self._show_tools(is_shown=False)

    def _offer(self, text: str, wanted: SignalInstance) -> None:
        self._wanted = wanted
        if text != self.play.text():
            self.play.setText(text)

    def _show_tools(self, *, is_shown: bool) -> None:
        for widget in (self.progress, self.play):
            if widget.isVisibleTo(self) != is_shown:
                widget.setVisible(is_shown)

    def _dress(self) -> None:
        self.progress.setStyleSheet(f"color: {theme().muted};")
