"""Starts the application: Qt, theme, memory, window; and ends it so that nothing dangles."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from gui.main_window import MainWindow, start_worker
from gui.safe_start import SafeStart
from gui.theme import CHOICES, STYLE, Choice, themes

if TYPE_CHECKING:
    from engine.worker import Frame

log = logging.getLogger(__name__)

RUNS = "runs"
"""In the folder of the settings: what labs keep."""


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    files: tuple[Path, ...]
    folder: Path
    """Where settings are kept."""
    theme: str | None = None
    device: str = "auto"
    safe: bool = False
    """Start with the defaults, and leave what is remembered as it is."""
    reset: bool = False
    """Forget what is remembered."""


def run(options: Options) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    # Named at once, the style is made once: the platform's own, made first, would hold the window up.
    application = QApplication.instance() or QApplication([*sys.argv[:1], "-style", STYLE])
    if not isinstance(application, QApplication):
        raise TypeError("another kind of Qt application runs in this process")
    application.setApplicationName("Gridloop")
    start = SafeStart(options.folder, safe=options.safe, reset=options.reset)
    memory = start.memory
    choice = known_theme(options.theme or memory.theme)
    themes.put_on(application, memory.dressed if choice == "system" else choice)
    window = MainWindow(memory, partial(start_worker, options.device, options.folder / RUNS))
    _collect_later(window)
    window.painted.connect(lambda: themes.settle(choice))
    window.painted.connect(lambda: _report_to(window, options.folder))
    window.completed.connect(lambda: window.open_paths(options.files))
    if start.sentence:
        window.completed.connect(lambda: window.tell(start.sentence))
    _when_settled(window, start.succeeded)
    window.show()
    code = application.exec()
    start.succeeded()
    discard(window)
    let_go_of_clipboard()
    gc.enable()
    if not window.worker_ended:
        _leave_now(code)
    return code


def discard(window: QWidget) -> None:
    """Close a window and take it apart now: what is left when the interpreter ends would crash it."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)


def let_go_of_clipboard() -> None:
    """Empty the offscreen platform's clipboard, which nobody else can read.

    WORKAROUND: it lives in a static object that Qt takes apart after Python has gone, and taking apart a
    QMimeData made in Python then crashes. Seen with PySide6 6.11.3; other platforms let go in time.
    """
    if QGuiApplication.platformName() == "offscreen":
        QGuiApplication.clipboard().clear()


def _collect_later(window: MainWindow) -> None:
    """Put garbage collection off until a first picture, or why there is none, is on the screen.

    It goes through all that imports have made, which stops the window for 0.1 s at a time and takes a sixth
    of the whole start. What stands by then stays, and is never gone through again.
    """
    gc.disable()

    def collect() -> None:
        gc.freeze()
        gc.enable()

    _when_settled(window, collect)


def _when_settled(window: MainWindow, call: Callable[[], None]) -> None:
    """Call once a first picture, or why there is none, is on the screen."""

    def settle(frame: Frame) -> None:
        if frame.snapshot is not None or frame.failures:
            window.shown.disconnect(settle)
            call()

    window.shown.connect(settle)


def _leave_now(code: int) -> None:
    """End the process under a worker that cannot be interrupted (it is importing torch, say).

    An ordinary end would take the interpreter and the libraries away from under it, and crash.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def known_theme(word: str) -> Choice:
    """The theme of that name, the system's where there is none."""
    return next((choice for choice in CHOICES if choice == word), "system")


def _report_to(window: MainWindow, folder: Path) -> None:
    """What nobody caught goes to the log and, as a sentence, to the person; the window lives on.

    Being told to end, by Ctrl+C or by the system, closes it as a person would.
    """
    _keep_log(folder)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        log.critical("Uncaught", exc_info=(kind, error, trace))
        window.tell_fault(error)

    sys.excepthook = hook
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    qInstallMessageHandler(_log_qt)


def _keep_log(folder: Path) -> None:
    from logging.handlers import RotatingFileHandler

    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / "gridloop.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def _log_qt(kind: QtMsgType, context: object, message: str) -> None:
    level = logging.INFO if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) else logging.WARNING
    logging.getLogger("qt").log(level, "%s", message)
