"""What is remembered between two starts, and what damage does to it."""

from __future__ import annotations

import json
import logging
import os
import random
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget

from gui.memory import FILE_NAME, RECENT_FILES, Memory, Placement, config_dir


def filled(folder: Path) -> Memory:
    memory = Memory(folder)
    memory.placement = Placement(10, 20, 900, 700, True)
    memory.splitters = {"page": [300, 600]}
    memory.theme, memory.last_lab = "light", "image-classification"
    memory.remember_config("image-classification", {"seed": 3, "layer": None, "opacity": 0.5, "on": True})
    memory.remember_file(folder / "Bär 照.jpg")
    memory.folders["save"] = str(folder)
    return memory


def state(memory: Memory) -> dict[str, object]:
    return {name: value for name, value in vars(memory).items() if not name.startswith("_")}


def test_what_is_saved_is_loaded(config_dir: Path) -> None:
    memory = filled(config_dir)
    assert memory.save()
    assert state(Memory.load(config_dir)) == state(memory)
    assert os.listdir(config_dir) == [FILE_NAME]


def test_the_first_start_has_defaults_and_writes_nothing(config_dir: Path) -> None:
    memory = Memory.load(config_dir)
    assert state(memory) == state(Memory(config_dir))
    assert not config_dir.exists()


def test_unchanged_state_is_not_written_again(config_dir: Path) -> None:
    memory = filled(config_dir)
    memory.save()
    (config_dir / FILE_NAME).unlink()
    assert memory.save()
    assert not (config_dir / FILE_NAME).exists()
    memory.theme = "dark"
    assert memory.save()
    assert (config_dir / FILE_NAME).exists()


DAMAGE = [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b"1" * 5_000, b" " * (2 << 20)]


@pytest.mark.parametrize("data", DAMAGE, ids=lambda data: f"{data[:4]!r}x{len(data)}")
def test_a_damaged_file_is_kept_beside_and_defaults_are_used(config_dir: Path, data: bytes) -> None:
    config_dir.mkdir()
    (config_dir / FILE_NAME).write_bytes(data)
    memory = Memory.load(config_dir)
    assert state(memory) == state(Memory(config_dir))
    assert (config_dir / "memory.bak").read_bytes() == data
    assert memory.save()


