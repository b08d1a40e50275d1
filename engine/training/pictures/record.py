"""What is written down of a network that learns to tell pictures apart, bounded however long that takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.history import History
from engine.row_history import RowHistory

WATCHED_BUCKETS = 256
"""Buckets of what is watched by layer: it rides along in every snapshot."""
NUMBERS = ("loss", "accuracy", "rate", "clock")
ROWS, SCORES = ("norms", "ratios"), ("train_scores", "test_scores")
"""What is held as a `History`, as a `RowHistory`, and as a list."""


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
    clock: History = field(default_factory=lambda: History(256))
    """When each update was written down, in seconds since 1970."""
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
        self._newest = self._newest_ratio = 0
        self.norms = RowHistory(WATCHED_BUCKETS, len(self.layers))
        self.ratios = RowHistory(WATCHED_BUCKETS, len(self.layers))

    def write_down(self, step: int, loss: float, accuracy: float, rate: float, norms: np.ndarray) -> None:
        """One update; one that is made again was written down before."""
        if step <= self._newest:
            return
        self._newest = step
        self.loss.append(step, loss)
        self.accuracy.append(step, accuracy)
        self.rate.append(step, rate)
        self.clock.append(step, time.time())
        self.norms.append(step, norms)

    def write_down_ratios(self, step: int, ratios: np.ndarray) -> None:
        """How much an update changed each layer (L,)."""
        if step > self._newest_ratio:
            self._newest_ratio = step
            self.ratios.append(step, ratios)

    def tables(self) -> dict[str, np.ndarray]:
        """All that is written down, to be saved and given to `restore`: arrays by name."""
        found = {name: getattr(self, name).table for name in NUMBERS}
        for name in ROWS:
            parts = getattr(self, name).tables()
            found |= {f"{name}.{part}": table for part, table in parts.items()}
        for name in SCORES:
            found[name] = np.array(getattr(self, name), np.float64).reshape(-1, 3)
        return found

    def restore(self, tables: Mapping[str, np.ndarray]) -> None:
        """Go on from what `tables` gave. KeyError or ValueError, and all as before, where it does not fit."""
        found: dict[str, object] = {
            name: History.of_table(tables[name], getattr(self, name).capacity) for name in NUMBERS
        }
        for name in ROWS:
            parts = {part: tables[f"{name}.{part}"] for part in ("first", "sums", "counts", "latest")}
            found[name] = RowHistory.of_tables(parts, WATCHED_BUCKETS, len(self.layers))
        for name in SCORES:
            rows = tables[name].reshape(-1, 3).tolist()
            found[name] = [(int(step), loss, accuracy) for step, loss, accuracy in rows]
        for name, value in found.items():
            setattr(self, name, value)


def layers_of(parameters: Sequence[str]) -> tuple[str, ...]:
    """The layers that parameters belong to ("dense1.linear" of "dense1.linear.weight"), in order."""
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in parameters))
