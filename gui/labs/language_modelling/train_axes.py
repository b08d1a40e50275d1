"""Where the curves of a training run lie: ends of the axes, and fewer points for what is drawn small."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np

from engine.labs.language_modelling import Learning

EARLY = 0.03
"""Share of a run after which its loss lies on the axis: before, it falls from so high up that nothing else
could be told apart."""
SHORT = 30
"""Up to so many points all of the loss is shown."""
NOTCH = 0.25
"""The ends of the loss axis are multiples of this, in nats: they move seldom."""
ROUND = (1.0, 2.0, 5.0, 10.0)
"""Ends of a logarithmic axis, times a power of ten."""


def averaged(
    steps: np.ndarray, values: np.ndarray, most: int, step: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At most `most` points and two more: the first steps, the steps after the last, and the means.

    steps, values: (n,). As many neighbours as a power of two are averaged, from the first on, so that what
    was drawn stays in its place while the run goes on. Before and after the values stand points that are not
    numbers, so that the axis reaches from 0 to `step`.
    """
    if not len(steps):
        ends = np.array([0, step])
        return ends, ends + 1, np.full(2, np.nan)
    stride = 1 << max(0, ceil(log10(len(steps) / most) / log10(2)))
    at = np.arange(0, len(steps), stride)
    is_known = np.isfinite(values)
    counts = np.add.reduceat(is_known.astype(np.float64), at)
    sums = np.add.reduceat(np.where(is_known, values, 0.0).astype(np.float64), at)
    means = np.divide(sums, counts, out=np.full(len(at), np.nan), where=counts > 0)
    starts = steps[at]
    after = max(step, int(steps[-1])) + 1
    before = [0] if starts[0] > 0 else []
    beyond = [step] if starts[-1] < step else []
    gap = np.full(1, np.nan)
    return (
        np.concatenate([before, starts, beyond]),
        np.concatenate([before, starts[1:], [after], beyond]),
        np.concatenate([gap[: len(before)], means, gap[: len(beyond)]]),
    )


def loss_range(cells: Sequence[Learning]) -> tuple[float, float] | None:
    """Ends of the loss axis: all but the first few steps lie on it; None to fit it to everything.

    A network that failed may have gone anywhere: it has no say unless all failed.
    """
    cells = [one for one in cells if one.failed_at is None] or cells
    if not any(len(one.loss) > SHORT for one in cells):
        return None
    lows, highs = [], []
    for one in cells:
        for values, settled in ((one.loss, _settled(one.loss)), (one.held_out, one.held_out[1:])):
            known = values[np.isfinite(values)]
            lows += [float(known.min())] if len(known) else []
            highs += [*settled[np.isfinite(settled)].tolist(), *known[-1:].tolist()]
    if not lows:
        return None
    return floor(min(lows) / NOTCH) * NOTCH, (floor(max(highs) / NOTCH) + 1) * NOTCH


def _settled(loss: np.ndarray) -> np.ndarray:
    """The losses after the first few steps."""
    return loss[max(1, int(EARLY * len(loss))) :]


def log_range(values: np.ndarray) -> tuple[float, float] | None:
    """Round ends of a logarithmic axis around all values above zero; None where there are none."""
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return None
    low, high = _round_below(float(known.min())), _round_above(float(known.max()))
    return low, high if high > low else 10 * low


def _round_below(value: float) -> float:
    decade = 10.0 ** floor(log10(value))
    return max(factor * decade for factor in ROUND if factor * decade <= value * (1 + 1e-9))


def _round_above(value: float) -> float:
    decade = 10.0 ** floor(log10(value))
    return min(factor * decade for factor in ROUND if factor * decade >= value * (1 - 1e-9))
