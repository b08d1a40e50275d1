"""A race that stops at a gate between two slices, so that ways to look at it can take turns."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.budget import Budget
from engine.labs.gradient_flow.race import DIGGING, LOOKING, Race

from .gate import Gate, repeated_for


class GatedRace(Race):
    """What it spends on being looked at is a share of its turns, as if nothing came between them."""

    made: ClassVar[list[GatedRace]] = []

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.gate = Gate()
        self._look, self._dig = (Budget(share, self.gate.clock) for share in (LOOKING, DIGGING))
        self.made.append(self)

    def advance(self) -> None:
        self.gate.go_through()
        super().advance()

    def train_alone(self, seconds: float, *, live: bool) -> float:
        """Go on while it stands at its gate, without a screen: seconds a slice.

        With `live` its curves are measured as ever, as they are without a screen too.
        """
        gated = self._look, self._dig
        if live:
            self._look, self._dig = Budget(LOOKING), Budget(DIGGING)
        self._live = live
        took = repeated_for(super().advance, seconds)
        self._live, (self._look, self._dig) = True, gated
        return took
