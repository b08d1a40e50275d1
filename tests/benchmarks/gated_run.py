"""Training runs that stop at a gate between two steps, so that variants of one run can take turns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.budget import Budget
from engine.labs.language_modelling import lessons, training_run
from engine.labs.language_modelling.training_run import TrainingRun

from .gate import Gate, repeated_for

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
    (run,) = _runs
    return repeated_for(lambda: TrainingRun.step(run, 1.0), seconds)


CALLS: Mapping[str, Callable[..., Any]] = {
    "open": gate.open,
    "finish": gate.finish,
    "train_alone": train_alone,
}
"""What is done with the run of a process, by name, as another process asks for it."""
