"""Everything that may be set in the lab of grid and loop, and its experiments by name."""

from __future__ import annotations

from dataclasses import dataclass

from engine.settings import Config, setting

EXPERIMENTS = ("mnist1d", "shuffle", "memory", "shift", "cost", "hybrid", "rows", "text")
NETWORKS = ("logistic", "mlp", "cnn", "dilated-cnn", "rnn", "gru", "lstm", "cnn+gru")
WHAT_SUITS = "What suits the experiment"

TITLES = {
    "mnist1d": "One data set",
    "rows": "Digits by rows",
    "text": "Text",
    "shuffle": "Shuffle",
    "memory": "Memory",
    "shift": "Shift and stretch",
    "cost": "Cost",
    "hybrid": "Together",
}
"""Of the experiments, in the order in which they stand on the page."""


@dataclass(frozen=True)
class GridVersusLoopConfig(Config):
    """Everything that may be set in this lab."""

    experiment: str = setting(
        "mnist1d",
        "Experiment",
        "mnist1d: one data set, every network; shuffle: positions exchanged; memory: how far back; shift: "
        "the pattern moved, stretched, cut; cost: time and numbers against length and width; hybrid: a "
        "convolution into a recurrent network; rows: digits as pictures and by rows; text: which language.",
        group="Experiment",
        choices=EXPERIMENTS,
        on_page=True,
    )
    networks: str = setting(
        "",
        "Networks",
        "Which of them learn, with commas: logistic, mlp, cnn, dilated-cnn, rnn, gru, lstm, cnn+gru; empty "
        "is what suits the experiment.",
        group="Experiment",
        on_page=True,
    )
    data: str = setting(
        "",
        "Own data",
        "A table of labelled sequences (mnist1d, shuffle, shift), the folder of MNIST (rows), or a folder of "
        "texts by class (text) in the place of the built-in data.",
        group="Experiment",
        on_page=True,
    )
    window: int | None = setting(
        None,
        "Shuffled within",
        "Positions are exchanged within windows of so many; 1 exchanges none, without a number they are "
        "exchanged completely.",
        group="Experiment",
        unit="positions",
        low=1,
        high=1_000_000,
        optional=True,
        none_label="all positions",
        on_page=True,
    )
    shuffled: bool = setting(
        False,
        "Shuffle now",
        "From now on every network reads, and learns from, exchanged positions.",
        group="Experiment",
        on_page=True,
    )
    lags: str = setting(
        "",
        "Lags",
        "Memory: how many steps back the answer lies, numbers with commas; empty is 1 to 128 by doubling.",
        group="Experiment",
        on_page=True,
    )
    text: str = setting(
        "",
        "Sentence",
        "Text: what the networks are asked about.",
        group="Experiment",
        on_page=True,
    )
    pinned: int = setting(
        0,
        "Example",
        "The test example that all networks are opened on.",
        group="Experiment",
        low=0,
        high=10_000_000,
        on_page=True,
    )
    updates: int | None = setting(
        None,
        "Updates",
        "How long every network learns; the learning rate falls towards the end.",
        group="Learning",
        low=1,
        high=1_000_000,
        optional=True,
        none_label=WHAT_SUITS,
    )
    width: int | None = setting(
        None,
        "Width",
        "Channels of a convolution, hidden units of a recurrent network.",
        group="Learning",
        low=1,
        high=1024,
        optional=True,
        none_label=WHAT_SUITS,
    )
    learning_rate: float | None = setting(
        None,
        "Learning rate",
        "Size of the first updates, for all networks alike.",
        group="Learning",
        low=1e-5,
        high=1.0,
        optional=True,
        none_label="What suits each network",
    )
    batch: int | None = setting(
        None,
        "Batch",
        "Sequences from which one update is made.",
        group="Learning",
        low=1,
        high=1024,
        optional=True,
        none_label=WHAT_SUITS,
    )


AT_ONCE = ("shuffled", "text", "pinned", "window")
"""Settings that the experiment under way takes; any other begins it anew."""