WRONG = {
    "placement": [5, {"x": 1}, {"x": 0, "y": 0, "width": -5, "height": 9, "maximised": False}],
    "splitters": [[], {"page": ["wide"]}, {"page": [-1]}, {"page": [True]}],
    "theme": ["pink", 3, ["dark"]],
    "last_lab": [7, None],
    "configs": [{"lab": 3}, {"lab": {"seed": [1]}}],
    "recent": ["file", [3], {}],
    "folders": [{"save": 1}, "home"],
    "version": [2, "1", None],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_one_wrong_field_falls_back_alone(config_dir: Path, name: str, value: object) -> None:
    memory = filled(config_dir)
    memory.save()
    path = config_dir / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    loaded, expected = state(Memory.load(config_dir)), state(memory)
    if name != "version":
        expected[name] = state(Memory(config_dir))[name]
    assert loaded == expected
    assert (config_dir / "memory.bak").exists()


def test_no_mutation_of_the_file_stops_the_start(config_dir: Path) -> None:
    filled(config_dir).save()
    whole = (config_dir / FILE_NAME).read_bytes()
    chance = random.Random(0)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (config_dir / FILE_NAME).write_bytes(data[: chance.randint(0, len(data))])
        memory = Memory.load(config_dir)
        assert memory.theme in ("system", "dark", "light")
        assert memory.placement is None or memory.placement.width > 0


def test_a_folder_in_the_files_place_does_not_stop_the_start(
    config_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (config_dir / FILE_NAME).mkdir(parents=True)
    memory = Memory.load(config_dir)
    assert memory.theme == "system"
    assert not memory.save()


def test_a_home_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")  # as root, permissions would stop nobody
    memory = Memory.load(tmp_path / "file" / "config")
    for memory.theme in ("dark", "light", "system"):
        assert not memory.save()
    told = [record for record in caplog.records if "can't be saved" in record.message]
    assert len(told) == 1
    assert told[0].levelno == logging.WARNING


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_keeps_the_old_file(config_dir: Path) -> None:
    memory = filled(config_dir)
    memory.save()
    config_dir.chmod(stat.S_IRUSR | stat.S_IXUSR)
    memory.theme = "dark"
    try:
        assert not memory.save()
    finally:
        config_dir.chmod(stat.S_IRWXU)
    assert Memory.load(config_dir).theme == "light"


def test_recent_files_are_newest_first_once_each_and_pruned(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    files = [tmp_path / f"{number}.png" for number in range(RECENT_FILES + 3)]
    for file in files:
        file.touch()
        memory.remember_file(file)
    memory.remember_file(files[5])
    assert memory.recent_files() == [files[5], *(files[n] for n in (12, 11, 10, 9, 8, 7, 6, 4, 3))]
    files[12].unlink()
    assert files[12] not in memory.recent_files()
    assert len(memory.recent) == RECENT_FILES - 1
    memory.forget_files()
    assert memory.recent_files() == []


def test_a_name_that_is_no_text_survives(config_dir: Path) -> None:
    memory = Memory(config_dir)
    memory.remember_file(config_dir / os.fsdecode(b"caf\xe9.png"))
    memory.save()
    assert Memory.load(config_dir).recent == memory.recent


def test_a_config_is_a_copy(tmp_path: Path) -> None:
    memory, values = Memory(tmp_path), {"seed": 1}
    memory.remember_config("lab", values)
    values["seed"] = 2
    memory.config_of("lab")["seed"] = 3
    assert memory.config_of("lab") == {"seed": 1}
    assert memory.config_of("other") == {}


whole = st.integers(-5000, 5000)
sizes = st.integers(1, 5000)
rectangles = st.tuples(whole, whole, sizes, sizes)


@given(rectangles, st.lists(rectangles, min_size=1, max_size=3))
def test_a_window_is_always_pulled_onto_a_screen(
    window: tuple[int, int, int, int], screens: list[tuple[int, int, int, int]]
) -> None:
    x, y, width, height = Placement(*window).pulled_onto(screens)
    assert any(
        left <= x and top <= y and x + width <= left + wide and y + height <= top + high
        for left, top, wide, high in screens
    )


def test_a_window_that_is_on_its_screen_stays() -> None:
    screens = [(0, 0, 1920, 1080), (1920, 0, 2560, 1440)]
    assert Placement(2000, 100, 1200, 800).pulled_onto(screens) == (2000, 100, 1200, 800)
    assert Placement(2000, 100, 1200, 800).pulled_onto(screens[:1]) == (720, 100, 1200, 800)
    assert Placement(1, 2, 3, 4).pulled_onto([]) == (1, 2, 3, 4)


def test_a_windows_placement_comes_back(show: Callable[[QWidget], None]) -> None:
    first, second = QMainWindow(), QMainWindow()
    first.setGeometry(30, 40, 500, 400)
    first.setWindowState(Qt.WindowState.WindowMaximized)
    show(first)
    placement = Placement.of(first)
    assert placement == Placement(30, 40, 500, 400, True)
    placement.apply(second)
    show(second)
    assert second.isMaximized()
    assert Placement.of(second) == placement


def test_the_folder_is_the_given_one_then_the_environments_then_the_systems(tmp_path: Path) -> None:
    environ = {"GRIDLOOP_CONFIG_DIR": str(tmp_path / "environment")}
    assert config_dir(tmp_path / "given", environ) == tmp_path / "given"
    assert config_dir(None, environ) == tmp_path / "environment"
    assert config_dir(None, {}).name == "gridloop"
    assert config_dir(None, {}).is_absolute()


def test_loading_imports_no_qt_and_no_numpy(config_dir: Path) -> None:
    filled(config_dir).save()
    code = (
        "import sys; from gui.memory import Memory, config_dir; m = Memory.load(config_dir());"
        "print(m.theme, m.placement.width, *(n for n in ('PySide6', 'numpy', 'torch') if n in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["light", "900"]
