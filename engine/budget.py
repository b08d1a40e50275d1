"""Grants work in the middle of something endless a share of the time, and no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager


class Budget:
    """Is `due` again once the work done last is at most `share` of the time that has passed since.

    What is looked at while a network trains costs as much of the training as this allows, however fast
    or slow the machine is.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {share}")
        self._share, self._clock = share, clock
        self._next = 0.0

    @property
    def due(self) -> bool:
        """Whether some more may be spent now."""
        return self._clock() >= self._next

    @contextmanager
    def spent(self) -> Generator[None]:
        """Counts the time inside."""
        begun = self._clock()
        try:
            yield
        finally:
            ended = self._clock()
            self._next = max(self._next, ended) + (ended - begun) / self._share

    def sliced(self, slices: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The same slices of a job, whose time is counted."""
        while True:
            with self.spent():
                done = next(slices, None)
            if done is None:
                return
            yield done
