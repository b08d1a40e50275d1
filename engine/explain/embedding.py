"""Many values for each picture as a point in a plane: principal components held still, and t-SNE."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

PERPLEXITY = 30.0
"""About how many neighbours a point of t-SNE attends to."""
ITERATIONS, EXAGGERATED, EXAGGERATION = 600, 150, 12.0
"""Steps of t-SNE, and the first of them, in which what is near is drawn together more strongly."""
SEARCH = 50
"""Halvings with which a point's neighbourhood is given its size."""


@dataclass(frozen=True, eq=False)
class Plane:
    """N points (N, 2) float64, and the share of the variance that the plane holds (NaN for t-SNE)."""

    points: Tensor
    explained: float


def principal_plane(values: Tensor, former: Tensor | None = None) -> Plane:
    """The two principal components of `values` (N, F), turned so that points move least from `former` (N, 2).

    The plane itself is that of PCA (Pearson 1901); which way its axes point is free, and is chosen by
    orthogonal Procrustes (Schönemann 1966), so that a picture that is drawn again and again does not flip.
    """
    values = values.double()
    centred = values - values.mean(0)
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    points = _padded(centred @ axes[:2].T)
    whole = float((singular**2).sum())
    explained = float((singular[:2] ** 2).sum()) / whole if whole > 0 else math.nan
    if former is not None and former.shape == points.shape:
        u, _, v = torch.linalg.svd(points.T @ (former.double() - former.double().mean(0)))
        points = points @ (u @ v)
    else:
        points = points * _upright(points)
    return Plane(points, explained)


def _padded(points: Tensor) -> Tensor:
    """Two columns, also of values with a single feature."""
    return torch.nn.functional.pad(points, (0, 2 - points.shape[1])) if points.shape[1] < 2 else points


def _upright(points: Tensor) -> Tensor:
    """(2,) signs that make the point farthest along each axis positive: the same picture on every machine."""
    farthest = points.gather(0, points.abs().argmax(0, keepdim=True))[0]
    return torch.where(farthest < 0, -1.0, 1.0).to(points.dtype)


def t_sne(values: Tensor, perplexity: float = PERPLEXITY) -> Iterator[tuple[int, int, Plane]]:
    """t-SNE (van der Maaten and Hinton 2008) of `values` (N, F), exact: (done, steps, the plane so far).

    It begins at the principal components, so that the same values always give the same plane (Kobak and
    Berens 2019). Each slice is a few steps.
    """
    points = principal_plane(values).points
    count = len(points)
    points = points / points[:, 0].std().clamp_min(1e-12) * 1e-4
    near = neighbourhoods(values.double(), min(perplexity, max(1.0, (count - 1) / 3)))
    rate, velocity = max(50.0, count / EXAGGERATION / 4), torch.zeros_like(points)
    gains = torch.ones_like(points)
    for step in range(1, ITERATIONS + 1):
        strength = EXAGGERATION if step <= EXAGGERATED else 1.0
        gradient = _gradient(points, near * strength)
        # Steps grow where they keep their direction (Jacobs 1988), as in the authors' own code.
        gains = torch.where(gradient.sign() != velocity.sign(), gains + 0.2, gains * 0.8).clamp_min(0.01)
        velocity = (0.5 if step <= EXAGGERATED else 0.8) * velocity - rate * gains * gradient
        points = points + velocity
        points = points - points.mean(0)
        if step % 4 == 0 or step == ITERATIONS:
            yield step, ITERATIONS, Plane(points, math.nan)


def neighbourhoods(values: Tensor, perplexity: float) -> Tensor:
    """(N, N) symmetric shares, adding up to 1, of how near each is to each; every point has `perplexity`."""
    count = len(values)
    squared = torch.cdist(values, values) ** 2
    squared = squared / squared.mean().clamp_min(1e-12)
    low, high = torch.zeros(count, 1, dtype=torch.float64), torch.full((count, 1), 1e12, dtype=torch.float64)
    wanted = math.log(perplexity)
    sharpness = torch.ones(count, 1, dtype=torch.float64)
    for _ in range(SEARCH):
        shares = _shares(squared, sharpness)
        entropy = -(shares * shares.clamp_min(1e-300).log()).sum(1, keepdim=True)
        too_wide = entropy > wanted
        low, high = torch.where(too_wide, sharpness, low), torch.where(too_wide, high, sharpness)
        sharpness = torch.where(high < 1e12, (low + high) / 2, sharpness * 2)
    shares = _shares(squared, sharpness)
    return (shares + shares.T) / (2 * count)


def _shares(squared: Tensor, sharpness: Tensor) -> Tensor:
    """Each row's neighbours, weighed by a Gaussian, without the point itself."""
    exponents = (-squared * sharpness).fill_diagonal_(-math.inf)
    return exponents.softmax(1)


def _gradient(points: Tensor, near: Tensor) -> Tensor:
    """(N, 2) of the Kullback-Leibler divergence between neighbourhoods (equation 5)."""
    kernel = 1 / (1 + torch.cdist(points, points) ** 2)
    kernel.fill_diagonal_(0)
    forces = (near - kernel / kernel.sum()) * kernel
    return 4 * (forces.sum(1, keepdim=True) * points - forces @ points)
