"""How long to wait before the next frame, so that drawing never slows down what is being watched."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

FASTEST = 1 / 60
"""Seconds between two frames at most screens' own rate."""
SLOWEST = 2.0
"""Seconds; rarer than this, a live picture is no longer felt as live, whatever it costs. What a person does
is drawn at once all the same."""
BUSY_SHARE = 0.02
"""Share of one core that drawing may take while something trains."""
IDLE_SHARE = 0.15
"""Share of one core while nothing does, so that a dragged slider stays smooth."""
SMOOTHING = 0.2
"""Weight of the newest frame in the average cost."""


class Governor:
    """Call `interval` once for each drawn frame with what it cost. Arithmetic only; it has no timer."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._cost: float | None = None
        self._frames: deque[float] = deque(maxlen=120)

    def interval(self, cost_seconds: float, busy: bool) -> float:
        """Seconds from this frame's start to the next one's: `FASTEST` to `SLOWEST`.

        `cost_seconds` is what drawing this frame took, painting included; `busy` says whether something
        trains.
        """
        self._frames.append(self._clock())
        share = BUSY_SHARE if busy else IDLE_SHARE
        counted = min(cost_seconds, SLOWEST * share)  # a page's first frame takes long, and only once
        previous = counted if self._cost is None else self._cost
        self._cost = previous + SMOOTHING * (counted - previous)
        return min(SLOWEST, max(FASTEST, self._cost / share))

    @property
    def cost(self) -> float:
        """Average seconds a frame costs; 0 before the first."""
        return self._cost or 0.0

    @property
    def fps(self) -> float:
        """Frames drawn per second, over about the last second; 0 when fewer than two were."""
        now = self._clock()
        recent = [moment for moment in self._frames if now - moment <= 1.0]
        return (
            (len(recent) - 1) / (recent[-1] - recent[0])
            if len(recent) > 1 and recent[-1] > recent[0]
            else 0.0
        )
