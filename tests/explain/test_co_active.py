from __future__ import annotations

import numpy as np
import pytest

from engine.explain.co_active import OnUnits, on_through, places


def states(length: int, units: int, *, seed: int = 0) -> np.ndarray:
    """Slow random states between -1 and 1, on for a few steps at a time."""
    steps = np.random.default_rng(seed).standard_normal((length, units))
    return np.tanh(np.stack([np.convolve(column, np.ones(4) / 2, "same") for column in steps.T], 1))


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (5, 6), (20, 26), (57, 60)])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_units_on_through_a_phrase_are_those_found_one_by_one(
    start: int, stop: int, before: bool, after: bool
):
    x, threshold = states(60, 40), 0.3
    on = on_through(x, start, stop, threshold, off_before=before, off_after=after)
    wanted = {}
    for unit in range(40):
        for sign in (1, -1):
            kept = all(sign * x[t, unit] > threshold for t in range(start, stop))
            if before and start and sign * x[start - 1, unit] > threshold:
                kept = False
            if after and stop < 60 and sign * x[stop, unit] > threshold:
                kept = False
            if kept:
                wanted[unit] = sign
    assert dict(zip(on.units.tolist(), on.signs.tolist(), strict=True)) == wanted


def test_a_unit_that_changes_sign_does_not_stay_on():
    x = np.array([[0.9, 0.9, 0.0], [-0.9, 0.8, 0.0]])
    assert on_through(x, 0, 2, 0.5).units.tolist() == [1]
    assert on_through(x, 1, 2, 0.5).signs.tolist() == [-1, 1]
    assert on_through(np.zeros((3, 2)), 0, 3, 0.0).units.tolist() == []


@pytest.mark.parametrize("phrase", [(3, 3), (-1, 2), (2, 11), (5, 4)])
def test_a_phrase_that_is_not_in_the_text_is_refused(phrase: tuple[int, int]):
    with pytest.raises(IndexError):
        on_through(np.zeros((10, 2)), *phrase, 0.1)


def naive(x: np.ndarray, on: OnUnits, length: int, count: int) -> list[tuple[int, list[int], float]]:
    ranked = []
    for start in range(len(x) - length + 1):
        flags = [
            [sign * x[t, unit] > on.threshold for t in range(start, start + length)]
            for unit, sign in zip(on.units, on.signs, strict=True)
        ]
        units = [int(unit) for unit, row in zip(on.units, flags, strict=True) if all(row)]
        ranked.append((-len(units), -sum(map(sum, flags)), start, units))
    found: list[tuple[int, list[int], float]] = []
    for _, negative, start, units in sorted(ranked):
        if units and len(found) < count and all(abs(start - other) >= length for other, *_ in found):
            found.append((start, units, -negative / (length * len(on.units))))
    return found


@pytest.mark.parametrize("length", [1, 4, 9])
@pytest.mark.parametrize("count", [3, 100])
def test_places_are_those_of_a_search_one_by_one(length: int, count: int):
    x = states(120, 30, seed=3)
    on = on_through(x, 40, 44, 0.2)
    assert len(on.units) > 2
    found = places(x, on, length, count)
    assert [(p.start, p.units.tolist(), p.share) for p in found] == naive(x, on, length, count)
    assert all(p.stop - p.start == length for p in found)


def test_the_phrase_itself_is_the_best_place_of_its_own_text():
    x = states(200, 50, seed=5)
    best = places(x, on_through(x, 90, 98, 0.3), 8)[0]
    assert (best.start, best.share) == (90, 1.0)


def test_no_unit_and_a_short_text_have_no_places():
    x = states(20, 5)
    nothing = OnUnits(np.zeros(0, int), np.zeros(0, int), 0.3)
    assert places(x, nothing, 4) == []
    assert places(x, on_through(x, 0, 1, 0.0), 21) == []
    with pytest.raises(ValueError, match="at least one"):
        places(x, nothing, 0)
