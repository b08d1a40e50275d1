"""The `gridloop` command as a shell runs it: words, exit codes, and ends that leave nothing behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from person import FakeSource
from PIL import Image
from PySide6.QtCore import QCoreApplication, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from engine.data.samples import samples
from gui import __main__ as entry
from gui import app
from gui.memory import Memory
from gui.theme import themes

ROOT = Path(__file__).parents[2]
IMPATIENT = """
import sys
from PySide6.QtCore import QTimer
from gui.__main__ import main
from gui.main_window import MainWindow

when, *words = sys.argv[1:]
plain_init = MainWindow.__init__

def init(window, *arguments, **details):
    plain_init(window, *arguments, **details)

    def leave(frame=None):
        if frame is None:
            QTimer.singleShot(0, window.close)
        elif frame.snapshot is not None and frame.snapshot.name in (when, "chelsea.png"):
            if frame.snapshot.name == when:
                print(frame.snapshot.top[0].label)
                QTimer.singleShot(0, window.close)

    getattr(window, when if when in ("painted", "completed") else "shown").connect(leave)

MainWindow.__init__ = init
sys.exit(main(words))
"""
"""Opens the window and closes it as soon as it is painted or complete, or shows the picture of a name."""


def run(*words: str | Path, code: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `gridloop`, or a script instead, in a process of its own with only these variables added."""
    start = ["-c", code] if code else ["-m", "gui"]
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept |= {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"} | environ
    return subprocess.run(
        [sys.executable, "-W", "error", *start, *map(str, words)],
        cwd=ROOT,
        env={name: value for name, value in kept.items() if value},
        capture_output=True,
        text=True,
        timeout=100,
    )


def spoken(text: str) -> list[str]:
    """What was said, but for what the offscreen window system says of itself."""
    return [line for line in text.splitlines() if "propagateSizeHints" not in line]


def logged(folder: Path) -> list[str]:
    """Warnings and worse that the application wrote down."""
    log = folder / "gridloop.log"
    lines = spoken(log.read_text(encoding="utf-8")) if log.exists() else []
    return [line for line in lines if " INFO " not in line]


# Words -------------------------------------------------------------------------------------------


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gridloop {version('gridloop')}\n"


def test_help_names_every_way_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        entry.main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("FILE", "gridloop run", "gridloop shots", "--theme", "--device"))


@pytest.mark.parametrize("words", [["--no-such-word"], ["--theme", "pink"], ["--device", "abacus"], ["run"]])
def test_wrong_usage_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        entry.main(words)
    assert end.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "gridloop" in told.err


def test_run_gives_its_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = next(sample.path for sample in samples() if sample.path.stem == "coffee")
    code = entry.main(["run", "image-classification", "--device", "cpu", "--open", str(picture), "--json"])
    assert code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["results"][0]["top"][0]["label"] == "espresso"


