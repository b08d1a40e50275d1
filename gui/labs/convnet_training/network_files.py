"""Buttons that take the network out as a file, and bring one in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from gui.export import safe_name
from gui.theme import GRID

NETWORK = "Network (*.safetensors)"


class NetworkFiles(QWidget):
    """Each button asks where in the system's dialog, which opens in the folder used last."""

    open_wanted = Signal(str)
    """The saved network at this path."""
    save_wanted = Signal(str, str)
    """A command of the lab, and the path that it is to write."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._folder = "network", ""
        self.open = QPushButton("Open network…")
        self.open.setToolTip("Go on with a network that was saved here: classify with it, or train it on.")
        self.save = QPushButton("Save network…")
        self.save.setToolTip("Weights, blocks and classes of the network as it is shown (.safetensors).")
        self.source = QPushButton("Save source…")
        self.source.setToolTip(
            "The network as a plain PyTorch module: one file that needs nothing but torch."
        )
        self.export = QPushButton("Export…")
        self.export.setToolTip(
            "The network as it is shown, as a torch.export program (.pt2) for other tools and for the image "
            "classification page. Takes about ten seconds."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        for button in (self.open, self.save, self.source, self.export):
            row.addWidget(button)
        self.open.clicked.connect(self._open)
        self.save.clicked.connect(lambda: self._save("save_network", "Save network", NETWORK, "safetensors"))
        self.source.clicked.connect(lambda: self._save("save_source", "Save source", "Python (*.py)", "py"))
        self.export.clicked.connect(
            lambda: self._save("export_network", "Export", "Exported program (*.pt2)", "pt2")
        )

    def show_network(self, name: str | None) -> None:
        """The network in front is called so; None where there is none to save."""
        self._name = name or "network"
        for button in (self.save, self.source, self.export):
            button.setEnabled(name is not None)

    def _open(self) -> None:
        dialog = QFileDialog(self, "Open network", self._folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(NETWORK)
        if path := self._chosen(dialog):
            self.open_wanted.emit(path)

    def _save(self, command: str, title: str, kind: str, ending: str) -> None:
        dialog = QFileDialog(self, title, self._folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kind)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"{safe_name(self._name)}.{ending}")
        if path := self._chosen(dialog):
            self.save_wanted.emit(command, path)

    def _chosen(self, dialog: QFileDialog) -> str:
        """What was chosen in it; "" where nothing was."""
        accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
        chosen = dialog.selectedFiles() if accepted else []
        dialog.deleteLater()
        if not chosen:
            return ""
        self._folder = str(Path(chosen[0]).parent)
        return str(Path(chosen[0]))
