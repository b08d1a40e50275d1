"""A convolutional network's run that stops at a gate between updates, so that ways to look can take turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from engine.budget import Budget
from engine.labs.convnet_training import bench, run
from engine.labs.convnet_training.run import TrainingRun

from .gated_run import Gate

_runs: list[GatedTraining] = []


class GatedTraining(TrainingRun):
    """What it spends on being seen is a share of its turns, as if nothing came between them."""

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.gate = Gate()
        shares = run.LOOKING, run.SCORING, run.EXAMINING
        self.look, self.scoring, self.examining = (Budget(share, self.gate.clock) for share in shares)
        _runs.append(self)

    def step(self) -> None:
        self.gate.go_through()
        super().step()

    def train_alone(self, seconds: float) -> float:
        """Go on while it stands at its gate, on its own thread and with nobody looking: seconds an update."""
        return self.take_turn(super().step, seconds)

    def take_turn(self, update: Callable[[], object], seconds: float) -> float:
        """Do this again and again on the run's own thread: seconds for once."""
        return self.gate.order(lambda: repeated_for(update, seconds))


def repeated_for(call: Callable[[], object], seconds: float) -> float:
    """Do it again and again for so long: seconds for once."""
    times, begun = 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        call()
        times += 1
    return (time.perf_counter() - begun) / times


@contextmanager
def gated_trainings() -> Generator[list[GatedTraining]]:
    """Every run that begins meanwhile is a `GatedTraining`, and is in the list."""
    bench.TrainingRun = GatedTraining  # ty: ignore[invalid-assignment]
    try:
        yield _runs
    finally:
        bench.TrainingRun = TrainingRun  # ty: ignore[invalid-assignment]
        for each in _runs:
            each.gate.open()
        _runs.clear()
