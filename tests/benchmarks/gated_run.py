"""Training runs that stop at a gate between two steps, so that variants of one run can take turns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event
from typing import Any

from engine.budget import Budget
from engine.labs.language_modelling import lessons, training_run
from engine.labs.language_modelling.training_run import TrainingRun

PATIENCE = 120.0
"""Seconds after which a run that does not come to the gate counts as broken."""


class Gate:
    """Whoever comes while it is closed waits, and meanwhile does what is ordered; it begins open.

    A turn lasts from an opening until the run stands at the gate again, so it holds whole rounds: what is
    done between two steps is neither left out nor counted twice.
    """

    def __init__(self) -> None:
        self._is_open, self._is_waited_at = Event(), Event()
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._opened, self._turns = time.perf_counter(), 0.0
        self._is_open.set()
        self._steps, self._turn = 0, 0.0

    def go_through(self) -> None:
        """Wait until it is open."""
        if not self._is_open.is_set():
            self._turn = time.perf_counter() - self._opened
            self._turns += self._turn
            self._opened = math.inf
            self._is_waited_at.set()
            while (order := self._orders.get()) is not None:
                order()
        self._steps += 1

    def open(self) -> None:
        """Begin a turn."""
        self._steps = 0
        self._opened = time.perf_counter()
        self._is_open.set()
        if self._is_waited_at.is_set():
            self._is_waited_at.clear()
            self._orders.put(None)

    def order(self, work: Callable[[], float]) -> float:
        """What `work` returns, done by the thread that waits."""
        done: Future[float] = Future()
        self._orders.put(lambda: done.set_result(work()))
        return done.result(PATIENCE)

    def finish(self) -> float:
        """Close it and wait for the run: seconds a step in this turn. Raises TimeoutError."""
        self._is_open.clear()
        if not self._is_waited_at.wait(PATIENCE):
            raise TimeoutError("the run did not come to the gate")
        return self._turn / self._steps

    def clock(self) -> float:
        """Seconds of all turns: it stands still while the run waits."""
        return self._turns + max(0.0, time.perf_counter() - self._opened)


gate = Gate()
"""That of this process's run."""
_runs: list[TrainingRun] = []


class GatedRun(TrainingRun):
    """What it spends on being seen is a share of its turns, as if nothing came between them."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        shares = training_run.LOOKING, training_run.LISTENING, training_run.SCORING, training_run.READING
        self.look, self.listen, self.scoring, self.reading = (Budget(share, gate.clock) for share in shares)
        _runs[:] = [self]

    def step(self, pace: float) -> None:
        gate.go_through()
        super().step(pace)


@contextmanager
def gated_runs() -> Generator[None]:
    """Every run that begins meanwhile is a `GatedRun`."""
    lessons.TrainingRun = GatedRun  # ty: ignore[invalid-assignment]
    try:
        yield
    finally:
        lessons.TrainingRun = TrainingRun  # ty: ignore[invalid-assignment]
        gate.open()


def train_alone(seconds: float) -> float:
    """Go on with the run that waits at the gate, with nobody looking: seconds a step.

    On the run's own thread: on a fresh one, whose memory nothing has come and gone in yet, a step takes about
    8 % less, whoever looks.
    """
    return gate.order(lambda: _train_alone(seconds))


def _train_alone(seconds: float) -> float:
    (run,), steps, begun = _runs, 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        TrainingRun.step(run, 1.0)
        steps += 1
    return (time.perf_counter() - begun) / steps


CALLS: Mapping[str, Callable[..., Any]] = {
    "open": gate.open,
    "finish": gate.finish,
    "train_alone": train_alone,
}
"""What is done with the run of a process, by name, as another process asks for it."""
