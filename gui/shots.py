"""Pictures of what a person would see, made without a screen: `gridloop shots`, and `run --png`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.registry import labs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from engine.lab import Lab
    from engine.worker import Frame
    from gui.main_window import MainWindow

PATIENCE = 120.0
"""Seconds a lab may take to finish its built-in example."""
PAGE_SIZE = (1280, 880)
"""Pixels of the picture of a page without its window."""
OK, FAILED, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """`gridloop shots DIR`: one PNG a lab; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="gridloop shots", description="Start every lab on its built-in example and save what one sees."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the pictures go, one PNG a lab")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="default: dark")
    parser.add_argument("--size", type=_size, default=(1440, 900), metavar="WxH", help="default: 1440x900")
    options = parser.parse_args(arguments)
    try:
        application = start_offscreen(options.theme)
        options.folder.mkdir(parents=True, exist_ok=True)
    except UserError as error:
        print(f"gridloop: {error.sentence}", file=sys.stderr)
        return WRONG_USAGE
    except OSError as error:
        print(
            f"gridloop: The folder {options.folder.name} cannot be made ({error.strerror}).", file=sys.stderr
        )
        return WRONG_USAGE
    with _quiet():
        failed = [name for name in labs() if not _shoot(application, name, options.folder, options.size)]
    return FAILED if failed else OK


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a size like 1440x900") from None
    if not (200 <= width <= 8000 and 200 <= height <= 8000):
        raise argparse.ArgumentTypeError("a size lies between 200x200 and 8000x8000")
    return width, height


def start_offscreen(theme: str) -> QApplication:
    """A Qt application that needs no display. Raises `UserError` where Qt's own libraries are missing."""
    from engine.device import prepare_process

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    prepare_process()
    from gui.preflight import problem

    sentence = problem()
    if sentence is not None:
        raise UserError(sentence)
    from PySide6.QtWidgets import QApplication

    from gui.app import known_theme
    from gui.theme import themes

    application = QApplication.instance() or QApplication(["gridloop"])
    if not isinstance(application, QApplication):
        raise TypeError("another kind of Qt application runs in this process")
    themes.follow(application, known_theme(theme))
    return application


def _shoot(application: QApplication, name: str, folder: Path, size: tuple[int, int]) -> bool:
    from tempfile import TemporaryDirectory

    from gui.app import discard
    from gui.export import save_picture
    from gui.main_window import MainWindow
    from gui.memory import Memory

    with TemporaryDirectory() as settings:
        memory = Memory(Path(settings))
        memory.last_lab = name
        window = MainWindow(memory)
        window.setMinimumSize(0, 0)
        window.resize(*size)
        failures: list[str] = []
        window.shown.connect(lambda frame: failures.extend(failure.sentence for failure in frame.failures))
        window.show()
        print(f"{name} …", file=sys.stderr)
        finished = wait_until_idle(application, window)
        if finished and not failures:
            save_picture(folder / f"{name}.png", window, scale=1.0)
        discard(window)
    for sentence in failures or ([] if finished else [f"{name} did not finish within {PATIENCE:.0f} s."]):
        print(f"gridloop: {sentence}", file=sys.stderr)
    return finished and not failures


def wait_until_idle(application: QApplication, window: MainWindow, patience: float = PATIENCE) -> bool:
    """Let the window live until its lab shows something, or fails, and rests; False if that lasts."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()

    def look(frame: Frame) -> None:
        came_up = frame.snapshot is not None or bool(frame.failures)
        if came_up and not frame.jobs and not frame.playing:
            loop.quit()

    window.shown.connect(look)
    clock = QTimer()
    clock.setSingleShot(True)
    clock.timeout.connect(loop.quit)
    clock.start(round(patience * 1000))
    loop.exec()
    window.shown.disconnect(look)
    timely = clock.isActive()
    clock.stop()
    _settle(application)
    return timely


def _settle(application: QApplication) -> None:
    """Let layouts and paints that were asked for happen."""
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        application.processEvents()


def draw_lab(lab: Lab[Any, Any], path: Path) -> None:
    """Save what a person would see of a lab that was run without a window. Raises `UserError`."""
    application = start_offscreen("dark")
    from PySide6.QtWidgets import QVBoxLayout, QWidget

    from gui.app import discard
    from gui.export import save_picture
    from gui.pages import page_type

    page = page_type(next(name for name, kind in labs().items() if isinstance(lab, kind)))()
    # What the page asks for while it is laid out (how to tile the maps) the lab does at once.
    page.command_wanted.connect(lambda command, arguments: getattr(lab, command)(*arguments))
    frame = QWidget()
    QVBoxLayout(frame).addWidget(page)
    frame.resize(*PAGE_SIZE)
    with _quiet():
        frame.show()
        page.setFocus()
        for _ in range(2):  # the second time with what the first asked for
            page.show_snapshot(lab.snapshot())
            _settle(application)
        save_picture(path, frame, scale=1.0)
        page.close_page()
        discard(frame)


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Leave out the one line that Qt's offscreen platform says of every window."""
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    def tell(kind: QtMsgType, context: object, message: str) -> None:
        if "propagateSizeHints" not in message:
            print(message, file=sys.stderr)

    before = qInstallMessageHandler(tell)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
