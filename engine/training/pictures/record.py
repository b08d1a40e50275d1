"""What is written down of a network that learns to tell pictures apart, bounded however long that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.history import History
from engine.row_history import RowHistory

WATCHED_BUCKETS = 256
"""Buckets of what is watched by layer: it rides along in every snapshot."""


@dataclass
class PictureRecord:
    """Update n is the n-th, counted from 1; what belongs to it was measured while it was made."""

    layers: tuple[str, ...]
    """The layers with weights that learn, as `layers_of` names them."""
    loss: History = field(default_factory=History)
    """Nats a picture of each batch, label smoothing included, before the update that it led to."""
    accuracy: History = field(default_factory=History)
    """Share of each batch that was classified rightly, varied as it was."""
    rate: History = field(default_factory=lambda: History(256))
    """The learning rate of each update."""
    norms: RowHistory = field(init=False)
    """L2 norm of each layer's gradient."""
    ratios: RowHistory = field(init=False)
    """L2 norm of what an update changed, as a share of the layer's weights before it."""
    train_scores: list[tuple[int, float, float]] = field(default_factory=list)
    """(updates done, loss, accuracy) on pictures that are learned from, as they are."""
    test_scores: list[tuple[int, float, float]] = field(default_factory=list)
    """The same on pictures that are not learned from."""
    failed_at: int | None = None
    """The update whose loss was no number; it was not made."""

    def __post_init__(self) -> None:
        self.norms = RowHistory(WATCHED_BUCKETS, len(self.layers))
        self.ratios = RowHistory(WATCHED_BUCKETS, len(self.layers))

    def write_down(self, step: int, loss: float, accuracy: float, rate: float, norms: np.ndarray) -> None:
        """One update."""
        self.loss.append(step, loss)
        self.accuracy.append(step, accuracy)
        self.rate.append(step, rate)
        self.norms.append(step, norms)


def layers_of(parameters: Sequence[str]) -> tuple[str, ...]:
    """The layers that parameters belong to ("dense1.linear" of "dense1.linear.weight"), in order."""
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in parameters))
