"""The first experiment: every network on MNIST-1D, or on a person's own table of sequences."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_contest import finding_of_contest, price_of_contest
from engine.labs.grid_versus_loop.learning import LearningExperiment


class OneDataSet(LearningExperiment):
    """All networks at once on the same batches."""

    name = "mnist1d"
    asks = "Which network suits a sequence of forty numbers, and what does each pay for it?"
    published = (
        "Greydanus and Kobak (2020) report 32 % for logistic regression, 68 % for the MLP, 94 % for the CNN "
        "and 91 % for the GRU."
    )
    suits = ("logistic", "mlp", "cnn", "rnn", "gru", "lstm", "cnn+gru")

    def load(self) -> Data:
        return load_series(self.config.data)

    def finding(self) -> str:
        return finding_of_contest(self.contest.seen(), len(self.data.arrays[3]), self.chance)

    def timed_finding(self) -> str:
        return price_of_contest(self.contest.seen())


def load_series(path: str) -> Data:
    """The table of labelled sequences at `path`, or MNIST-1D where there is none. Raises `UserError`."""
    if path:
        from engine.data.series.csv_table import read_series_csv

        return Data.of_series(read_series_csv(Path(path).expanduser()))
    return _mnist1d()


@cache
def _mnist1d() -> Data:
    """Made once: three experiments learn from it."""
    from engine.data.series.mnist1d import make_mnist1d

    return Data.of_series(make_mnist1d())
