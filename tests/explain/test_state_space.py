from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from engine.explain.state_space import fit


def states(length: int = 300, units: int = 20, *, seed: int = 0) -> np.ndarray:
    """States that drift, unequally in different directions, as those of a recurrent network do."""
    random = np.random.default_rng(seed)
    steps = random.standard_normal((length, units)) / np.arange(1, units + 1)
    mixing = np.linalg.qr(random.standard_normal((units, units)))[0]
    return np.tanh(steps.cumsum(0) * 0.1 @ mixing + 0.2)


def test_axes_and_shares_are_those_of_scikit_learn():
    x = states()
    space, oracle = fit(x), PCA(3, svd_solver="full").fit(x)
    signs = np.sign((space.axes * oracle.components_).sum(1))
    np.testing.assert_allclose(space.axes, oracle.components_ * signs[:, None], atol=1e-10)
    np.testing.assert_allclose(space.share, oracle.explained_variance_ratio_, rtol=1e-12)
    new = states(50, seed=1)
    np.testing.assert_allclose(space.project(new), oracle.transform(new) * signs, atol=1e-10)


@pytest.mark.parametrize("length", [5, 12, 40])
def test_agrees_with_the_singular_values_also_where_there_are_fewer_states_than_units(length: int):
    x = states(length, 12)
    _, singular, rows = np.linalg.svd(x - x.mean(0), full_matrices=False)
    space = fit(x, 3)
    np.testing.assert_allclose(np.abs((space.axes * rows[:3]).sum(1)), 1, rtol=1e-10)
    np.testing.assert_allclose(space.share, (singular**2 / (singular**2).sum())[:3], rtol=1e-9)


def test_axes_are_orthonormal_and_keep_their_sign():
    x = states()
    space = fit(x, 5)
    np.testing.assert_allclose(space.axes @ space.axes.T, np.eye(5), atol=1e-12)
    assert (space.axes[np.arange(5), np.abs(space.axes).argmax(1)] > 0).all()
    turned = fit(-x, 5)
    np.testing.assert_allclose(turned.axes, space.axes, atol=1e-9)


def test_a_projection_of_all_components_keeps_distances():
    x = states(30, 6)
    placed = fit(x, 6).project(x)
    np.testing.assert_allclose(
        np.linalg.norm(placed[:, None] - placed, axis=-1), np.linalg.norm(x[:, None] - x, axis=-1), atol=1e-12
    )


def test_single_precision_states_are_projected_in_double_precision():
    x = states().astype(np.float32)
    assert fit(x).project(x).dtype == np.float64


def test_states_that_do_not_move_have_no_variance_to_share():
    space = fit(np.ones((10, 4), np.float32))
    assert not space.share.any()
    assert not space.project(np.ones((2, 4))).any()


@pytest.mark.parametrize(
    "bad",
    [np.zeros((1, 4)), np.zeros((10, 2)), np.zeros(10), np.full((10, 4), np.nan)],
    ids=["one state", "two units", "a row", "not finite"],
)
def test_refuses_what_has_no_axes(bad: np.ndarray):
    with pytest.raises(ValueError, match=r"components|finite"):
        fit(bad)
