"""What is written down of one network while it learns, bounded however long that takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.history import History
from engine.read_only import read_only

LAYERS = ("embedding", "input weights", "recurrent weights", "output layer")
"""The layers that are watched; a bias belongs to the layer whose weights it stands beside."""
WATCHED_BUCKETS = 256
"""Buckets of what is watched by layer: a dozen histories of each network ride along in every snapshot."""


def layer_of(parameter: str) -> int:
    """The index in LAYERS of a parameter of a `CharacterModel`, by its name."""
    module, _, name = parameter.partition(".")
    if module == "recurrent":
        return LAYERS.index("recurrent weights" if "_hh_" in name else "input weights")
    return LAYERS.index("embedding" if module == "embedding" else "output layer")


class LearningRecord:
    """Losses, held-out figures, gradient norms and update-to-weight ratios of one network.

    Step n is the n-th update; what belongs to it was measured while it was made.
    """

    def __init__(self) -> None:
        self.loss = History()
        """Nats a character of each batch, before the update that it led to."""
        self.held_out = History(512)
        """Nats a character of the held-out text after so many updates."""
        self.failed_at: int | None = None
        """The update whose loss or gradient was no number any more; there are none after it."""
        self._norms = [History(WATCHED_BUCKETS) for _ in LAYERS]
        self._ratios = [History(WATCHED_BUCKETS) for _ in LAYERS]
        self._watched: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def watch(self, step: int, norms: Sequence[float], ratios: Sequence[float]) -> None:
        """Write down one step's gradient norms (L,) and update ratios (L,), in the order of LAYERS."""
        for histories, values in ((self._norms, norms), (self._ratios, ratios)):
            for history, value in zip(histories, values, strict=True):
                history.append(step, value)
        self._watched = None

    def watched(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First steps (W,), gradient norms (L, W) and update ratios (L, W), means of buckets, read-only."""
        if self._watched is None:
            steps = self._norms[0].arrays()[0]
            self._watched = (steps, _means(self._norms), _means(self._ratios))
        return self._watched


def _means(histories: Sequence[History]) -> np.ndarray:
    return read_only(np.stack([history.arrays()[3] for history in histories]))
