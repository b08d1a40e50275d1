"""Experiment "hybrid": a convolution that reads windows, a GRU that carries them, and both in one network."""

from __future__ import annotations

from engine.data.series.noisy_series import make_noisy_series
from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_contest import finding_of_contest
from engine.labs.grid_versus_loop.finding_hybrid import finding_of_parts
from engine.labs.grid_versus_loop.learning import LearningExperiment

WHOLE, PARTS = "cnn+gru", ("cnn", "gru")


class Hybrid(LearningExperiment):
    """A long noisy series on which the network made of both is compared with its parts."""

    name = "hybrid"
    asks = "What do windows and a memory reach together that neither reaches alone?"
    suits = (*PARTS, WHOLE)

    def load(self) -> Data:
        return Data.of_series(make_noisy_series())

    def finding(self) -> str:
        examples = len(self.data.arrays[3])
        parts = [self.of(name) for name in PARTS if name in self.networks]
        if WHOLE not in self.networks or not parts:
            return finding_of_contest(self.contest.seen(), examples, self.chance)
        return finding_of_parts(self.of(WHOLE), parts, examples, self.chance)
