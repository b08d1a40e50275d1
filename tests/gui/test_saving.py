"""What a panel's menu does: its picture and its numbers, copied and saved."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.errors import UserError
from gui import export
from gui.memory import Memory
from gui.panels.bars import BarsPanel
from gui.panels.picture import PicturePanel
from gui.saving import Saving

COPY, SAVE, COPY_NUMBERS, SAVE_NUMBERS = range(4)
"""Places in a panel's menu."""


class Window(QWidget):
    """What saving needs of the window."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self.memory = memory
        self.told: list[str] = []

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)


class Desk:
    """Two connected panels, and where the person says that things go."""

    def __init__(self, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.window = Window(Memory(folder / "config"))
        self.bars = BarsPanel("Top 5", parent=self.window)
        self.picture = PicturePanel("Picture", parent=self.window)
        self.bars.set_rows(["cat", "dog, or wolf"], [0.1 + 0.2, 0.5])
        self.picture.set_picture(np.full((3, 4, 3), 90, np.uint8))
        for panel in (self.bars, self.picture):
            panel.resize(200, 150)
        Saving(self.window).connect_panels([self.bars, self.picture])
        qtbot.addWidget(self.window)
        self.window.show()
        self.path: Path | None = folder / "out.png"
        self.asked: list[tuple[str, list[str]]] = []
        monkeypatch.setattr(export, "ask_path", self._ask)

    def _ask(
        self, parent: QWidget, title: str, name: str, suffixes: list[str], memory: Memory
    ) -> Path | None:
        assert parent is self.window
        assert memory is self.window.memory
        self.asked.append((name, suffixes))
        return self.path


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(qtbot, tmp_path, monkeypatch)


def choose(panel: QWidget, entry: int) -> None:
    panel.menu.actions()[entry].trigger()


def test_a_picture_is_copied(desk: Desk) -> None:
    choose(desk.bars, COPY)
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == desk.bars.content.size() * export.SCALE


def test_a_picture_is_saved_under_the_title_it_has_now(desk: Desk) -> None:
    desk.picture.set_title("Why “cat”")
    choose(desk.picture, SAVE)
    assert desk.asked == [("Why “cat”", [".png"])]
    with Image.open(desk.path) as image:
        assert (90, 90, 90) in {colour for _, colour in image.convert("RGB").getcolors(1 << 16)}


def test_strokes_are_saved_as_vectors(desk: Desk, tmp_path: Path) -> None:
    desk.path = tmp_path / "bars.svg"
    choose(desk.bars, SAVE)
    assert desk.asked == [("Top 5", [".png", ".svg"])]
    assert "<svg" in desk.path.read_text()


def test_numbers_are_saved_exactly(desk: Desk, tmp_path: Path) -> None:
    desk.path = tmp_path / "top.csv"
    choose(desk.bars, SAVE_NUMBERS)
    assert desk.asked == [("Top 5", [".csv"])]
    with desk.path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["rank", "class", "probability"]
    assert [(row[1], float(row[2])) for row in rows] == [("cat", 0.1 + 0.2), ("dog, or wolf", 0.5)]


def test_numbers_are_copied_for_a_spreadsheet(desk: Desk) -> None:
    choose(desk.bars, COPY_NUMBERS)
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().splitlines()[2].split("\t")[1] == "dog, or wolf"
    assert data.hasFormat("text/csv")


@pytest.mark.parametrize("entry", [SAVE, SAVE_NUMBERS])
def test_the_dialog_may_be_left(desk: Desk, entry: int, tmp_path: Path) -> None:
    desk.path = None
    choose(desk.bars, entry)
    assert list(tmp_path.iterdir()) == []
    assert desk.window.told == []


@pytest.mark.parametrize("entry", [SAVE, SAVE_NUMBERS])
def test_what_cannot_be_written_is_told_in_a_sentence(desk: Desk, entry: int, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    desk.path = tmp_path / "file" / "below.png"
    choose(desk.picture, entry)
    (sentence,) = desk.window.told
    assert "below.png" in sentence
    assert str(tmp_path) not in sentence


def test_a_refused_copy_is_told_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UserError("The picture was not copied", "there is too little memory")

    monkeypatch.setattr(export, "copy_picture", refuse)
    saving = Saving(desk.window)
    panel = PicturePanel("Another", parent=desk.window)
    saving.connect_panels([panel])
    choose(panel, COPY)
    assert desk.window.told == ["The picture was not copied: there is too little memory."]


def test_an_empty_panel_offers_nothing(desk: Desk) -> None:
    desk.bars.set_empty("There is nothing to see without a picture.")
    desk.bars.menu.aboutToShow.emit()
    assert not any(action.isEnabled() for action in desk.bars.menu.actions())
