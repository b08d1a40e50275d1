"""Finite work that a person asked for, done in slices between which the worker answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class JobStatus:
    """What the transport bar shows of a job."""

    name: str
    title: str
    done: int
    total: int
    seconds: float
    """Time spent working on it so far, pauses left out."""

    @property
    def rate(self) -> float:
        """Slices per second, 0 before the first is done."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the rate so far; None before a first slice was done and timed."""
        return (self.total - self.done) / self.rate if self.rate else None


class Job:
    """A generator of (done, total) pairs; each `next` is one slice of at most about 50 ms.

    Jobs of lower `rank` go first. What is `for_screen` only is left out where there is no screen.
    """

    def __init__(
        self,
        name: str,
        title: str,
        slices: Iterator[tuple[int, int]],
        *,
        rank: int = 0,
        for_screen: bool = False,
    ) -> None:
        self.name, self.title, self.rank, self.for_screen = name, title, rank, for_screen
        self._slices = slices
        self._done, self._total, self._seconds = 0, 0, 0.0

    @property
    def status(self) -> JobStatus:
        return JobStatus(self.name, self.title, self._done, self._total, self._seconds)

    def advance(self) -> bool:
        """Do one slice; False when the job is finished. What the slice raises passes through."""
        start = time.perf_counter()
        try:
            self._done, self._total = next(self._slices)
        except StopIteration:
            return False
        finally:
            self._seconds += time.perf_counter() - start
        return True

    def cancel(self) -> None:
        """Stop the generator where it is, so that its `finally` clauses run."""
        close = getattr(self._slices, "close", None)
        if close is not None:
            close()


class Jobs:
    """The jobs of one lab, done one after the other; a new one takes the place of its namesake.

    With `screen` False, jobs that only a screen needs are never started.
    """

    def __init__(self, *, screen: bool = True) -> None:
        self._screen = screen
        self._queue: list[Job] = []

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __contains__(self, name: str) -> bool:
        return any(job.name == name for job in self._queue)

    @property
    def asked_for(self) -> bool:
        """Whether one of them is more than filling the screen: the person waits for it."""
        return any(not job.for_screen for job in self._queue)

    def start(self, job: Job) -> None:
        """Queue a job behind those of the same rank, in the place of an earlier one of its name."""
        self.drop(job.name)
        if self._screen or not job.for_screen:
            self._queue.append(job)
            self._queue.sort(key=lambda queued: queued.rank)

    def drop(self, name: str) -> None:
        """Cancel the job of that name, if there is one."""
        for job in [job for job in self._queue if job.name == name]:
            self._queue.remove(job)
            job.cancel()

    def cancel(self) -> None:
        """Cancel every job."""
        queue, self._queue = self._queue, []
        for job in queue:
            job.cancel()

    def advance(self) -> None:
        """One slice of the first job. A job that raises is taken off, and its exception goes on."""
        job = self._queue[0]
        try:
            running = job.advance()
        except BaseException:
            self._remove(job)
            raise
        if not running:
            self._remove(job)

    def _remove(self, job: Job) -> None:
        if job in self._queue:
            self._queue.remove(job)

    @property
    def statuses(self) -> tuple[JobStatus, ...]:
        return tuple(job.status for job in self._queue)
