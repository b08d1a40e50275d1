"""Between worker and window: asks for a frame at the governor's pace, and has it drawn piece by piece."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.worker import Frame
from gui.governor import Governor

SOON = 16
"""Milliseconds between two looks while nothing is drawn."""
AT_ONCE = 3
"""Milliseconds between two looks while a person waits for an answer, so that it comes within a blink."""
BREATH = 4
"""Milliseconds between two pieces of a frame that nobody waits for: what a piece has changed is painted in
them, and whoever else wants the thread or the interpreter lock gets it."""
BLINK = 0.5
"""Seconds for which a person is thought to wait like that; what takes longer needs no such hurry."""


class Source(Protocol):
    """What the window needs of a worker."""

    def post(self, command: str, *args: Any) -> None: ...

    def cancel(self) -> None: ...

    def take(self) -> Frame | None: ...

    def close(self, timeout: float = ...) -> bool: ...


class Feed(QObject):
    """Polls the worker; while something runs, no more often than drawing can afford.

    A frame is drawn in pieces, each in a turn of the event loop of its own, so that no turn takes long; the
    next frame is taken when the last piece is painted.
    """

    came = Signal(object)
    """A `Frame`; who draws it answers with `draw`."""

    def __init__(self, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self._governor = Governor()
        self._is_on = False
        self._asked_at = -BLINK
        self._frame: Frame | None = None
        self._pieces: Iterator[object] | None = None
        self._begun = self._spent = 0.0
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
        """Ask no more, also where a frame is just being drawn, of which the rest is left out."""
        self._is_on = False
        self._frame = self._pieces = None
        self._timer.stop()

    def post(self, command: str, *arguments: Any) -> None:
        """Send a command, and look for its answer at once, whatever the governor had planned."""
        self.source.post(command, *arguments)
        self._hurry()

    def cancel(self) -> None:
        """Stop the long call and the jobs under way, and look at once whether they have."""
        self.source.cancel()
        self._hurry()

    def _hurry(self) -> None:
        self._asked_at = time.perf_counter()
        if self._timer.remainingTime() > AT_ONCE:
            self._timer.start(AT_ONCE)

    def draw(self, pieces: Iterator[object]) -> None:
        """Draw the frame that has just come like this: each `next` is a piece."""
        self._pieces = pieces

    def tick(self) -> None:
        """Draw the next piece of the frame; where there is none, take a frame and draw its first."""
        if self._frame is None and not self._take():
            self._look_in((AT_ONCE if self._is_waited_for else SOON) / 1000)
        elif self._pieces is None:
            self._look_in(self._end())  # a turn ago the last piece was drawn: it is painted by now
        else:
            try:
                next(self._pieces)
            except Exception as error:
                self._pieces = None  # what is left would not fit what is missing
                if not isinstance(error, StopIteration):
                    raise
            finally:
                self._look_in(self._breath)

    def _take(self) -> bool:
        """Take a frame and hand it on; False where there is none."""
        frame = self.source.take()
        if frame is None:
            return False
        self._frame, self._pieces = frame, None
        self._begun, self._spent = time.perf_counter(), time.thread_time()
        if frame.answers:
            self._asked_at = -BLINK
        self.came.emit(frame)
        return True

    @property
    def _is_waited_for(self) -> bool:
        """Whether a person has just asked for something that is not there yet."""
        return time.perf_counter() - self._asked_at < BLINK

    @property
    def _breath(self) -> float:
        """Seconds until the next piece: none where a person waits or nothing is held up by drawing."""
        frame = self._frame
        is_urgent = frame is None or frame.answers or not _is_busy(frame) or self._is_waited_for
        return 0.0 if is_urgent else BREATH / 1000

    def _end(self) -> float:
        """The frame is on the screen: seconds until the next look.

        What it cost is all that this thread has done since it came, so that painting counts, while waiting
        for the interpreter lock or between two pieces does not.
        """
        frame, self._frame = self._frame, None
        if frame is None:
            return SOON / 1000
        interval = self._governor.interval(time.thread_time() - self._spent, busy=_is_busy(frame))
        planned = interval - (time.perf_counter() - self._begun)
        # Where an answer is missing still, this frame was made before the question.
        is_followed_soon = frame.answers or self._asked_at >= 0
        return SOON / 1000 if is_followed_soon else max(0.001, planned)

    def _look_in(self, seconds: float) -> None:
        if self._is_on:
            self._timer.start(round(seconds * 1000))


def _is_busy(frame: Frame) -> bool:
    """Whether something runs that drawing takes time from."""
    return frame.playing or bool(frame.jobs)
