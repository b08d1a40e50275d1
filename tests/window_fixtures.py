"""What every test of the window gets: a dressed application, a configuration folder, and no leftovers."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import getCppPointer, isValid

from gui.app import let_go_of_clipboard
from gui.theme import themes

Look: TypeAlias = Callable[[], dict[Any, str]]
"""Finds things of one kind: thing to its name."""
SETTLING_SECONDS = 1.0
"""A thread that was told to end may take this long; nothing waits if none is left."""


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> Iterator[QApplication]:
    """The one application, in the dark theme, with a cursor that does not blink into pictures."""
    themes.follow(qapp, "dark")
    qapp.styleHints().setCursorFlashTime(0)
    yield qapp
    let_go_of_clipboard()


@pytest.fixture(params=["dark", "light"])
def both_themes(request: pytest.FixtureRequest, qapp: QApplication) -> str:
    """Runs a test in each theme; its name."""
    themes.choose(request.param)
    return request.param


@pytest.fixture
def show(qtbot: QtBot) -> Callable[[QWidget], None]:
    """Shows a window, gives it the keyboard, and keeps it until the test is over."""
    kept: list[QWidget] = []

    def show_and_wait(window: QWidget) -> None:
        kept.append(window)
        qtbot.addWidget(window)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()

    return show_and_wait


@pytest.fixture
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder that does not exist yet, named by the environment as a person may."""
    folder = tmp_path / "config"
    monkeypatch.setenv("GRIDLOOP_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def known_timers() -> Iterator[weakref.WeakSet[QTimer]]:
    """Every QTimer made in Python while the tests run; looking through all objects instead is slow."""
    made: weakref.WeakSet[QTimer] = weakref.WeakSet()
    plain_init = QTimer.__init__

    def noting_init(timer: QTimer, *args: Any, **kwargs: Any) -> None:
        plain_init(timer, *args, **kwargs)
        made.add(timer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QTimer, "__init__", noting_init)
        yield made


@pytest.fixture(autouse=True)
def nothing_dangles(qapp: QApplication, known_timers: weakref.WeakSet[QTimer]) -> Iterator[None]:
    """Fails a test that leaves a top-level widget, a running timer or a thread behind."""
    looks: dict[str, Look] = {
        "widgets": _widgets,
        "timers": lambda: _running(known_timers),
        "threads": _threads,
    }
    before = {kind: look() for kind, look in looks.items()}
    yield
    if themes.choice != "dark":
        themes.choose("dark")
    left = {kind: _left(look, before[kind]) for kind, look in looks.items()}
    assert left == {kind: [] for kind in looks}


def _left(look: Look, before: dict[Any, str]) -> list[str]:
    """What `look` finds that was not there before, once deletions, cycles and ending threads are through."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        names = [name for thing, name in look().items() if thing not in before]
        if not names or time.monotonic() > deadline:
            return names
        gc.collect()
        for thread in _threads().keys() - {threading.current_thread(), *before}:
            thread.join(0.05)


def _widgets() -> dict[Any, str]:
    """By address: Python's wrapper of a widget may be another each time."""
    return {getCppPointer(widget)[0]: repr(widget) for widget in QApplication.topLevelWidgets()}


def _running(timers: weakref.WeakSet[QTimer]) -> dict[Any, str]:
    return {timer: repr(timer) for timer in timers if isValid(timer) and timer.isActive()}


def _threads() -> dict[Any, str]:
    return {thread: thread.name for thread in threading.enumerate()}
