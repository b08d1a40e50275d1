"""One quiet line about a run that was left behind: take it up again, or forget it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from engine.labs.convnet_training import Keeping, LeftRun
from gui.lines import Lines
from gui.theme import GRID


class LeftLine(QWidget):
    """Hidden while nothing was left behind."""

    told = Signal(str)
    """Why a run is in memory only, or of no use: once, when it comes to that."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[LeftRun, int] | None = None
        self._problem = ""
        self.line = Lines(2, muted=False, small=True, parent=self)
        self.take_up = QPushButton("Take it up again", self)
        self.take_up.setToolTip(
            "Go on from the last update that was kept, with its settings, curves and pictures, exactly as if "
            "it had never stopped (Ctrl+Shift+U). The run in front gives way to it."
        )
        self.forget = QPushButton("Forget it", self)
        self.forget.setToolTip("Remove the file that it was kept in (Ctrl+Shift+F).")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.line, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.take_up)
        row.addWidget(self.forget)
        self.hide()

    def show_keeping(self, keeping: Keeping | None) -> None:
        """Tell of the newest that was left behind."""
        problem = keeping.problem if keeping is not None else ""
        if problem != self._problem:
            self._problem = problem
            if problem:
                self.told.emit(problem)
        left = keeping.left if keeping is not None else None
        shown = (left, keeping.more) if keeping is not None and left is not None else None
        if shown != self._shown:
            self._shown = shown
            if shown is not None:
                self.line.set_text(sentence(*shown))
            self.setVisible(shown is not None)


def sentence(left: LeftRun, more: int) -> str:
    """ "Run 2: plain on MNIST stopped at update 1,234 (epoch 2 of 3), 97.1 % right, on 3 May at 14:02."."""
    how = "was finished" if left.is_over else "stopped"
    epoch = f"epoch {left.epoch:,} of {left.epochs:,}"
    right = "" if left.accuracy is None else f", {left.accuracy:.1%} right".replace("%", " %")
    when = datetime.fromtimestamp(left.written)
    others = f" {more} more behind it." if more else ""
    return (
        f"“{left.name}” on {left.data} {how} at update {left.step:,} ({epoch}){right}, on "
        f"{when.day} {when:%B at %H:%M}.{others}"
    )
