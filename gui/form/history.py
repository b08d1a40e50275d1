"""Undo and redo of settings: which fields changed, from what to what."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DEPTH = 200
"""Changes that can be undone; older ones are forgotten."""
PAUSE = 0.7
"""Seconds within which key strokes on one slider count as one change."""

Values = dict[str, Any]


@dataclass
class _Change:
    before: Values
    after: Values
    moment: float
    continuous: bool


class History:
    """The changes a person made, newest last. Only the fields that changed are remembered, so what

    the lab itself has completed in the meantime stays as it is.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: deque[_Change] = deque(maxlen=DEPTH)
        self._undone: list[_Change] = []
        self._in_drag = False
        self._drag: _Change | None = None

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def record(self, before: Values, after: Values, *, continuous: bool = False) -> None:
        """Remember a change. `continuous` ones (a slider's) in quick succession become one."""
        last = self._joined(after, continuous)
        self._undone.clear()
        if last is not None:
            last.after, last.moment = after, self._clock()
            return
        change = _Change(before, after, self._clock(), continuous)
        self._done.append(change)
        if self._in_drag:
            self._drag = change

    def add(self, before: Values, after: Values) -> None:
        """Remember a change that came about by itself, a step of its own also within a drag."""
        self._undone.clear()
        self._done.append(_Change(before, after, self._clock(), continuous=False))

    def start_drag(self) -> None:
        """From here on every change belongs to one step."""
        self._in_drag, self._drag = True, None

    def end_drag(self) -> None:
        """The drag is one step, or none if it came back to where it began."""
        change, self._in_drag, self._drag = self._drag, False, None
        if change is not None:
            change.continuous = False
            if change.before == change.after:
                self._done.remove(change)

    def undo(self) -> Values:
        """The values to go back to. Raises IndexError when there is nothing to undo."""
        change = self._done.pop()
        self._undone.append(change)
        return change.before

    def redo(self) -> Values:
        """The values to go forward to again. Raises IndexError when there is nothing to redo."""
        change = self._undone.pop()
        change.continuous = False
        self._done.append(change)
        return change.after

    def _joined(self, after: Values, continuous: bool) -> _Change | None:
        """The change that a new one continues, if any."""
        if self._in_drag:
            return self._drag
        last = self._done[-1] if self._done else None
        if last is None or not (continuous and last.continuous) or last.after.keys() != after.keys():
            return None
        return last if self._clock() - last.moment < PAUSE else None
