"""How every network is trained in every experiment: width, learning rate, updates, and how the rate falls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

WARMED_UP = 0.05
"""Share of the updates in which the learning rate rises to its full size."""


@dataclass(frozen=True)
class Plan:
    """How long one experiment takes."""

    updates: int
    batch: int
    """Sequences from which one update is made."""


PLANS: Mapping[str, Plan] = {
    "mnist1d": Plan(1500, 100),
    "shuffle": Plan(1500, 100),
    "shift": Plan(1500, 100),
    "hybrid": Plan(500, 50),
    "rows": Plan(500, 100),
    "text": Plan(1000, 100),
}
# On the noisy series 32 maps, 64 units, and 32 of both come to 12,600 to 13,100 parameters alike.
_WIDTHS: Mapping[str, int] = {
    "logistic": 1,
    "mlp": 256,
    "cnn": 32,
    "dilated-cnn": 32,
    "rnn": 64,
    "gru": 64,
    "lstm": 64,
    "cnn+gru": 32,
}
_LEARNING_RATES: Mapping[str, float] = {
    "logistic": 1e-2,
    "mlp": 1e-2,
    "cnn": 1e-2,
    "dilated-cnn": 3e-3,
    "rnn": 2e-3,
    "gru": 1e-2,
    "lstm": 1e-2,
    "cnn+gru": 1e-2,
}
_SMALLER_STEPS: Mapping[str, float] = {"cnn": 5e-3, "gru": 5e-3, "lstm": 5e-3, "cnn+gru": 5e-3}
_WIDTHS_IN: Mapping[str, Mapping[str, int]] = {"rows": {"cnn": 16}, "text": {"cnn": 64}}
_LEARNING_RATES_IN: Mapping[str, Mapping[str, float]] = {"rows": _SMALLER_STEPS, "text": _SMALLER_STEPS}
"""Where they differ from those of all experiments."""


def width(name: str, experiment: str) -> int:
    """Units or maps of the network `name` where nobody chose another width."""
    return _WIDTHS_IN.get(experiment, {}).get(name, _WIDTHS[name])


def learning_rate(name: str, experiment: str) -> float:
    """Size of the first full updates of the network `name` by Adam."""
    return _LEARNING_RATES_IN.get(experiment, {}).get(name, _LEARNING_RATES[name])


def decay(step: int, total: int) -> float:
    """The share of the learning rate that update `step` of `total`, from 1 on, is made with.

    It rises in a straight line at first and then falls along half a cosine (Loshchilov and Hutter 2017).
    """
    rising = min(1.0, step / max(1.0, WARMED_UP * total))
    return rising * 0.5 * (1 + math.cos(math.pi * (step - 1) / max(1, total)))
