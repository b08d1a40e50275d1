"""A long noisy time series whose class is how many pulses of one shape came after the last of another.

Two shapes of the same length, energy and spectrum lie in white noise: a chirp that rises, which counts one
up, and the same chirp backwards, which sets the count to zero. Every sequence holds four of the first and
three of the second at random places; its class is the count at the end, 0 to 3. Nobody is kept from solving
it, but it takes two abilities:

- To tell one shape from the other, sixteen samples must be weighed together, since noise half as high as a
  pulse lies over all: a filter, which a convolution is made of. A recurrent network that reads sample by
  sample has to build one out of its state first, and to learn through hundreds of steps that it needs one.
- How many shapes of each kind there are says nothing, since there are always as many. Only their order does,
  over the whole length: it has to be remembered. A convolutional network sees a few dozen samples at once,
  and a dense layer over all places can do no more than give each place a weight; the places are random.

Convolutions that feed a recurrent network leave to each what it does best.
"""

from __future__ import annotations

import numpy as np

from engine.data.series.labelled import LabelledSeries

LENGTH = 384
PULSE = 16
"""Samples of a pulse."""
COUNTING, RESETTING = 4, 3
"""Pulses of either kind in every sequence."""
CLASSES = 4
STRENGTH = 6.0
"""What the filter that fits a pulse best would find of it, in standard deviations of the noise."""
_APART = 4
"""Samples at least between two pulses."""
SHORTEST = (COUNTING + RESETTING) * (PULSE + _APART)


def make_noisy_series(
    seed: int = 0, train: int = 4000, test: int = 1000, length: int = LENGTH
) -> LabelledSeries:
    """`train` + `test` sequences of `length` samples, each class equally often, of variance 1 in all.

    Raises ValueError for a length below SHORTEST, or where there would be none to train or test on.
    """
    if length < SHORTEST or min(train, test) < 1:
        raise ValueError(f"{train} + {test} sequences of {length} samples")
    random = np.random.default_rng(seed)
    count = train + test
    labels = random.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    values = random.standard_normal((count, length), np.float32)
    _add_pulses(values, _kinds(random, labels), _places(random, count, length))
    values /= values.std()
    x = values[..., None]
    about = (
        f"{length} samples of noise with {COUNTING + RESETTING} pulses; how many rising ones come after the "
        f"last falling one is asked for. Made with seed {seed}; {test:,} of {count:,} are held out."
    )
    return LabelledSeries(
        "Pulses in noise",
        *(x[:train], labels[:train], x[train:], labels[train:]),
        tuple(map(str, range(CLASSES))),
        about,
        "time step",
    )


def pulses() -> np.ndarray:
    """(2, PULSE): the pulse that counts, whose frequency rises, and the one that resets, its mirror image."""
    time = (np.arange(PULSE) + 0.5) / PULSE
    rising = np.sin(2 * np.pi * (0.5 * time + 2.25 * time**2)) * np.sin(np.pi * time)
    rising *= STRENGTH / np.linalg.norm(rising)
    return np.stack([rising, rising[::-1]]).astype(np.float32)


def _kinds(random: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """(N, 7): 0 for a pulse that counts and 1 for one that resets, as they follow each other.

    The last reset is followed by as many counts as the label says; all others come before in any order.
    """
    total = COUNTING + RESETTING
    kinds = np.zeros((len(labels), total), np.int64)
    for row, label in zip(kinds, labels, strict=True):
        last = total - 1 - label
        row[random.permutation(last)[: RESETTING - 1]] = 1
        row[last] = 1
    return kinds


def _places(random: np.random.Generator, count: int, length: int) -> np.ndarray:
    """(N, 7) ascending: where each pulse begins."""
    total = COUNTING + RESETTING
    gaps = np.sort(random.integers(0, length - SHORTEST, (count, total), endpoint=True), axis=1)
    return gaps + np.arange(total) * (PULSE + _APART)


def _add_pulses(values: np.ndarray, kinds: np.ndarray, places: np.ndarray) -> None:
    """Add the pulses to the noise `values` (N, length)."""
    rows = np.arange(len(values))[:, None, None]
    columns = places[..., None] + np.arange(PULSE)
    values[rows, columns] += pulses()[kinds]
