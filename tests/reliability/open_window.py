"""Opens the real window with its real worker for a test, and closes it so that the exit can be judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from engine.worker import Frame, Worker
from gui.app import discard
from gui.main_window import MainWindow
from gui.memory import Memory

LOOK = 5
"""Milliseconds between two looks at what is waited for."""
PATIENCE = 250.0
"""Seconds after which what was waited for counts as broken."""
ENDING = 60.0
"""Seconds for a worker to end on a busy machine, where a single call of a lab may take long; what closing
grants it is tried where nothing else is going on.
"""


@contextmanager
def open_window(folder: Path, lab: str = "") -> Generator[MainWindow]:
    """The window, complete, with the first picture of a lab on it. Closing must end its worker."""
    memory = Memory(folder)
    memory.last_lab = lab
    window = MainWindow(memory, lambda: Worker("cpu"))
    frames: list[Frame] = []
    window.shown.connect(frames.append)
    window.show()
    try:
        wait_until(lambda: any(frame.snapshot is not None for frame in frames))
        window.shown.disconnect(frames.append)
        yield window
    finally:
        discard(window)
    for thread in threading.enumerate():
        if thread.name == "gridloop-worker":
            thread.join(ENDING)
            assert not thread.is_alive(), "the worker did not end"


def wait_until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Let Qt live until something holds. Raises TimeoutError where it never does."""
    end, clock = time.monotonic() + patience, QTimer()
    clock.start(LOOK)  # wakes the waiting below, which would else be for ever or, given a time, without rest
    try:
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("what was waited for did not come")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    finally:
        clock.stop()
