"""Sequences moved, stretched and cut short, against np.interp and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.series.transforms import Transform, places, transformed

SILENCE = np.array([7.0, -7.0])


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((5, 40, 2)).astype(np.float32)


def test_nothing_done_is_nothing_changed(x: np.ndarray) -> None:
    assert np.array_equal(transformed(x, Transform(), SILENCE), x)


@pytest.mark.parametrize("shift", [-12, -3.25, 0.5, 7])
@pytest.mark.parametrize("stretch", [0.6, 1.0, 1.45])
def test_every_value_is_interpolated_as_numpy_does(x: np.ndarray, shift: float, stretch: float) -> None:
    found = transformed(x, Transform(shift, stretch), SILENCE)
    at = (np.arange(40) - shift - 19.5) / stretch + 19.5
    for sequence, expected in zip(found, x, strict=True):
        for channel in range(2):
            told = np.interp(at, np.arange(40), expected[:, channel])
            np.testing.assert_allclose(sequence[:, channel], told, rtol=0, atol=2e-6)


def test_a_whole_shift_moves_values_as_they_are(x: np.ndarray) -> None:
    found = transformed(x, Transform(shift=4), SILENCE)
    assert np.array_equal(found[:, 4:], x[:, :-4])
    assert np.array_equal(found[:, :4], np.repeat(x[:, :1], 4, axis=1))


def test_a_straight_line_stretched_is_as_much_less_steep() -> None:
    line = np.linspace(-1, 1, 41, dtype=np.float32)[:, None]
    np.testing.assert_allclose(transformed(line, Transform(stretch=2), np.zeros(1)), line / 2, atol=1e-6)


def test_what_is_cut_off_is_silent(x: np.ndarray) -> None:
    found = transformed(x, Transform(cut=0.3), SILENCE)
    assert np.array_equal(found[:, :12], x[:, :12])
    assert (found[:, 12:] == SILENCE).all()
    assert (transformed(x, Transform(cut=0), SILENCE) == SILENCE).all()


def test_a_single_position_stays_where_it_is() -> None:
    one = np.ones((3, 1, 1), np.float32)
    assert np.array_equal(transformed(one, Transform(2, 1.5), np.zeros(1)), one)
    assert places(1, Transform(-2)).tolist() == [0.0]


WRONG = [(np.nan, 1, 1), (np.inf, 1, 1), (0, 0, 1), (0, -1, 1), (0, np.inf, 1), (0, 1, 1.1), (0, 1, -0.1)]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_transform_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="cannot be moved"):
        Transform(*wrong)
