"""Fixed permutations of positions: none, within windows, complete."""

from __future__ import annotations

import numpy as np


def permutation(length: int, window: int, seed: int) -> np.ndarray:
    """(length,) int64: the position whose value comes to stand at each, fixed by the three numbers.

    Positions change places only within windows of `window` consecutive ones, the last of which may be
    shorter: 1 leaves all as they are, `length` or more shuffles all. Every position draws one number, by
    which those of a window are ordered, so that windows of two sizes shuffle alike as far as they can. Raises
    ValueError for a length or window below 1.
    """
    if min(length, window) < 1:
        raise ValueError(f"windows of {window} in {length} positions")
    drawn = np.random.default_rng(seed).random(length)
    return np.lexsort((drawn, np.arange(length) // window))
