"""Pictures and numbers that leave the window: what is in the file, and what a failure leaves."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from engine.errors import UserError
from gui import export
from gui.memory import Memory
from gui.theme import theme


class Drawing(QWidget):
    """A blue square and a word."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRect(10, 10, 20, 20), QColor("#0072b2"))
        painter.setFont(QFont("sans-serif", 10))
        painter.setPen(QColor(theme().text))
        painter.drawText(40, 25, "stage 2")


@pytest.fixture
def drawing(qtbot: QtBot) -> Drawing:
    drawing = Drawing()
    qtbot.addWidget(drawing)
    drawing.setAccessibleName("Feature maps")
    drawing.resize(120, 40)
    return drawing


def test_a_widget_is_saved_at_twice_its_size(drawing: Drawing, tmp_path: Path, both_themes: str) -> None:
    export.save_picture(tmp_path / "maps.PNG", drawing)
    with Image.open(tmp_path / "maps.PNG") as image:
        assert image.size == (240, 80)
        assert image.getpixel((40, 40)) == (0x00, 0x72, 0xB2)
        assert image.getpixel((62, 40)) == QColor(theme().page).getRgb()[:3]
        assert set(image.info) <= {"dpi", "gamma", "srgb"}
    export.save_picture(tmp_path / "maps3.png", drawing, scale=3)
    with Image.open(tmp_path / "maps3.png") as image:
        assert image.size == (360, 120)


def test_an_image_keeps_its_pixels_and_loses_its_texts(tmp_path: Path) -> None:
    image = QImage(3, 2, QImage.Format.Format_ARGB32)
    image.fill(QColor(200, 100, 50, 128))
    image.setText("Description", str(tmp_path))
    export.save_picture(tmp_path / "image.png", image)
    data = (tmp_path / "image.png").read_bytes()
    assert os.fsencode(tmp_path) not in data
    assert b"tEXt" not in data
    with Image.open(io.BytesIO(data)) as read:
        assert (read.size, read.getpixel((0, 0))) == ((3, 2), (200, 100, 50, 128))


