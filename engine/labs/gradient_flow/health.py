"""Gradients, updates and units of one network over training, bounded however long that takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.labs.gradient_flow.snapshot import Health
from engine.read_only import read_only
from engine.row_history import RowHistory

EVERY = 4
"""Of so many updates one is measured."""
BUCKETS = 256
SATURATED = 0.99
"""|h| from which tanh lets less than a fiftieth of a gradient through."""
STILL = 0.01
"""A unit that moves by less along a whole sequence hardly moves."""


class HealthRecord:
    """Gradient norms and update-to-weight ratios by parameter, saturated and dead units, now and then."""

    def __init__(self, parameters: Sequence[str], is_relu: bool) -> None:
        self._parameters, self._is_relu = tuple(parameters), is_relu
        self._rows = RowHistory(BUCKETS, 2 * len(self._parameters) + 2)
        self._seen: Health | None = None

    def add(self, step: int, norms: Sequence[float], ratios: Sequence[float], hidden: np.ndarray) -> None:
        """Write down one update: by parameter the gradient's norm before clipping and ‖change‖ / ‖weights‖,
        and the hidden states (T, H) of the shown sequence.
        """
        units = (saturated(hidden, self._is_relu), dead(hidden, self._is_relu))
        self._rows.append(step, [*norms, *ratios, *units])
        self._seen = None

    def seen(self) -> Health | None:
        """What may be seen of it; None before the first update."""
        if self._seen is None and len(self._rows):
            steps, means = self._rows.arrays()
            rows, count = read_only(np.ascontiguousarray(means.T)), len(self._parameters)
            self._seen = Health(
                steps=steps,
                parameters=self._parameters,
                gradient_norms=rows[:count],
                update_ratios=rows[count : 2 * count],
                saturated=rows[-2],
                dead=rows[-1],
            )
        return self._seen


def saturated(hidden: np.ndarray, is_relu: bool) -> float:
    """Share of the hidden states (T, H) with |h| above 0.99; 0 for relu, whose slope does not fade."""
    return 0.0 if is_relu else float((np.abs(hidden) > SATURATED).mean())


def dead(hidden: np.ndarray, is_relu: bool) -> float:
    """Share of units that are 0 at every step of (T, H) (relu), or move by less than 0.01 along it."""
    still = (hidden == 0).all(0) if is_relu else np.ptp(hidden, axis=0) < STILL
    return float(still.mean())
