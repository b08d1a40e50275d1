"""A convolutional network's run that stops at a gate between updates, so that ways to look can take turns."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.budget import Budget
from engine.labs.convnet_training import run
from engine.labs.convnet_training.run import TrainingRun

from .gate import Gate, repeated_for


class GatedTraining(TrainingRun):
    """What it spends on being seen is a share of its turns, as if nothing came between them."""

    made: ClassVar[list[GatedTraining]] = []

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.gate = Gate()
        shares = run.LOOKING, run.SCORING, run.EXAMINING
        self.look, self.scoring, self.examining = (Budget(share, self.gate.clock) for share in shares)
        self.made.append(self)

    def step(self) -> None:
        self.gate.go_through()
        super().step()

    def train_alone(self, seconds: float) -> float:
        """Go on while it stands at its gate, with nobody looking: seconds an update."""
        return repeated_for(super().step, seconds)