def test_a_widget_becomes_a_real_vector_picture(drawing: Drawing, tmp_path: Path) -> None:
    export.save_picture(tmp_path / "maps.svg", drawing)
    text = (tmp_path / "maps.svg").read_text(encoding="utf-8")
    assert "<title>Feature maps</title>" in text
    assert "stage 2" in text
    assert "<image" not in text
    assert os.fspath(tmp_path) not in text
    drawn = QImage(120, 40, QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    QSvgRenderer(str(tmp_path / "maps.svg")).render(painter)
    painter.end()
    assert QColor(drawn.pixel(20, 20)).name() == "#0072b2"
    assert QColor(drawn.pixel(5, 5)).name() == theme().page


def test_what_cannot_be_done_is_refused_in_a_sentence(drawing: Drawing, tmp_path: Path) -> None:
    image = QImage(2, 2, QImage.Format.Format_RGB32)
    with pytest.raises(UserError, match="made of pixels"):
        export.save_picture(tmp_path / "image.svg", image)
    for name in ("image.jpg", "image"):
        with pytest.raises(UserError, match=re.escape("Save it as a .png file")):
            export.save_picture(tmp_path / name, drawing)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(
    drawing: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    saves: dict[str, Callable[[Path], None]] = {
        "a.png": lambda path: export.save_picture(path, drawing),
        "a.svg": lambda path: export.save_picture(path, drawing),
        "a.csv": lambda path: export.save_numbers(path, np.arange(3)),
    }
    monkeypatch.setattr(os, "fsync", full)
    for name, save in saves.items():
        (tmp_path / name).write_text("old")
        with pytest.raises(UserError, match="No space left"):
            save(tmp_path / name)
        assert (tmp_path / name).read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(saves)
    with pytest.raises(UserError, match="could not be saved"):
        export.save_numbers(tmp_path / "gone" / "a.csv", np.arange(3))


def test_the_clipboard_gets_the_picture(drawing: Drawing) -> None:
    export.copy_picture(drawing)
    image = QApplication.clipboard().image()
    assert (image.width(), image.height()) == (240, 80)
    assert QColor(image.pixel(40, 40)).name() == "#0072b2"


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


FLOATS = [0.1, -1 / 3, 1e-45, 3.4028235e38, 16777217.0, np.nan, np.inf, -0.0]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_every_float_reads_back_to_the_same_bits(tmp_path: Path, kind: type[np.floating]) -> None:
    drawn = np.random.default_rng(0).standard_normal(500)
    with np.errstate(over="ignore", under="ignore"):
        column = np.concatenate([np.array(FLOATS), drawn, drawn * 1e-30]).astype(kind)
    export.save_numbers(tmp_path / "a.csv", {"value": column})
    head, *rows = read(tmp_path / "a.csv")
    assert head == ["value"]
    back = np.array([row[0] for row in rows]).astype(kind)
    np.testing.assert_array_equal(back, column)
    assert (np.signbit(back) == np.signbit(column))[~np.isnan(column)].all()
    if kind is not np.float64:
        assert max(len(row[0]) for row in rows) < 16  # the type's own digits, not float64's


def test_columns_keep_their_titles_types_and_order(tmp_path: Path) -> None:
    columns = {'class, with “quotes” "': ["tabby, cat", "=1+1"], "n": [1, 2**60], "p": np.float32([0.1, 1])}
    export.save_numbers(tmp_path / "a.csv", columns)
    assert read(tmp_path / "a.csv") == [
        ['class, with “quotes” "', "n", "p"],
        ["tabby, cat", "1", "0.1"],
        ["=1+1", str(2**60), "1.0"],
    ]
    with pytest.raises(ValueError, match="zip"):
        export.save_numbers(tmp_path / "b.csv", {"a": [1, 2], "b": [1]})


def test_arrays_of_any_shape_become_tables(tmp_path: Path) -> None:
    tables = {
        (): [["index", "value"], ["0", "0"]],
        (2,): [["index", "value"], ["0", "0"], ["1", "1"]],
        (2, 2): [["row", "column 0", "column 1"], ["0", "0", "1"], ["1", "2", "3"]],
        (1, 2, 1): [["axis 0", "axis 1", "axis 2", "value"], ["0", "0", "0", "0"], ["0", "1", "0", "1"]],
    }
    for shape, table in tables.items():
        export.save_numbers(tmp_path / "a.csv", np.arange(np.prod(shape, dtype=int)).reshape(shape))
        assert read(tmp_path / "a.csv") == table


def test_the_clipboard_gets_csv_and_what_spreadsheets_paste() -> None:
    export.copy_numbers({"class": ["tabby, cat"], "probability": [0.5]})
    data = QApplication.clipboard().mimeData()
    assert data.data("text/csv").data() == b'class,probability\n"tabby, cat",0.5\n'
    assert data.text() == "class\tprobability\ntabby, cat\t0.5\n"


def answer(typed: str | None, name_filter: str = "") -> None:
    """What the person does in the next file dialog: type a name and accept, or cancel."""

    def act() -> None:
        dialog = next(
            widget
            for widget in QApplication.topLevelWidgets()
            if isinstance(widget, QFileDialog) and widget.isVisible()
        )
        if name_filter:
            dialog.selectNameFilter(name_filter)
            dialog.filterSelected.emit(name_filter)
        if typed is None:
            dialog.reject()
            return
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        SEEN.append(line.text())
        if typed:
            line.setText(typed)
        dialog.accept()

    QTimer.singleShot(0, act)


SEEN: list[str] = []


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    SEEN.clear()
    memory = Memory(tmp_path / "config")
    (tmp_path / "pictures").mkdir()
    memory.folders["save"] = str(tmp_path / "pictures")
    return memory


def test_the_dialog_opens_where_the_last_one_was_and_adds_the_suffix(
    drawing: Drawing, memory: Memory, tmp_path: Path
) -> None:
    answer("")
    path = export.ask_path(drawing, "Save", "Stage 2: map 7/24", [export.PNG, export.SVG], memory)
    assert path == tmp_path / "pictures" / "Stage 2- map 7-24.png"
    assert SEEN == ["Stage 2- map 7-24.png"]
    answer(str(tmp_path / "other"), export.KINDS[export.SVG])
    assert export.ask_path(drawing, "Save", "map", [export.PNG, export.SVG], memory) == tmp_path / "other.svg"
    assert memory.folders["save"] == str(tmp_path)


def test_a_cancelled_dialog_saves_and_remembers_nothing(
    drawing: Drawing, memory: Memory, tmp_path: Path
) -> None:
    answer(None)
    assert export.ask_path(drawing, "Save", "map", [export.CSV], memory) is None
    assert memory.folders["save"] == str(tmp_path / "pictures")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b\\c:d*?", "a-b-c-d"),
        ("../..", "Gridloop"),
        ("", "Gridloop"),
        ("Größe  (x)", "Größe (x)"),
        ("n" * 300, "n" * 80),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert export.safe_name(title) == name


def test_the_dialog_is_gone_afterwards(drawing: Drawing, memory: Memory, qtbot: QtBot) -> None:
    answer(None)
    export.ask_path(drawing, "Save", "map", [export.PNG], memory)
    qtbot.waitUntil(lambda: not drawing.findChildren(QFileDialog))


def test_a_panels_table_is_written_with_every_number_exact(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    values = [0.1, 1e-300, float(np.float32(0.3)), 12345678901234567.0]
    export.save_numbers(path, (["layer", "value"], [["a, b", value] for value in values]))
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["layer", "value"]
    assert [row[0] for row in rows] == ["a, b"] * 4
    assert [float(row[1]) for row in rows] == values
