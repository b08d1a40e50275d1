"""RowHistory: bounded, in order, and every bucket the mean of what it covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.row_history import RowHistory

numbers = st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(-math.inf)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=300), st.sampled_from([2, 4, 16]))
def test_bounded_and_the_mean_of_what_was_recorded(rows: list[tuple[float, float]], capacity: int):
    history = RowHistory(capacity, 2)
    for step, row in enumerate(rows, start=5):
        history.append(step, row)
    first, means = history.arrays()
    assert len(history) == len(first) <= capacity
    assert len(history) > capacity // 2 or len(history) == len(rows)
    ends = [*(first[1:] - 5), len(rows)]
    for start, end, bucket in zip(first - 5, ends, means, strict=True):
        for column in range(2):
            part = [row[column] for row in rows[start:end] if math.isfinite(row[column])]
            wanted = np.mean(part) if part else -math.inf
            assert bucket[column] == pytest.approx(wanted, rel=1e-5, abs=1e-2)


def test_what_was_handed_out_stays_as_it_was():
    history = RowHistory(2, 3)
    history.append(1, [1.0, 2.0, 3.0])
    steps, means = history.arrays()
    assert history.arrays()[1] is means
    for step in range(2, 9):
        history.append(step, np.full(3, 9.0))
    assert (steps.tolist(), means.tolist()) == ([1], [[1.0, 2.0, 3.0]])
    assert not any(array.flags.writeable for array in (*history.arrays(), steps, means))


def test_nothing_was_recorded_yet():
    steps, means = RowHistory(4, 7).arrays()
    assert (steps.shape, means.shape) == ((0,), (0, 7))


@pytest.mark.parametrize("capacity", [0, 3, -2])
def test_a_capacity_that_cannot_be_halved_is_refused(capacity: int):
    with pytest.raises(ValueError, match="even"):
        RowHistory(capacity, 1)
