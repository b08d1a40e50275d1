"""A million characters pasted anywhere, and settings of any content: the window answers, every lab starts."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from frames import Frames
from open_window import wait_until
from person import FakeSource
from PySide6.QtCore import QMimeData
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from sizes import DAMAGES, Scale, in_both_parts
from tally import Tally

from engine.registry import labs
from engine.worker import Worker
from gui.app import discard
from gui.command_palette import CommandPalette
from gui.form import Form
from gui.main_window import MainWindow
from gui.memory import FILE_NAME, Memory, Placement
from gui.pages import page_type

MILLION = "a wide net is a good net, " * 40_000
LONGEST_TURN = 0.2
"""Seconds of the window's thread for which it may not answer."""
UNFORESEEN = "Something went wrong"
NASTY = ("", "\0", "\ud800", "𝕏" * 20_000, "/dev/zero", "[1e999]")
"""Texts that a damaged or meddled-with settings file may hold."""


def places() -> dict[str, Callable[[], QWidget]]:
    """Everything that may hold a text input: each lab's page and form, and the palette."""
    found: dict[str, Callable[[], QWidget]] = {"palette": with_palette}
    for name, lab in labs().items():
        found[f"page of {name}"] = page_type(name)
        found[f"form of {name}"] = lambda lab=lab: Form(lab.config_type)
    return found


def with_palette() -> QWidget:
    window = QWidget()
    CommandPalette(window, list)
    return window


def inputs(root: QWidget) -> Iterator[QLineEdit | QPlainTextEdit | QTextEdit]:
    for kind in (QLineEdit, QPlainTextEdit, QTextEdit):
        yield from (one for one in root.findChildren(kind) if not one.isReadOnly())


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Collecting the garbage of all tests before takes over half a second, which no window would meet."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("place", places())
def test_a_million_characters_on_one_line(place: str, show: Callable[[QWidget], None], tally: Tally) -> None:
    root = places()[place]()
    root.resize(1000, 700)
    show(root)
    QApplication.processEvents()
    for field in inputs(root):
        data = QMimeData()
        data.setText(MILLION)
        QApplication.clipboard().setMimeData(data)
        start = time.thread_time()
        field.paste()
        QApplication.processEvents()
        spent = time.thread_time() - start
        assert spent < LONGEST_TURN, f"{type(field).__name__} “{field.accessibleName()}” took {spent:.2f} s"
        tally.add("a million characters pasted")


def test_what_is_typed_but_not_entered_goes_to_its_own_lab(show: Callable, tmp_path: Path) -> None:
    """The keyboard leaves a field because another lab is chosen: the settings are those of the lab before."""
    source, completed = FakeSource(), list[bool]()
    window = MainWindow(Memory(tmp_path), lambda: source)
    window.completed.connect(lambda: completed.append(True))
    show(window)
    wait_until(lambda: completed)
    tried = 0
    for name, other in pairwise([*labs(), next(iter(labs()))]):
        window.choose_lab(name)
        numbers = [field for field in window.form.findChildren(QAbstractSpinBox) if field.isEnabled()]
        window.form.set_open_groups(about.group for about in labs()[name].config_type.settings().values())
        for field in [field for field in numbers if field.isVisible()][:2]:
            field.setFocus()
            field.selectAll()
            QTest.keyClicks(field, "3")
            tried += 1
            window.choose_lab(other)
            window.choose_lab(name)
    shown = ""
    for command, arguments in source.posted:
        shown = arguments[0] if command == "select" else shown
        assert command != "configure" or type(arguments[0]) is labs()[shown].config_type, shown
    assert len(source.of("configure")) == tried >= len(labs())


@in_both_parts()
def test_damaged_settings_never_keep_the_window_from_coming_up(
    scale: Scale, tmp_path: Path, qapp: QApplication, tally: Tally
) -> None:
    """Bytes damaged anywhere: every form can be made of what is left, and the old file is kept."""
    memory = Memory(tmp_path, Placement(0, 0, 800, 600), {"columns": [700, 300]}, recent=["/a.png"])
    for name, lab in labs().items():
        memory.remember_config(name, lab.config_type().as_dict())
    memory.save()
    whole, draw, kept = (tmp_path / FILE_NAME).read_bytes(), random.Random(0), tmp_path / "memory.bak"
    for _ in range(scale(DAMAGES)):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        cut = bytes(data[: draw.randint(0, len(data))] if draw.random() < 0.3 else data)
        (tmp_path / FILE_NAME).write_bytes(cut)
        found = Memory.load(tmp_path)
        for name, lab in labs().items():
            lab.config_type.restore(found.config_of(name))
        if not (tmp_path / FILE_NAME).exists():
            assert kept.read_bytes() == cut
            kept.unlink()
        tally.add("damaged settings files")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", labs())
def test_a_lab_starts_whatever_its_texts_were(name: str, tally: Tally) -> None:
    """Each text setting full of nonsense: the lab starts all the same, on its defaults where it must."""
    config_type = labs()[name].config_type
    texts = [
        field
        for field, about in config_type.settings().items()
        if config_type.type_of(field) is str and (not about.choices or about.open_choices)
    ]
    worker = Worker("cpu", lambda alias: labs()[name])
    frames = Frames(worker)
    for number, nonsense in enumerate(NASTY):
        config = config_type.restore(dict.fromkeys(texts, nonsense))
        worker.post("select", str(number), config)
        frames.until(lambda frame, number=number: frame.lab == str(number) and frame.snapshot is not None)
        assert not [failure.details for failure in frames.failures if UNFORESEEN in failure.sentence]
        tally.add("labs started on nonsense")
    assert worker.close(30)


@pytest.mark.parametrize(
    "field", ["placement", "splitters", "theme", "last_lab", "configs", "recent", "folders"]
)
def test_a_window_opens_on_any_wrong_value(field: str, tmp_path: Path, show: Callable, tally: Tally) -> None:
    """Of the right type, too: a window far away, no width, a lab that is gone."""
    wrong = {
        "placement": Placement(-(2**14), 2**14, 1, 2**14, True),
        "splitters": {"columns": [0, 0], "side": [2**14] * 9, "gone": []},
        "theme": "system",
        "last_lab": "a-lab-that-is-gone",
        "configs": {name: {"seed": 2**62, "text": "\ud800"} for name in labs()},
        "recent": ["\0", "", "relative", "/dev/null/x"],
        "folders": {"open": "\0", "save": "/nowhere"},
    }
    memory = Memory(tmp_path)
    setattr(memory, field, wrong[field])
    assert memory.save()
    window = MainWindow(Memory.load(tmp_path), FakeSource)
    window.show()
    window.complete()
    QApplication.processEvents()
    assert window.isVisible()
    assert window.window_actions is not None
    window.window_actions.show_menu()
    discard(window)
    tally.add("wrong values in settings")
