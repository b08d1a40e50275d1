"""Test accuracy at every place of a slider, while networks learn: measured in slices, kept as counts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from engine.ask import Answer, Line, Step
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.contest import TESTED_AT_ONCE, Contest
from engine.labs.grid_versus_loop.learning import LearningExperiment
from engine.read_only import read_only

SOME = TESTED_AT_ONCE
"""Test examples of a sweep while networks learn: with all of them it would cost as much as learning does."""
EARLY = frozenset((20, 100, 250))
EVERY = 500
"""Updates between two sweeps later on: together they then cost less than a tenth of what learning costs."""

Place = TypeVar("Place", bound=Hashable)
"""One setting of a slider."""


def is_swept(step: int, total: int) -> bool:
    """Whether a sweep follows update `step`; after the last one everything is measured anyway."""
    return (step in EARLY or step % EVERY == 0) and step < total


@dataclass(frozen=True)
class Score:
    """How one network did at one place."""

    right: int
    of: int
    """Test examples asked, from the first on."""
    step: int
    """Updates done then."""

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.of


class Sweep(Generic[Place]):
    """Scores of some networks at all places of one slider."""

    def __init__(
        self,
        contest: Contest,
        keys: Sequence[str],
        places: Sequence[Place],
        read: Callable[[Place, slice], Tensor],
    ) -> None:
        """`read` gives a slice of the test examples as they are at a place of the slider."""
        self.keys, self.places = tuple(keys), tuple(dict.fromkeys(places))
        self.scores: dict[tuple[str, Place], Score] = {}
        self._contest, self._read = contest, read

    def forget(self) -> None:
        """What was measured no longer holds."""
        self.scores.clear()

    @property
    def slices(self) -> int:
        """The most that `measure` yields when it asks about all test examples."""
        return len(self.places) * len(self.keys) * -(-len(self._contest.examples.test_y) // TESTED_AT_ONCE)

    def measure(self, most: int | None = None) -> Iterator[None]:
        """Ask about the first `most` test examples, or all, wherever that is not known of the weights in
        force; a slice is a few examples in one network. It ends early where these weights go on to learn.
        """
        truth, begun = self._contest.examples.test_y, self._learned
        count = min(most or len(truth), len(truth))
        for place in self.places:
            keys = [key for key in self.keys if not self.is_known(key, place, count)]
            right = dict.fromkeys(keys, 0)
            for start in range(0, count if keys else 0, TESTED_AT_ONCE):
                part = slice(start, min(start + TESTED_AT_ONCE, count))
                x = self._read(place, part)
                for key in keys:
                    guess = self._contest.entrants[key].logits(x).argmax(1)
                    right[key] += int((guess == truth[part]).sum())
                    yield
                    if self._learned != begun:
                        return
            for key in keys:
                self.scores[key, place] = Score(right[key], count, self._contest.steps)

    @property
    def _learned(self) -> tuple[int, bool]:
        """What changes as soon as a network learns on."""
        return self._contest.steps, self._contest.is_unfinished

    def is_known(self, key: str, place: Place, count: int | None = None) -> bool:
        """Whether so many test examples, or all, were asked about with the weights in force."""
        score, count = self.scores.get((key, place)), count or len(self._contest.examples.test_y)
        return score is not None and score.step == self._contest.steps and score.of >= count

    def accuracy(self, key: str, place: Place) -> float:
        """NaN where not measured yet."""
        score = self.scores.get((key, place))
        return float("nan") if score is None else score.accuracy

    def curve(self, key: str, places: Sequence[Place]) -> np.ndarray:
        """(places,) float64, read-only: one network's accuracies along the slider."""
        return read_only(np.array([self.accuracy(key, place) for place in places]))


class SweepingExperiment(LearningExperiment):
    """A contest that also asks its networks about test examples which were changed in many ways."""

    _slices: Iterator[None] | None = None
    """Of a sweep that is under way between two updates."""

    def new_sweep(self) -> Sweep:
        """The networks and the places of the slider."""
        raise NotImplementedError

    @cached_property
    def sweep(self) -> Sweep:
        """What was measured so far."""
        return self.new_sweep()

    @property
    def is_unfinished(self) -> bool:
        return self._slices is not None or super().is_unfinished

    def step(self) -> None:
        if self._slices is None:
            super().step()
            if not super().is_unfinished and is_swept(self.step_count, self.total):
                self._slices = self.sweep.measure(SOME)
        elif next(self._slices, self._slices) is self._slices:
            self._slices = None

    def finish(self) -> Iterator[tuple[int, int]]:
        """All networks on all test examples, as they are and at every place of the slider."""
        total = len(self.contest.entrants) + self.sweep.slices
        for tests, _ in super().finish():
            yield tests, total
        for done, _ in enumerate(self.sweep.measure()):
            yield len(self.contest.entrants) + done, total

    def change(self, config: GridVersusLoopConfig) -> None:
        before = self.contest.order
        super().change(config)
        if self.contest.order is not before:
            self._slices = None
            self.turned()

    def turned(self) -> None:
        """The positions of all that is read have just been exchanged, or put back in order."""

    def on_device(self, values: np.ndarray) -> Tensor:
        """An array as the networks read it."""
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


def answer_about_score(title: str, meaning: str, score: Score, shape: tuple[int, ...]) -> Answer:
    """How an accuracy on a slider came about: right answers over questions."""
    line = Line("accuracy", f"{score.right:,} right / {score.of:,} test examples", score.accuracy)
    asked = "" if score.of != SOME else " While networks learn, only the first of them are asked about."
    return Answer(
        title,
        f"{meaning} Measured after update {score.step:,}.{asked}",
        score.accuracy,
        shape,
        (Step("test examples", "share", (line,)),),
    )
