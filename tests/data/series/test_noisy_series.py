"""The noisy series says of itself what is true: no class shows in what may be counted or added up."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.series.noisy_series import CLASSES, PULSE, SHORTEST, STRENGTH, make_noisy_series, pulses


@pytest.fixture(scope="module")
def data():
    return make_noisy_series(seed=3, train=1200, test=400, length=256)


def found(values: np.ndarray) -> list[list[int]]:
    """For each sequence the kinds of its seven pulses in order, as the best filters find them."""
    shapes = pulses() / STRENGTH
    windows = np.lib.stride_tricks.sliding_window_view(values[..., 0], PULSE, axis=1)
    answers = np.einsum("ntk,ck->nct", windows, shapes)
    kinds = []
    for answer in answers:
        places = []
        left = answer.max(0)
        while len(places) < 7:
            place = int(left.argmax())
            places.append(place)
            left[max(0, place - PULSE) : place + PULSE] = -np.inf
        kinds.append([int(answer[:, place].argmax()) for place in sorted(places)])
    return kinds


def test_the_class_is_the_count_since_the_last_reset(data):
    """Two filters and a counter solve it, nearly: what is asked for is there to be found."""
    counts = []
    for kinds in found(data.test_x):
        last = max((place for place, kind in enumerate(kinds) if kind == 1), default=-1)
        counts.append(min(len(kinds) - 1 - last, CLASSES - 1))
    assert (np.array(counts) == data.test_y).mean() > 0.9


def test_how_many_pulses_there_are_says_nothing(data):
    right = [sum(kinds) == 3 for kinds in found(data.test_x)]
    assert np.mean(right) > 0.8
    energies = [(data.train_x[data.train_y == label] ** 2).mean() for label in range(CLASSES)]
    assert energies == pytest.approx([1.0] * CLASSES, abs=0.02)


def test_both_shapes_have_the_same_energy_and_spectrum():
    rising, falling = pulses().astype(np.float64)
    assert np.linalg.norm(rising) == pytest.approx(STRENGTH)
    assert np.abs(np.fft.rfft(rising)) == pytest.approx(np.abs(np.fft.rfft(falling)))
    assert abs(rising @ falling) < 0.2 * STRENGTH**2


def test_it_depends_on_its_seed_alone(data):
    same = make_noisy_series(seed=3, train=1200, test=400, length=256)
    assert np.array_equal(data.train_x, same.train_x)
    assert not np.array_equal(data.test_x, make_noisy_series(4, 1200, 400, 256).test_x)
    assert np.bincount(np.concatenate([data.train_y, data.test_y])).tolist() == [400] * CLASSES
    assert make_noisy_series(0, 4, 4, SHORTEST).length == SHORTEST
    with pytest.raises(ValueError, match="samples"):
        make_noisy_series(0, 4, 4, SHORTEST - 1)
