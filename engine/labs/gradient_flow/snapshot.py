"""Everything that may be seen in the gradient flow lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lab import Snapshot

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Flow:
    """How the loss of the shown sequence depends on one network's states. Arrays are read-only.

    The logarithms reach as far below float32's range as the gradient does; −inf is no dependence at all, NaN
    a network that has no numbers any more.
    """

    step: int
    """The update before which it was measured: 1 is the first."""
    log10_norms: np.ndarray
    """(T + 1,) log10 ‖∂L/∂h(t)‖ for t = 0 (the state before the first step) to T, L the sequence's
    own loss."""
    recent: np.ndarray
    """(K, T + 1) the same before earlier updates, oldest first, K at most some forty."""
    recent_steps: np.ndarray
    """(K,)"""
    map: np.ndarray
    """(M, T + 1) float32 means of the same over the whole run, oldest first, M at most some two hundred."""
    map_steps: np.ndarray
    """(M,) the first update of each row."""


@dataclass(frozen=True)
class Mechanism:
    """Why it flows so: one step back in time, measured. Arrays are read-only.

    What would take too long in a large network is NaN, or an empty array.
    """

    step: int
    """The update before which it was measured."""
    places: np.ndarray
    """(P,) steps t, ascending, of which the Jacobian ∂s(t + 1)/∂s(t) is looked at (s is h, or h and c)."""
    largest: np.ndarray
    """(P,) its largest singular value."""
    middle: np.ndarray
    """(P,) its median one."""
    smallest: np.ndarray
    """(P,) its smallest one."""
    log10_norms: np.ndarray
    """(T + 1,) the gradient of then, which the bound is of: the newest curve may be of a later update."""
    log10_bound: np.ndarray
    """(T + 1,) what the gradient can be at most: the last step's, times the largest singular
    values on the way
    back; for a vanilla RNN Pascanu's ‖W_hh‖ max|slope| (2013)."""
    gate: str
    """The gate that keeps the past: "forget", "update", or "" where there is none."""
    gate_mean: np.ndarray
    """(T,) its mean over the units; empty where there is none."""
    gate_low: np.ndarray
    """(T,) its tenth of the units that is most closed: the 10th percentile."""
    gate_high: np.ndarray
    """(T,) the 90th percentile."""
    gates: tuple[str, ...]
    """Of which the next two have a row: "hidden", or each gate of the cell."""
    radius_steps: np.ndarray
    """(R,)"""
    spectral_radius: np.ndarray
    """(gates, R) largest |eigenvalue| of W_hh over training, gate by gate; NaN for a wide network."""
    largest_singular: np.ndarray
    """(gates, R) largest singular value of W_hh."""


@dataclass(frozen=True)
class Health:
    """Gradients and units over training. Arrays are read-only."""

    steps: np.ndarray
    """(W,) the first update of each bucket."""
    parameters: tuple[str, ...]
    """PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, head.weight, head.bias."""
    gradient_norms: np.ndarray
    """(parameters, W) L2 norm before clipping."""
    update_ratios: np.ndarray
    """(parameters, W) ‖change‖ / ‖weights‖ of one update."""
    saturated: np.ndarray
    """(W,) share of h(t) of the shown sequence with |h| above 0.99 (tanh), 0 to 1."""
    dead: np.ndarray
    """(W,) share of units that are 0 at every step of the shown sequence (relu), or hardly move (tanh)."""


@dataclass(frozen=True)
class Runner:
    """One network and how it learns. Arrays are read-only."""

    cell: str
    """A key of `NETWORKS`."""
    title: str
    parameters: int
    steps: np.ndarray
    """(M,) the first update of each bucket of the next three."""
    loss: np.ndarray
    loss_low: np.ndarray
    loss_high: np.ndarray
    accuracy: np.ndarray
    """(M,) share of the batch that is right, mean of the bucket."""
    recent_accuracy: float
    """Mean over the last 20 batches; NaN before the first."""
    flow: Flow
    mechanism: Mechanism | None
    """None until it is measured."""
    health: Health | None
    exploded_at: int | None
    """The update at which its loss or gradient was no number any more; it rests since then."""
    log10_largest: float
    """The largest ‖∂L/∂h(t)‖ that was seen."""


@dataclass(frozen=True)
class Meter:
    """The memory meter: success against length."""

    lengths: tuple[int, ...]
    accuracy: dict[str, tuple[float, ...]]
    """By network: the accuracy reached at the lengths that are done, in their order."""
    chance: float
    """What guessing scores."""
    solved: float
    """From which accuracy a length counts as solved."""
    longest: dict[str, int | None]
    """The longest length that each network solved; None before the first."""
    steps: int
    """Updates at most at each length."""


@dataclass(frozen=True)
class GradientFlowSnapshot(Snapshot):
    """Everything that may be seen in this lab. Arrays are read-only."""

    title: str = ""
    """Of the task."""
    sentence: str = ""
    """What the task is."""
    loss_name: str = ""
    """"cross-entropy (nats)" or "squared error"."""
    length: int = 0
    """Steps T of the sequences."""
    step: int = 0
    """Updates done of each network that goes on."""
    baseline_loss: float = 0.0
    """What remembering nothing scores."""
    baseline_accuracy: float = 0.0
    baseline_sentence: str = ""
    labels: tuple[str, ...] = ()
    """(T,) what the shown sequence has at each step, in a word: a symbol, a number, a character;
    "" for noise."""
    runners: tuple[Runner, ...] = ()
    meter: Meter | None = None
    """None until a sweep was begun."""
    finding: str = ""
    """What was measured, in a sentence or two."""
