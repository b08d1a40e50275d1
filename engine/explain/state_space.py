"""The plane and the space in which the hidden state moves: principal components, fitted once and held."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

PRODUCTS_AT_ONCE = 120_000_000
"""Products of two units' values that one slice adds up, about 20 ms of one core."""


@dataclass(frozen=True)
class StateSpace:
    """Axes for hidden states that stay where they are, so that what moves on screen is the state."""

    mean: np.ndarray
    """(H,) float64: the state at the origin."""
    axes: np.ndarray
    """(components, H) float64: orthonormal rows, that of the largest variance first."""
    share: np.ndarray
    """(components,) each axis' share of the variance of the states that it was fitted to, 0 to 1."""

    def project(self, states: np.ndarray) -> np.ndarray:
        """(T, components) float64: where the states (T, H) lie."""
        return (states - self.mean) @ self.axes.T

    def products(self, state: np.ndarray) -> np.ndarray:
        """(components, H) float64: what each unit of a state (H,) adds to each of its coordinates."""
        return (state - self.mean) * self.axes


def fit(states: np.ndarray, components: int = 3) -> StateSpace:
    """The principal components of `states` (T, H), of a reference text say.

    From the eigenvectors of the covariance in float64 (Pearson 1901; Jolliffe, Principal Component
    Analysis, 2002). An eigenvector's sign is arbitrary: here the loading of the largest magnitude is
    positive, so that a model has the same axes on every machine. States that don't move at all have no
    variance to share: all shares are 0. Raises ValueError below two states, for more components than
    units, and where a state is not finite.
    """
    slices = fit_in_slices(states, components)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def fit_in_slices(states: np.ndarray, components: int = 3) -> Generator[None, None, StateSpace]:
    """As `fit`, which it returns, yielding now and then; the eigenvectors are found in one go."""
    values = np.asarray(states, np.float64)
    if values.ndim != 2 or len(values) < 2 or not 1 <= components <= values.shape[1]:
        raise ValueError(f"{components} components can't be fitted to states of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("the states are not finite")
    mean = values.mean(0)
    centred = values - mean
    scatter, at_once = np.zeros((values.shape[1],) * 2), max(1, PRODUCTS_AT_ONCE // values.shape[1] ** 2)
    for begin in range(0, len(centred), at_once):
        yield
        part = centred[begin : begin + at_once]
        scatter += part.T @ part
    yield
    variances, vectors = np.linalg.eigh(scatter)
    axes = _signed(vectors[:, : -components - 1 : -1].T)
    total = np.trace(scatter)
    largest = np.maximum(variances[: -components - 1 : -1], 0.0)
    return StateSpace(mean, axes, largest / total if total > 0 else np.zeros(components))


def _signed(axes: np.ndarray) -> np.ndarray:
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    return axes * np.sign(largest)
