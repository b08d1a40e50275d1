"""Histograms of values, and what is kept of many."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.explain.spread import BINS, SpreadHistory, spread


def test_a_histogram_is_numpys():
    values = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    found = spread(values)
    counts, edges = np.histogram(values.numpy(), BINS)
    assert (found.low, found.high) == pytest.approx((edges[0], edges[-1]))
    assert np.abs(found.shares * len(values) - counts).sum() <= 4  # values that lie on an edge
    assert found.shares.sum() == pytest.approx(1, abs=1e-6)


def test_values_that_are_alike_or_no_numbers():
    alike = spread(torch.full((7,), 3.0))
    assert alike.low < 3 < alike.high
    assert alike.shares.sum() == pytest.approx(1)
    some = spread(torch.tensor([0.0, 1.0, torch.nan, torch.inf]))
    assert (some.low, some.high) == (0, 1)
    assert some.shares.sum() == pytest.approx(0.5)
    assert not spread(torch.tensor([torch.nan])).shares.any()


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 1000])
def test_of_many_some_are_kept_evenly_and_the_newest_always(count: int):
    history = SpreadHistory(most=8)
    for step in range(count):
        history.append(step, spread(torch.tensor([float(step), step + 1.0])))
    assert len(history.steps) == len(history.spreads) <= 9
    assert history.steps[-1] == count - 1
    assert history.steps[0] == 0
    gaps = np.diff(history.steps[:-1])
    assert len(set(gaps.tolist())) <= 1
    assert [each.low for each in history.spreads] == history.steps
