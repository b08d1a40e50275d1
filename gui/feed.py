"""Between worker and window: asks for a frame at the governor's pace and hands it on."""

from __future__ import annotations

import time
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.worker import Frame
from gui.governor import Governor

SOON = 16
"""Milliseconds between two looks while nothing is drawn."""
AT_ONCE = 3
"""Milliseconds between two looks while a person waits for an answer, so that it comes within a blink."""
BLINK = 0.5
"""Seconds for which a person is thought to wait like that; what takes longer needs no such hurry."""


class Source(Protocol):
    """What the window needs of a worker."""

    def post(self, command: str, *args: Any) -> None: ...

    def cancel(self) -> None: ...

    def take(self) -> Frame | None: ...

    def close(self, timeout: float = ...) -> bool: ...


class Feed(QObject):
    """Polls the worker; while something runs, no more often than drawing can afford."""

    came = Signal(object)
    """A `Frame`."""

    def __init__(self, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self._governor = Governor()
        self._is_on = False
        self._asked_at = -BLINK
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.tick)

    @property
    def fps(self) -> float:
        """Frames drawn per second."""
        return self._governor.fps

    def start(self) -> None:
        """Begin to ask for frames."""
        self._is_on = True
        self._timer.start(0)

    def stop(self) -> None:
        """Ask no more, also where a frame is just being drawn."""
        self._is_on = False
        self._timer.stop()

    def post(self, command: str, *arguments: Any) -> None:
        """Send a command, and look for its answer at once, whatever the governor had planned."""
        self.source.post(command, *arguments)
        self._asked_at = time.perf_counter()
        if self._timer.remainingTime() > AT_ONCE:
            self._timer.start(AT_ONCE)

    def tick(self) -> None:
        """Take a frame if there is one, let it be drawn, and plan the next look."""
        started = time.perf_counter()
        frame = self.source.take()
        wait = (AT_ONCE if started - self._asked_at < BLINK else SOON) / 1000
        if frame is not None:
            if frame.answers:
                self._asked_at = -BLINK
            self.came.emit(frame)
            cost = time.perf_counter() - started
            planned = self._governor.interval(cost, busy=frame.playing or bool(frame.jobs)) - cost
            wait = SOON / 1000 if frame.answers else planned
        if self._is_on:
            self._timer.start(max(1, round(wait * 1000)))
