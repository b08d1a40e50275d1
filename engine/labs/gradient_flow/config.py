"""Everything that may be set in the gradient flow lab, and settings that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from engine.settings import Config, setting

TASKS = ("recall", "adding", "copy", "order", "rows", "pixels", "sentence")
NETWORKS = ("rnn", "relu", "irnn", "lstm", "lstm-no-forget-bias", "gru")
EXAMPLE = "The old man who had lived alone by the sea for so many years opened the d"


@dataclass(frozen=True)
class GradientFlowConfig(Config):
    """Everything that may be set in this lab."""

    preset: str = setting(
        "",
        "Preset",
        "Settings that show one thing, by its name; those that are given beside it stand.",
        group="Experiment",
        on_page=True,
    )
    task: str = setting(
        "recall",
        "Task",
        "What the networks learn: to recall the first symbol through noise, to add two marked "
        "numbers, to copy, "
        "to tell the order of two symbols, to read a digit by rows or by pixels; or no task at all, but the "
        "sentence that you type, in the networks of the language modelling lab.",
        group="Experiment",
        choices=TASKS,
    )
    length: int = setting(
        60,
        "Length",
        "Steps of every sequence; what has to be remembered stands at its beginning.",
        group="Experiment",
        low=2,
        high=1000,
        unit="steps",
    )
    cells: str = setting(
        "rnn,lstm,gru",
        "Networks",
        "Which networks learn side by side, up to six, with commas: rnn (tanh), relu, irnn (relu, "
        "starts as the "
        "identity), lstm, lstm-no-forget-bias, gru.",
        group="Experiment",
        on_page=True,
    )
    hidden: int = setting(64, "Hidden units", "Units of every network.", group="Networks", low=1, high=1024)
    init: str = setting(
        "default",
        "Start of W_hh",
        "PyTorch's uniform numbers, an orthogonal matrix (its singular values are all 1), the identity, or "
        "Gaussian numbers of standard deviation gain / sqrt(units).",
        group="Networks",
        choices=("default", "orthogonal", "identity", "gaussian"),
    )
    gain: float = setting(
        1.0,
        "Gain",
        "What W_hh is multiplied with at the start: below 1 gradients shrink with every step, above "
        "they grow.",
        group="Networks",
        low=0.0,
        high=4.0,
        step=0.05,
    )
    gate_bias: str = setting(
        "default",
        "Gate bias",
        "How far open the gate that keeps the past starts: as PyTorch has it, one, or chrono, which "
        "opens the "
        "units for up to the whole length (Tallec and Ollivier 2018).",
        group="Networks",
        choices=("default", "one", "chrono"),
    )
    batch: int = setting(64, "Batch", "Sequences in every batch.", group="Learning", low=1, high=1024)
    noise: float = setting(
        0.3,
        "Noise",
        "Standard deviation of the noise through which the first symbol is to be recalled.",
        group="Learning",
        low=0.0,
        high=2.0,
        step=0.05,
    )
    optimiser: str = setting(
        "adam", "Optimiser", "Adam, or plain gradient descent.", group="Learning", choices=("adam", "sgd")
    )
    learning_rate: float = setting(
        0.003,
        "Learning rate",
        "Size of an update; it may be changed while they learn.",
        group="Learning",
        low=1e-5,
        high=1.0,
    )
    clip: float = setting(
        1.0,
        "Clip the norm",
        "A gradient longer than this is shortened to it (Pascanu et al. 2013); 0 clips nothing.",
        group="Learning",
        low=0.0,
        high=100.0,
    )
    clip_value: float = setting(
        0.0,
        "Clip each value",
        "Every single derivative is kept between minus this and this; 0 clips nothing.",
        group="Learning",
        low=0.0,
        high=100.0,
    )
    text: str = setting(
        EXAMPLE,
        "Sentence",
        "What the language networks read; the gradient is that of the last prediction.",
        group="Experiment",
        on_page=True,
    )
    sweep: str = setting(
        "",
        "Memory meter",
        "Without a screen: lengths with commas; each network begins anew at each of them, and "
        "learns for as many "
        "steps as are given.",
        group="Memory meter",
        on_page=True,
    )
    sweep_steps: int = setting(
        600,
        "Steps a length",
        "For how long a network may learn at each length of the memory meter.",
        group="Memory meter",
        low=1,
        high=100_000,
    )


PRESETS: dict[str, tuple[str, dict[str, object]]] = {
    "it vanishes": (
        "A hundred steps and PyTorch's own start: in all three cells the gradient is gone before it reaches "
        "the beginning, gates or not.",
        {"cells": "rnn,lstm,gru", "length": 100, "init": "default", "gate_bias": "default", "clip": 1.0},
    ),
    "it explodes": (
        "Too large a start, no clipping: the relu RNN's gradient explodes on its way back, that of the tanh "
        "RNN, which saturates, from update to update; LSTM and GRU go on.",
        {"task": "adding", "cells": "rnn,relu,lstm,gru", "length": 20, "init": "gaussian", "gain": 1.8,
         "clip": 0.0, "gate_bias": "default", "optimiser": "sgd", "learning_rate": 0.06},
    ),
    "clipping saves it": (
        "The same start, but a gradient longer than 1 is shortened to 1 before it is used: all go on, and "
        "the relu RNN learns within some hundred updates.",
        {"task": "adding", "cells": "rnn,relu,lstm,gru", "length": 20, "init": "gaussian", "gain": 1.8,
         "clip": 1.0, "gate_bias": "default", "optimiser": "sgd", "learning_rate": 0.06},
    ),
    "identity start": (
        "A relu network that starts by copying its state carries the gradient further than one that "
        "does not.",
        {"cells": "rnn,relu,irnn", "length": 30, "init": "default", "gate_bias": "default", "clip": 1.0},
    ),
    "gates keep it": (
        "It is the open gate that keeps the gradient, not the name of the cell: of two LSTMs the one that "
        "starts open remembers a hundred steps.",
        {"cells": "rnn,lstm,lstm-no-forget-bias,gru", "length": 100, "init": "default", "gate_bias": "chrono",
         "clip": 1.0},
    ),
    "too long for everyone": (
        "Copying ten symbols across hundreds of steps: nobody promises that.",
        {"task": "copy", "cells": "rnn,lstm,gru", "length": 300, "init": "default", "gate_bias": "chrono",
         "clip": 1.0},
    ),
}  # fmt: skip
"""One sentence, and the settings that differ from the defaults."""
