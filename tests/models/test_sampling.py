"""Temperature, top-k and top-p against their definitions, worked out one token at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.sampling import draw, truncated

LOGS = np.log([0.4, 0.05, 0.25, 0.1, 0.2])
CRITICAL = 13.277
"""The chi-square statistic with four degrees of freedom that one sample in a hundred exceeds."""


def chi_square(counts: np.ndarray, chances: np.ndarray) -> float:
    wanted = chances * counts.sum()
    return float(((counts - wanted) ** 2 / wanted).sum())


def slow(logs: list[float], temperature: float, top_k: int, top_p: float) -> list[float]:
    """The definitions, token by token: of equals the first is the more probable."""
    weights = [math.exp(value / temperature) for value in logs]
    ranked = sorted(range(len(logs)), key=lambda token: (-weights[token], token))
    kept = ranked[: top_k or len(ranked)]
    total, nucleus = math.fsum(weights[token] for token in kept), []
    for token in kept:
        nucleus.append(token)
        if math.fsum(weights[each] for each in nucleus) / total >= top_p:
            break
    total = math.fsum(weights[token] for token in nucleus)
    return [weights[token] / total if token in nucleus else 0.0 for token in range(len(logs))]


@settings(deadline=None, max_examples=200)
@given(
    logs=st.lists(st.floats(-8, 0, allow_subnormal=False), min_size=1, max_size=12, unique=True),
    temperature=st.floats(0.3, 2),
    top_k=st.integers(0, 14),
    # Not where a share may fall on the limit itself, and rounding alone decides.
    top_p=st.sampled_from([0.0512345, 0.3141592, 0.5772156, 0.8765432, 1.0]),
)
def test_it_is_as_defined(logs: list[float], temperature: float, top_k: int, top_p: float):
    found = truncated(np.array(logs), temperature, top_k, top_p)
    np.testing.assert_allclose(found, slow(logs, temperature, top_k, top_p), rtol=1e-12, atol=1e-15)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert found.dtype == np.float64


def test_without_any_limit_it_is_the_distribution_itself():
    np.testing.assert_allclose(truncated(LOGS), np.exp(LOGS), rtol=1e-14)
    np.testing.assert_allclose(truncated(LOGS.astype(np.float32)), np.exp(LOGS), rtol=1e-6)


def test_a_low_temperature_sharpens_and_a_high_one_levels():
    cold, warm, hot = (truncated(LOGS, temperature) for temperature in (0.5, 1.0, 2.0))
    np.testing.assert_allclose(cold, np.exp(LOGS) ** 2 / (np.exp(LOGS) ** 2).sum(), rtol=1e-12)
    np.testing.assert_allclose(hot, np.exp(LOGS) ** 0.5 / (np.exp(LOGS) ** 0.5).sum(), rtol=1e-12)
    assert cold.max() > warm.max() > hot.max()


@pytest.mark.parametrize("temperature", [0.0, 5e-324, 1e-300, 1e-9])
def test_at_no_temperature_the_most_probable_is_certain(temperature: float):
    assert truncated(LOGS, temperature).tolist() == [1, 0, 0, 0, 0]


def test_of_equals_the_first_is_taken():
    equal = np.log(np.full(4, 0.25))
    assert truncated(equal, 0.0).tolist() == [1, 0, 0, 0]
    assert truncated(equal, top_k=2).tolist() == [0.5, 0.5, 0, 0]
    assert truncated(equal, top_p=0.5).tolist() == [0.5, 0.5, 0, 0]


def test_top_k_keeps_so_many_and_one_is_the_most_probable():
    for count in range(1, 6):
        assert np.count_nonzero(truncated(LOGS, top_k=count)) == count
    assert truncated(LOGS, top_k=1).tolist() == [1, 0, 0, 0, 0]
    np.testing.assert_array_equal(truncated(LOGS, top_k=900), truncated(LOGS))


def test_top_p_keeps_the_smallest_set_that_reaches_it():
    kept = [np.flatnonzero(truncated(LOGS, top_p=p)).tolist() for p in (1e-9, 0.39, 0.41, 0.66, 0.96, 1.0)]
    assert kept == [[0], [0], [0, 2], [0, 2, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


def test_top_p_is_a_share_of_what_top_k_left():
    # 0.4 of 0.65 is more than six tenths of what is left, though less than six tenths of all.
    assert truncated(LOGS, top_k=2, top_p=0.6).tolist() == [1, 0, 0, 0, 0]


def test_what_has_no_probability_is_never_drawn():
    impossible = np.array([-np.inf, 0.0, -np.inf])
    for temperature, top_k in itertools.product((0.0, 0.1, 2.0), (0, 1, 3)):
        assert truncated(impossible, temperature, top_k).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -0.1}, {"temperature": math.nan}, {"top_k": -1}]
    + [{"top_p": p} for p in (0.0, -1.0, 1.1, math.nan)],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="temperature"):
        truncated(LOGS, **wrong)


def test_its_argument_is_left_alone():
    given_logs = LOGS.copy()
    truncated(given_logs, 0.5, 2, 0.5)
    np.testing.assert_array_equal(given_logs, LOGS)


def test_draws_follow_the_probabilities():
    chances, random = truncated(LOGS, 1.3), np.random.default_rng(7)
    drawn = np.bincount([draw(chances, random) for _ in range(20_000)], minlength=5)
    assert chi_square(drawn, chances) < CRITICAL
    assert chi_square(drawn, truncated(LOGS, 1.2)) > CRITICAL


def test_a_seed_repeats_its_draws():
    chances, seeded = truncated(LOGS), [np.random.default_rng(5) for _ in range(2)]
    first, second = ([draw(chances, random) for _ in range(50)] for random in seeded)
    assert first == second
