"""Takes frames from a worker until one is as a test wants it, and keeps what must not be lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine.worker import Failure, Frame, Worker

PATIENCE = 250.0
"""Seconds after which a frame that was waited for counts as never coming."""


class Frames:
    """What came out of a worker so far."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.failures: list[Failure] = []
        self._marks = 0

    def until(self, holds: Callable[[Frame], object]) -> Frame:
        """The next frame of which `holds` is true."""
        deadline, breath = time.monotonic() + PATIENCE, threading.Event()
        while time.monotonic() < deadline:
            frame = self.worker.take()
            if frame is None:
                breath.wait(0.001)
                continue
            self.failures += frame.failures
            if holds(frame):
                return frame
        raise AssertionError("the frame that was waited for did not come")

    def until_done(self) -> Frame:
        """A frame made after everything that was posted so far; the shown lab must be a `Counting`."""
        self._marks += 1
        self.worker.post("mark", self._marks)
        return self.until(lambda frame: getattr(frame.snapshot, "mark", 0) == self._marks)

    def until_failed(self) -> str:
        """The sentence of the next failure."""
        before = len(self.failures)
        self.until(lambda frame: len(self.failures) > before)
        return self.failures[before].sentence
