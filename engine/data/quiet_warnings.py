"""Python's warnings switched off for a while, also where several threads do so at once."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager


class _Switch:
    """Counts who is inside. `warnings.catch_warnings` alone, used by two threads that overlap, leaves the
    filters of one of them in place for good: they are the whole process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = warnings.catch_warnings()

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._before.__exit__(None, None, None)


_SWITCH = _Switch()


@contextmanager
def warnings_off() -> Generator[None]:
    """No warning is shown or raised in the process until the last thread is out again."""
    _SWITCH.enter()
    try:
        yield
    finally:
        _SWITCH.leave()
