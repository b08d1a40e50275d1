"""Experiment "rows": the same digit as a picture for the grid, and row by row for the loop."""

from __future__ import annotations

from pathlib import Path

from engine.data.series.digit_rows import load_digit_rows, load_mnist_rows
from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_versus import finding_versus
from engine.labs.grid_versus_loop.learning import LearningExperiment


class Rows(LearningExperiment):
    """Handwritten digits, looked at whole and read from top to bottom."""

    name = "rows"
    asks = "Must a picture be seen at once, or is it enough to read it row by row?"
    suits = ("mlp", "cnn", "rnn", "gru", "lstm", "cnn+gru")

    def load(self) -> Data:
        if self.config.data:
            path = Path(self.config.data).expanduser()
            return Data.of_series(load_mnist_rows(path, self.config.seed, self.pulse), is_picture=True)
        return Data.of_series(load_digit_rows(self.config.seed), is_picture=True)

    def finding(self) -> str:
        return finding_versus(
            self.contest.seen(),
            len(self.data.arrays[3]),
            self.chance,
            grid_does="sees the whole picture",
            loop_does="reads it row by row",
        )
