"""A race that stops at a gate between two slices, so that ways to look at it can take turns."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from engine.budget import Budget
from engine.labs.gradient_flow import race as racing
from engine.labs.gradient_flow.race import DIGGING, LOOKING, Race

from .gated_run import Gate

_races: list[GatedRace] = []


class GatedRace(Race):
    """What it spends on being looked at is a share of its turns, as if nothing came between them."""

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.gate = Gate()
        self._look, self._dig = (Budget(share, self.gate.clock) for share in (LOOKING, DIGGING))
        _races.append(self)

    def advance(self) -> None:
        self.gate.go_through()
        super().advance()

    def train_alone(self, seconds: float, *, live: bool) -> float:
        """Go on while it stands at its gate, without a screen: seconds a slice.

        With `live` its curves are measured as ever, as they are without a screen too. On the run's own
        thread: on a fresh one, whose memory nothing has come and gone in yet, a step takes some 8 % less,
        whoever looks.
        """
        return self.gate.order(lambda: self._train_alone(seconds, live))

    def _train_alone(self, seconds: float, live: bool) -> float:
        gated, slices = (self._look, self._dig), 0
        if live:
            self._look, self._dig = Budget(LOOKING), Budget(DIGGING)
        self._live, begun = live, time.perf_counter()
        while time.perf_counter() < begun + seconds:
            super().advance()
            slices += 1
        took = time.perf_counter() - begun
        self._live, (self._look, self._dig) = True, gated
        return took / slices


@contextmanager
def gated_races() -> Generator[list[GatedRace]]:
    """Every race that begins meanwhile is a `GatedRace`, and is in the list."""
    racing.Race = GatedRace  # ty: ignore[invalid-assignment]
    try:
        yield _races
    finally:
        racing.Race = Race  # ty: ignore[invalid-assignment]
        for race in _races:
            race.gate.open()
        _races.clear()
