"""After a bad end, in safe mode and after a reset: the window comes up on defaults, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui import __main__ as entry
from gui import app
from gui.memory import FILE_NAME, Memory
from gui.safe_start import AFTER_A_BAD_END, ASKED_FOR, MARK, SafeStart

ROOT = Path(__file__).parents[2]
ENDS = """
import os, sys
from pathlib import Path
from gui.safe_start import SafeStart
start = SafeStart(Path(sys.argv[1]))
print(start.sentence, flush=True)
os._exit(9)
"""
"""A start that ends before anything is seen."""
CLOSES = """
import sys
from PySide6.QtCore import QTimer
from gui.__main__ import main
from gui.main_window import MainWindow
plain = MainWindow.__init__
def init(window, *arguments):
    plain(window, *arguments)
    window.completed.connect(lambda: QTimer.singleShot(0, window.close))
MainWindow.__init__ = init
sys.exit(main(sys.argv[1:]))
"""
"""The window, closed as soon as it is complete."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Settings in a folder with an unusual name, in which the light theme was chosen."""
    folder = tmp_path / "Ünïcode ☂ & space's"
    Memory(folder, theme="light").save()
    return folder


def process(code: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_after_a_start_that_did_not_come_up_the_next_is_safe(folder: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    assert process(ENDS, folder).stdout.strip() == ""
    assert (folder / MARK).exists()
    start = SafeStart(folder)
    assert start.sentence == AFTER_A_BAD_END
    assert start.memory.theme == "system"
    start.memory.theme = "dark"
    assert start.memory.save()
    start.succeeded()
    assert (folder / FILE_NAME).read_bytes() == before
    again = SafeStart(folder)
    assert (again.sentence, again.memory.theme) == ("", "light")
    again.succeeded()
    assert not (folder / MARK).exists()


def test_two_that_start_at_once_are_no_bad_end(folder: Path) -> None:
    first, second = SafeStart(folder), SafeStart(folder)
    assert (second.sentence, second.memory.theme) == ("", "light")
    second.succeeded()
    assert (folder / MARK).exists(), "the first has not come up yet"
    first.succeeded()


def test_a_safe_start_leaves_the_settings_as_they_are(folder: Path) -> None:
    start = SafeStart(folder, safe=True)
    assert (start.sentence, start.memory.theme) == (ASKED_FOR, "system")
    start.succeeded()
    assert Memory.load(folder).theme == "light"


def test_a_reset_forgets_and_keeps_the_old_file(folder: Path) -> None:
    old = (folder / FILE_NAME).read_bytes()
    process(ENDS, folder)
    start = SafeStart(folder, reset=True)
    assert (start.sentence, start.memory.theme) == ("", "system")
    start.memory.theme = "dark"
    assert start.memory.save()
    start.succeeded()
    assert (folder / "memory.bak").read_bytes() == old
    assert Memory.load(folder).theme == "dark"


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    start = SafeStart(tmp_path / "file" / "settings", reset=True)
    assert start.sentence == ""
    start.succeeded()


@pytest.mark.parametrize("words", [[], ["--safe-mode"], ["--reset"]])
def test_the_words_on_the_command_line(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[app.Options] = []
    monkeypatch.setattr(app, "run", lambda options: seen.append(options) or 0)
    assert entry.main([*words, "--config-dir", str(folder)]) == 0
    assert (seen[0].folder, seen[0].safe, seen[0].reset) == (
        folder,
        "--safe-mode" in words,
        "--reset" in words,
    )


@pytest.mark.timeout(300)
def test_the_whole_window_starts_safely_and_ends_well(folder: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    done = process(CLOSES, "--safe-mode", "--config-dir", folder)
    said = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert (done.returncode, said) == (0, [])
    assert (folder / FILE_NAME).read_bytes() == before
    assert not (folder / MARK).exists()
