"""History: bounded, in order, and no extreme is ever lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.history import History


@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=400),
    st.sampled_from([2, 4, 16]),
)
def test_bounded_and_true_to_what_was_recorded(values: list[float], capacity: int):
    history = History(capacity)
    for step, value in enumerate(values):
        history.append(step, value)
    first, low, high, mean = history.arrays()
    assert len(history) <= capacity
    assert low.min() == min(values)
    assert high.max() == max(values)
    ends = [*first[1:].astype(int), len(values)]
    for start, end, bucket_low, bucket_high, bucket_mean in zip(
        first.astype(int), ends, low, high, mean, strict=True
    ):
        part = values[start:end]
        assert (bucket_low, bucket_high) == (min(part), max(part))
        np.testing.assert_allclose(bucket_mean, np.mean(part), atol=1e-6)


def test_arrays_cannot_be_written_to():
    history = History(2)
    history.append(0, 1.0)
    assert not any(array.flags.writeable for array in history.arrays())
