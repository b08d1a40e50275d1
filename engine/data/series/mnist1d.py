"""MNIST-1D, made here: ten shapes, each padded, scaled, shifted, sheared and buried in noise.

Greydanus and Kobak, "Scaling Down Deep Learning with MNIST-1D", ICML 2024 (arXiv:2011.14439). With its own
settings and seed 42 these are the 4,000 + 1,000 sequences that the authors published, drawn in their order
from the same generator, without SciPy, on which theirs depends.
"""

from __future__ import annotations

import numpy as np

from engine.data.series.labelled import LabelledSeries

LENGTH, CLASSES = 40, 10
SHAPES = np.array(
    [
        (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
        (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
        (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
        (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
        (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
        (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
        (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
        (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
        (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
        (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
    ]
)
"""The ten digits as their authors drew them: the height of a pen at twelve places."""

_PADDING = 36, 60
"""Fewest and most zeros behind a shape; the more, the narrower it becomes."""
_CANVAS = SHAPES.shape[1] + _PADDING[1]
_FURTHEST_SHIFT = 48
_SCALE, _SHEAR = 0.4, 0.75
_SMOOTH_NOISE, _NOISE = 0.25, 2e-2
_SMOOTHING = 2.0
"""Standard deviation of the Gaussian window over the noise around a shape, cut off at four of them."""
_NOT_ZERO = 1e-8
"""Raises each shape so that none of its values is taken for padding."""


def make_mnist1d(seed: int = 42, train: int = 4000, test: int = 1000) -> LabelledSeries:
    """`train` + `test` sequences of 40 values, as many of each digit, rounded down to whole tens in all.

    Mean 0 and variance 1 over all sequences together, as published. Raises ValueError where there would be
    none to train or to test on.
    """
    random = np.random.RandomState(seed)
    labels = np.repeat(np.arange(CLASSES, dtype=np.int64), (train + test) // CLASSES)
    if train < 1 or len(labels) <= train:
        raise ValueError(f"{train} + {test} sequences cannot be parted")
    sequences = _sequences(random, labels)
    order = random.permutation(len(labels))
    sequences, labels = sequences[order], labels[order]
    sequences = ((sequences - sequences.mean()) / sequences.std()).astype(np.float32)[..., None]
    about = (
        f"MNIST-1D (Greydanus and Kobak 2020): ten shapes shifted, scaled, sheared and noisy, in {LENGTH} "
        f"values, generated with seed {seed}. {len(labels) - train:,} of {len(labels):,} are held out."
    )
    return LabelledSeries(
        "MNIST-1D",
        *(sequences[:train], labels[:train], sequences[train:], labels[train:]),
        tuple(str(digit) for digit in range(CLASSES)),
        about,
        "time step",
    )


def _sequences(random: np.random.RandomState, labels: np.ndarray) -> np.ndarray:
    """(N, LENGTH): a sequence of each label, before they are standardised together."""
    shapes = _shapes()
    drawn = [_draw(random, shapes[label]) for label in labels]
    canvases, smooth, rough, shears = (np.stack(column) for column in zip(*drawn, strict=True))
    # Around the shape there is smooth noise; on it there is none but the fine noise that lies over all.
    canvases = np.where(canvases != 0, canvases, _smoothed(_SMOOTH_NOISE * smooth)) + _NOISE * rough
    canvases -= shears[:, None] * np.linspace(-0.5, 0.5, _CANVAS)
    return _resampled(canvases, LENGTH)


def _shapes() -> np.ndarray:
    """(10, 12): each shape of variance 1 about its mean, begun at 0, a sixth as high."""
    shapes = SHAPES - SHAPES.mean(1, keepdims=True)
    shapes /= shapes.std(1, keepdims=True)
    return (shapes - shapes[:, :1]) / 6.0


def _draw(
    random: np.random.RandomState, shape: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """One sequence's shape on its canvas (_CANVAS,), its two noises and its shear, in the published order."""
    fewest, most = _PADDING
    zeros = fewest + int(random.rand() * (most - fewest + 1))
    padded = np.concatenate([shape + _NOT_ZERO, np.zeros(zeros)])
    canvas = np.interp(np.linspace(0, 1, _CANVAS), np.linspace(0, 1, len(padded)), padded)
    canvas *= 1 + _SCALE * (random.rand() - 0.5)
    canvas = np.roll(canvas, random.choice(_FURTHEST_SHIFT))
    smooth, rough = random.randn(_CANVAS), random.randn(_CANVAS)
    return canvas, smooth, rough, _SHEAR * (random.rand() - 0.5)


def _smoothed(noise: np.ndarray) -> np.ndarray:
    """(N, _CANVAS) under a Gaussian window; beyond its ends each sequence goes on as its mirror image."""
    reach = int(4 * _SMOOTHING + 0.5)
    weights = np.exp(-0.5 * (np.arange(reach + 1) / _SMOOTHING) ** 2)
    weights /= 2 * weights[1:].sum() + weights[0]
    mirrored = np.pad(noise, ((0, 0), (reach, reach)), mode="symmetric")
    smooth = weights[0] * noise
    for distance in range(reach, 0, -1):
        left = mirrored[:, reach - distance : reach - distance + _CANVAS]
        right = mirrored[:, reach + distance : reach + distance + _CANVAS]
        smooth += weights[distance] * (left + right)
    return smooth


def _resampled(sequences: np.ndarray, length: int) -> np.ndarray:
    """(N, length): each sequence read at evenly spaced places, linearly between two values."""
    places = np.linspace(0, 1, length) * (sequences.shape[1] - 1)
    left = np.minimum(places.astype(np.int64), sequences.shape[1] - 2)
    share = places - left
    return sequences[:, left] * (1 - share) + sequences[:, left + 1] * share
