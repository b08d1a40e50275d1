"""A lab without a network, of which a test knows at any moment how it must stand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Snapshot
from engine.settings import Config, setting

ENDLESS = 10**9
"""Slices, or pulses, that nobody waits for."""


@dataclass(frozen=True)
class CountingConfig(Config):
    by: int = setting(1, "By", "How much a step adds.")


@dataclass(frozen=True)
class CountingSnapshot(Snapshot):
    mark: int = 0
    """The number of the last `mark` that was carried out."""
    steps: int = 0


class Counting(Lab[CountingConfig, CountingSnapshot]):
    """Counts its steps, works endlessly, fails when told to, and waits in long calls."""

    title, group, question = "Counting", "Both", "How far does it count?"
    config_type = CountingConfig
    marked = steps = 0
    breaks_with: Exception | None = None

    def start(self) -> None:
        """There is nothing to load."""

    def step(self) -> None:
        if self.breaks_with is not None:
            error, self.breaks_with = self.breaks_with, None
            raise error
        self.steps += 1

    def configure(self, config: CountingConfig) -> None:
        self.config = config

    def reset(self) -> None:
        self.steps = 0

    def mark(self, number: int) -> None:
        """Let the next snapshot say that everything before has been carried out."""
        self.marked = number

    def fail(self, error: Exception) -> None:
        raise error

    def break_at_next_step(self, error: Exception) -> None:
        self.breaks_with = error

    def work(self, for_screen: bool) -> None:
        """An endless job, of a name for each kind."""

        def count_up() -> Iterator[tuple[int, int]]:
            for done in range(ENDLESS):
                yield done, ENDLESS

        name = "filling" if for_screen else "work"
        self.jobs.start(Job(name, name, count_up(), for_screen=for_screen))

    def long_call(self, began: threading.Event) -> None:
        """A call that ends only by being cancelled."""
        for done in range(ENDLESS):
            self.pulse("Long call", done, ENDLESS)
            began.set()

    def open(self, path: Path) -> None:
        raise UserError(f"There is nothing in {path.name}")

    def ask(self, cell: object) -> None:
        """Nobody is answered."""

    def snapshot(self) -> CountingSnapshot:
        return CountingSnapshot(self.config, mark=self.marked, steps=self.steps)
