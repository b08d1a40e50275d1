"""MNIST-1D against the values that the authors' own generator gives with its own settings and seed 42."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.data.series.mnist1d import make_mnist1d

FIRST = """
-0.332006 -0.471910 -0.778697 -1.009741 -0.882353  0.103935  1.643284  1.652507  0.683078 -0.342638
-1.521431 -1.103984 -0.017094  1.014668  0.623586 -0.023914  0.254108  0.867393  0.935410  1.035874
 1.593488  1.236842  0.410198 -0.219793  0.098056  0.530164  0.520278  0.189981  0.070437  0.324331
 0.268608 -0.579077 -1.093486 -0.864580 -0.113530  0.019501 -0.328214 -0.716730 -0.961958 -0.890166
"""
LAST = "-0.519329 -0.698723 -1.281038 -2.161015 -2.389421 -0.242339 -0.145678 -0.041040 -0.139493 0.061646"
FIRST_LABELS = [2, 6, 4, 5, 6, 6, 6, 0, 3, 1, 6, 9, 4, 3, 4, 5, 1, 9, 0, 3]
LAST_LABELS = [0, 6, 6, 9, 6, 7, 8, 3, 3, 9, 8, 3, 3, 6, 1, 2, 5, 9, 6, 4]
MEANS = "0.473088 -0.099507 0.030528 0.326608 -0.119243 0.002943 -0.391750 0.170805 -0.251332 -0.141931"
TEST_DEVIATIONS = "1.203841 0.890304 0.805881 1.003494 0.884625 0.843129 1.238000 0.883819 1.018980 0.890246"


def numbers(text: str) -> np.ndarray:
    return np.array(text.split(), np.float64)


@pytest.fixture(scope="module")
def data():
    return make_mnist1d()


def test_it_is_the_published_data_set(data):
    assert (data.train_x.shape, data.test_x.shape) == ((4000, 40, 1), (1000, 40, 1))
    assert data.train_x[0, :, 0] == pytest.approx(numbers(FIRST), abs=1e-6)
    assert data.test_x[-1, :10, 0] == pytest.approx(numbers(LAST), abs=1e-6)
    assert data.train_y[:20].tolist() == FIRST_LABELS
    assert data.test_y[-20:].tolist() == LAST_LABELS


def test_every_class_and_every_value_is_as_published(data):
    means = [data.train_x[data.train_y == digit].mean(dtype=np.float64) for digit in range(10)]
    spreads = [data.test_x[data.test_y == digit].std(dtype=np.float64) for digit in range(10)]
    assert means == pytest.approx(numbers(MEANS), abs=1e-6)
    assert spreads == pytest.approx(numbers(TEST_DEVIATIONS), abs=1e-6)
    assert np.bincount(data.train_y).tolist() == [398, 396, 411, 394, 394, 402, 401, 404, 402, 398]
    values = np.concatenate([data.train_x, data.test_x])[..., 0].astype(np.float64)
    weights = np.cos(np.arange(values.size)).reshape(values.shape)
    assert (values * weights).sum() == pytest.approx(445.718452, abs=1e-3)
    assert (values.min(), values.max()) == pytest.approx((-5.479419, 4.533516), abs=1e-6)


def test_it_takes_less_than_two_seconds():
    begun = time.thread_time()
    make_mnist1d(7)
    assert time.thread_time() - begun < 2


def test_other_seeds_and_sizes_give_other_sequences():
    one, same, other = (make_mnist1d(seed, 60, 40) for seed in (1, 1, 2))
    assert np.array_equal(one.train_x, same.train_x)
    assert not np.array_equal(one.train_x, other.train_x)
    assert np.bincount(np.concatenate([one.train_y, one.test_y])).tolist() == [10] * 10
    assert "40 of 100" in one.about
    with pytest.raises(ValueError, match="cannot be parted"):
        make_mnist1d(train=8, test=1)
