"""How the run of an opened lab stands: what is due next, and how fast it goes."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from engine.lab import Lab


@dataclass
class Run:
    """One opened lab and how its run stands; kept while another lab is shown."""

    name: str
    lab: Lab[Any, Any]
    playing: bool = False
    paused: bool = False
    steps: int = 0
    next_step: float = 0.0
    """When the next step may be done, where the speed is limited."""
    next_slice: float = 0.0
    """When jobs may go on; a moving slider comes first."""
    stepped: bool = False
    """The last thing done was a step, so a job's turn is next."""

    def __post_init__(self) -> None:
        self._own = self._chosen = self.lab.speed

    @property
    def speed(self) -> float | None:
        """Steps per second: the lab's own, or what the person chose for this kind of step."""
        if self.lab.speed != self._own:
            self._own = self._chosen = self.lab.speed
        return self._chosen

    def choose_speed(self, steps_per_second: float | None) -> None:
        """Play at this speed from now on."""
        self._own, self._chosen = self.lab.speed, steps_per_second
        self.next_step = 0.0

    @property
    def due(self) -> float:
        """When there is something to do next, on the clock of `time.perf_counter`."""
        moments = [self.next_slice] if self.lab.jobs else []
        return min([*moments, self.next_step] if self.playing else moments, default=0.0)

    @property
    def steps_next(self) -> bool:
        """Whether a step goes before a job's slice: at its moment, or in turn without a speed limit."""
        if not self.lab.jobs:
            return True
        is_due = self.playing and time.perf_counter() >= self.next_step
        return is_due and (self.speed is not None or not self.stepped)


class Rate:
    """Steps per second over about the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=256)

    def count(self) -> None:
        self._times.append(time.perf_counter())

    @property
    def value(self) -> float:
        now = time.perf_counter()
        recent = [moment for moment in self._times if now - moment < 1.0]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0
