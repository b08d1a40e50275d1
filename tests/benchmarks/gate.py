"""A gate at which a run in training stops between two steps, so that ways to look at it can take turns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event
from types import ModuleType
from typing import Any

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


def repeated_for(call: Callable[[], object], seconds: float) -> float:
    """Do it again and again for so long: seconds for once."""
    times, begun = 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        call()
        times += 1
    return (time.perf_counter() - begun) / times


@contextmanager
def standing_in(module: ModuleType, gated: type) -> Generator[list[Any]]:
    """Whatever `module` makes of the class that `gated` extends is a `gated` meanwhile, and in the list.

    `gated` has a list `made` of its own, and gives each a `gate`.
    """
    (plain,) = gated.__bases__
    setattr(module, plain.__name__, gated)
    try:
        yield gated.made
    finally:
        setattr(module, plain.__name__, plain)
        for each in gated.made:
            each.gate.open()
        gated.made.clear()
