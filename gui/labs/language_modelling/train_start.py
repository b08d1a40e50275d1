"""Where a training run begins: what it is, and the texts that it may learn from."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot
from gui.labs.language_modelling import train_wording as wording
from gui.labs.language_modelling.wrapped_line import WrappedLine
from gui.theme import GRID, title_font

FILTERS = "Texts (*.txt *.md);;All files (*)"
MEASURE = 72 * GRID
"""Width of a line of text that reads well."""


def ask_file(parent: QWidget) -> str:
    """The text file that the person chooses in the system's dialog; "" where none was."""
    return QFileDialog.getOpenFileName(parent, "Choose a text", "", FILTERS)[0]


def ask_folder(parent: QWidget) -> str:
    """The folder of texts that the person chooses in the system's dialog; "" where none was."""
    return QFileDialog.getExistingDirectory(parent, "Choose a folder of texts")


class StartPlace(QWidget):
    """A sentence, three buttons, and what is going to learn."""

    file_wanted = Signal()
    """Another text is to be chosen."""
    folder_wanted = Signal()
    begin_wanted = Signal()
    """Learn from the opened file or, without one, from the reference text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = _line(wording.TITLE)
        self.title.setFont(title_font(self.font()))
        self.invitation = _line(wording.INVITATION, muted=True)
        self.networks, self.drop = _line("", muted=True), _line(wording.DROP, muted=True)
        self.file = QPushButton("Choose a text…", self)
        self.folder = QPushButton("Choose a folder…", self)
        self.begin = QPushButton(self)
        self.file.setToolTip("A .txt or .md file that the three networks learn from.")
        self.folder.setToolTip("All texts in a folder are learned from.")
        self.file.clicked.connect(lambda: self.file_wanted.emit())
        self.folder.clicked.connect(lambda: self.folder_wanted.emit())
        self.begin.clicked.connect(lambda: self.begin_wanted.emit())
        self._lay_out()

    def show_offers(self, snapshot: LanguageModellingSnapshot) -> None:
        """Offer the opened file, and say which networks begin."""
        self.begin.setText(wording.learn_from(snapshot.file))
        self.begin.setToolTip(f"Begins at once, with {wording.networks(snapshot.config)}.")
        self.networks.set_text(wording.begin_line(snapshot.config))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addStretch()
        for button in (self.file, self.folder, self.begin):
            buttons.addWidget(button)
        buttons.addStretch()
        inside = QWidget(self)
        inside.setMaximumWidth(MEASURE)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, 0)
        row.addStretch(1)
        row.addWidget(inside, 1000)
        row.addStretch(1)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addStretch(2)
        for line in (self.title, self.invitation):
            column.addWidget(line)
        column.addSpacing(GRID)
        column.addLayout(buttons)
        for line in (self.drop, self.networks):
            column.addWidget(line)
        column.addStretch(3)


def _line(text: str, *, muted: bool = False) -> WrappedLine:
    """A centred line of text, wrapped where it is long."""
    line = WrappedLine(text)
    line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    if muted:
        line.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return line
