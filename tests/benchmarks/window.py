"""The real window with its real worker, as the benchmarks open it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from gui.main_window import MainWindow
from gui.memory import Memory
from gui.theme import themes

if TYPE_CHECKING:
    from engine.worker import Frame

PATIENCE = 120.0
"""Seconds after which something that was waited for counts as broken."""


def application() -> QApplication:
    """The one application, in the dark theme."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    made = QApplication([])
    themes.follow(made, "dark")
    return made


class OpenWindow:
    """A window that is complete and shows its first picture."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.frame: Frame | None = None
        window.shown.connect(self._keep)

    def _keep(self, frame: Frame) -> None:
        self.frame = frame

    @property
    def is_idle(self) -> bool:
        """Whether a picture is shown and nothing is computed."""
        frame = self.frame
        return frame is not None and frame.snapshot is not None and not frame.jobs and not frame.playing

    @property
    def jobs(self) -> tuple[str, ...]:
        """What is computed, by name."""
        return tuple(job.name for job in self.frame.jobs) if self.frame else ()

    def rest(self) -> None:
        """Stop what is computed, and wait until that is on the screen."""
        self.window.cancel()
        wait_until(lambda: self.is_idle)


@contextmanager
def open_window() -> Iterator[OpenWindow]:
    """The window at rest, with a configuration folder of its own; closed again afterwards."""
    application()
    with TemporaryDirectory() as folder:
        window = MainWindow(Memory.load(Path(folder)))
        opened = OpenWindow(window)
        window.show()
        try:
            wait_until(lambda: opened.is_idle)
            yield opened
        finally:
            window.close()
            window.deleteLater()
            QApplication.processEvents()


def wait_until(holds: Callable[[], bool]) -> None:
    """Let Qt live until something holds. Raises TimeoutError where it never does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 100)


def live(seconds: float) -> None:
    """Let Qt live for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
