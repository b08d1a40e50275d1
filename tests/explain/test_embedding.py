"""Planes of many values: scikit-learn's principal components, held still; t-SNE that keeps neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from torch import Tensor

from engine.explain.embedding import neighbourhoods, principal_plane, t_sne

COUNT = 150


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return torch.from_numpy(load_digits().data[:COUNT].copy())


def distances(points: Tensor) -> Tensor:
    return torch.cdist(points.double(), points.double())


def test_the_plane_is_that_of_scikit_learn(digits: Tensor):
    pca = PCA(2).fit(digits)
    plane = principal_plane(digits.float())
    expected = torch.from_numpy(pca.transform(digits))
    torch.testing.assert_close(distances(plane.points), distances(expected), rtol=1e-5, atol=1e-5)
    assert plane.explained == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-6)


def test_the_same_plane_seen_again_does_not_turn(digits: Tensor):
    before = principal_plane(digits).points
    turned = torch.linalg.qr(
        torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    )[0]
    for values in (digits + 5, digits @ turned, -digits):
        after = principal_plane(values, before).points
        torch.testing.assert_close(after, before, rtol=1e-6, atol=1e-6)


def test_it_moves_no_more_than_it_must(digits: Tensor):
    before = principal_plane(digits).points
    noise = torch.randn(digits.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    moved = principal_plane(digits + noise, before).points
    own = (moved - before).norm()
    for angle in (0.3, -0.3):
        turn = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        assert (moved @ turn - before).norm() > own


def test_values_without_a_plane():
    one = principal_plane(torch.arange(5.0)[:, None])
    assert one.points.shape == (5, 2)
    assert one.explained == pytest.approx(1)
    assert np.isnan(principal_plane(torch.ones(4, 3)).explained)


def test_every_point_attends_to_as_many_neighbours(digits: Tensor):
    near = neighbourhoods(digits, 12.0)
    assert float(near.sum()) == pytest.approx(1, abs=1e-9)
    torch.testing.assert_close(near, near.T)
    assert not near.diagonal().any()


def test_t_sne_keeps_neighbours_as_well_as_scikit_learn(digits: Tensor):
    *_, (done, steps, plane) = t_sne(digits, perplexity=20)
    assert done == steps
    reference = TSNE(2, perplexity=20, init="pca", random_state=0, method="exact", max_iter=600)
    theirs = trustworthiness(digits, reference.fit_transform(digits), n_neighbors=8)
    ours = trustworthiness(digits, plane.points.numpy(), n_neighbors=8)
    assert ours > theirs - 0.01
    assert ours > trustworthiness(digits, PCA(2).fit_transform(digits), n_neighbors=8)


def test_t_sne_repeats(digits: Tensor):
    first, second = (list(t_sne(digits[:40], perplexity=10))[-1][2].points for _ in range(2))
    assert torch.equal(first, second)
