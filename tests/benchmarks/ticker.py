"""A 60 Hz tick in Qt's event loop, and how late each one comes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer

PERIOD = 1 / 60


class Ticker(QObject):
    """Aims at whole multiples of the period; a tick that is missed is not made up for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.late: list[tuple[float, float]] = []
        """(when it was due on the clock of `time.perf_counter`, seconds too late) of every tick."""
        self.origin = 0.0
        """When it began."""
        self._due = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self.late = []
        self.origin = time.perf_counter()
        self._arm()

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()

    @property
    def p99(self) -> float:
        """Milliseconds by which ticks came too late, the 99th percentile."""
        return 1e3 * percentile([late for _, late in self.late], 0.99)

    def _arm(self) -> None:
        now = time.perf_counter()
        following = self.origin + (int((now - self.origin) / PERIOD) + 1) * PERIOD
        # Qt counts in whole milliseconds, so the tick is due when the timer was set for, not before.
        wait = max(1, math.ceil((following - now) * 1000))
        self._due = now + wait / 1000
        self._timer.start(wait)

    def _tick(self) -> None:
        self.late.append((self._due, max(0.0, time.perf_counter() - self._due)))
        self._arm()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed. Raises ValueError where there are none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