def test_run_draws_what_a_person_would_see(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    png = tmp_path / "seen.png"
    code = entry.main(["run", "image-classification", "--device", "cpu", "--png", str(png)])
    assert code == 0, capsys.readouterr().err
    with Image.open(png) as image:
        assert image.size >= (1280, 800)
        assert len(image.convert("RGB").resize((160, 100)).getcolors(16_000) or []) > 500


# Without a screen --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display to ask for")
@pytest.mark.parametrize("platform", ["", "xcb", "wayland"])
def test_without_a_display_one_sentence_and_two(platform: str) -> None:
    done = run(QT_QPA_PLATFORM=platform, XDG_SESSION_TYPE="tty")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("gridloop: There is no display")
    assert done.stderr.count("\n") == 1
    assert "gridloop run" in done.stderr


def test_an_unknown_platform_gets_its_sentence() -> None:
    done = run(QT_QPA_PLATFORM="etch-a-sketch")
    assert done.returncode == 2
    assert "etch-a-sketch" in done.stderr
    assert "Traceback" not in done.stderr


def test_words_need_no_display() -> None:
    done = run("--version", QT_QPA_PLATFORM="")
    assert (done.returncode, spoken(done.stderr)) == (0, [])


# Opening and closing -----------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["painted", "completed"])
def test_it_closes_while_torch_is_still_being_imported(when: str, tmp_path: Path) -> None:
    done = run(when, "--config-dir", tmp_path, code=IMPATIENT)
    assert (done.returncode, spoken(done.stderr)) == (0, [])
    assert logged(tmp_path) == []
    assert Memory.load(tmp_path).placement is not None


def test_a_file_on_the_command_line_is_classified(tmp_path: Path) -> None:
    picture = tmp_path / "my mug.png"
    with Image.open(next(sample.path for sample in samples() if sample.path.stem == "coffee")) as image:
        image.save(picture)
    done = run(picture.name, picture, "--config-dir", tmp_path / "config", "--device", "cpu", code=IMPATIENT)
    assert (done.returncode, spoken(done.stderr)) == (0, [])
    assert logged(tmp_path / "config") == []
    assert done.stdout == "espresso\n"
    assert Memory.load(tmp_path / "config").recent_files() == [picture]


@pytest.fixture
def in_this_process(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what running the application changes for good."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    root, at_sigterm = logging.getLogger(), signal.getsignal(signal.SIGTERM)
    handlers, level = list(root.handlers), root.level
    yield
    signal.signal(signal.SIGTERM, at_sigterm)
    qInstallMessageHandler(None)
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    clear = QTimer()  # the last window's going asks once more to quit, which would end every later loop
    clear.timeout.connect(qapp.quit)
    clear.start(0)
    qapp.exec()
    clear.stop()


class Leaver(FakeSource):
    """A worker at whose first command, when all of the window is there, something is done."""

    def __init__(self, do: Callable[[], object], *, can_end: bool = True) -> None:
        super().__init__()
        self._do, self._can_end = do, can_end

    def post(self, command: str, *args: object) -> None:
        super().post(command, *args)
        if command == "select":
            QTimer.singleShot(0, self._do)

    def close(self, timeout: float = 3.0) -> bool:
        super().close(timeout)
        return self._can_end


@pytest.mark.usefixtures("in_this_process")
def test_running_it_puts_the_chosen_theme_on_and_opens_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def leave() -> None:
        seen.append(themes.current.name)
        QCoreApplication.quit()

    source = Leaver(leave)
    monkeypatch.setattr(app, "start_worker", lambda device, folder: source)
    picture = tmp_path / "a.png"
    picture.touch()
    assert app.run(app.Options((picture,), tmp_path / "config", theme="light")) == 0
    assert seen == ["light"]
    assert source.of("open") == [(picture,)]
    assert source.closed >= 1


@pytest.mark.usefixtures("in_this_process")
def test_a_worker_that_cannot_end_is_left_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    stubborn = Leaver(QCoreApplication.quit, can_end=False)
    monkeypatch.setattr(app, "start_worker", lambda device, folder: stubborn)
    monkeypatch.setattr(app.os, "_exit", left.append)
    app.run(app.Options((), tmp_path / "config"))
    assert left == [0]


@pytest.mark.usefixtures("in_this_process")
def test_what_nobody_caught_is_logged_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[BaseException] = []
    monkeypatch.setattr("gui.main_window.MainWindow.tell_fault", lambda window, error: told.append(error))

    def fail() -> None:
        error = RuntimeError("nobody foresaw this")
        sys.excepthook(type(error), error, None)
        QCoreApplication.quit()

    monkeypatch.setattr(app, "start_worker", lambda device, folder: Leaver(fail))
    app.run(app.Options((), tmp_path / "config"))
    assert [str(error) for error in told] == ["nobody foresaw this"]
    assert "nobody foresaw this" in (tmp_path / "config" / "gridloop.log").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there one cannot be told to end like this")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("in_this_process")
def test_told_to_end_it_closes_as_a_person_would_close_it(
    told: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Leaver(lambda: os.kill(os.getpid(), told))
    monkeypatch.setattr(app, "start_worker", lambda device, folder: source)
    assert app.run(app.Options((), tmp_path / "config")) == 0
    assert source.closed >= 1
    assert logged(tmp_path / "config") == []
    assert Memory.load(tmp_path / "config").placement is not None
