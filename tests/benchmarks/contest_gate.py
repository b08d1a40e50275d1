"""A contest of networks that stops at a gate between slices, so that ways to look at it can take turns."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.labs.grid_versus_loop.contest import Contest

from .gate import Gate, repeated_for


class GatedContest(Contest):
    """A slice is one network's update, or a part of its test."""

    made: ClassVar[list[GatedContest]] = []

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.gate = Gate()
        self.made.append(self)

    def advance(self) -> None:
        self.gate.go_through()
        super().advance()

    def train_alone(self, seconds: float) -> float:
        """Go on while it stands at its gate, as without a screen: seconds an update of all."""
        return repeated_for(super().advance, seconds)
