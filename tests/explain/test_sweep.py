"""What if a slider moved over its range: the chart against a plain loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_classifier import PREPROCESSING, hook_count, small_classifier

from engine.data.prepare import Prepared, normalise, prepare
from engine.data.what_if import SWEEPS, WhatIf, apply
from engine.explain.inspection import Inspection
from engine.explain.sweep import CURVES, Sweep, sweep

SLIDERS = [name for name in SWEEPS if name != "mirror"]


@pytest.fixture
def inspection() -> Iterator[Inspection]:
    inspection = Inspection(small_classifier(classes=9), torch.device("cpu"))
    yield inspection
    inspection.close()
    assert hook_count(inspection.model) == 0


@pytest.fixture
def prepared() -> Prepared:
    rgb = np.random.default_rng(3).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    return prepare(rgb, PREPROCESSING)


def plain_loop(inspection: Inspection, prepared: Prepared, what_if: WhatIf, slider: str) -> np.ndarray:
    """(points, classes) float64: the same, one value after the other."""
    rows = []
    for value in SWEEPS[slider].values:
        kind = type(getattr(what_if, slider))
        rgb = apply(prepared, replace(what_if, **{slider: kind(value)}))
        with torch.no_grad():
            logits = inspection.model(normalise(rgb, prepared.preprocessing))[0].double()
        rows.append(torch.softmax(logits, 0).numpy())
    return np.array(rows)


def last(partials: Iterator[Sweep]) -> Sweep:
    *_, result = partials
    return result


@pytest.mark.parametrize("slider", SLIDERS)
def test_it_is_a_plain_loop(inspection: Inspection, prepared: Prepared, slider: str):
    others = WhatIf(brightness=0.2, mirror=True, noise=0.1, seed=4)
    found = last(sweep(inspection, prepared, others, slider))
    table = plain_loop(inspection, prepared, others, slider)
    assert found.slider == slider
    assert found.done == len(found.values) == len(table)
    np.testing.assert_array_equal(found.values, SWEEPS[slider].values)
    np.testing.assert_allclose(found.probabilities, table[:, list(found.classes)], atol=1e-6)
    leading = sorted(range(9), key=lambda index: -table[:, index].max())[:CURVES]
    assert list(found.classes) == leading


def test_the_sliders_own_position_does_not_matter(inspection: Inspection, prepared: Prepared):
    one, other = (last(sweep(inspection, prepared, WhatIf(rotate=at), "rotate")) for at in (0.0, 77.0))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_it_has_its_shape_early_and_each_point_is_measured_once(inspection: Inspection, prepared: Prepared):
    before: Sweep | None = None
    for done, found in enumerate(sweep(inspection, prepared, WhatIf(), "rotate"), start=1):
        measured = ~np.isnan(found.probabilities).any(1)
        assert found.done == done == measured.sum()
        assert not found.values.flags.writeable
        assert not found.probabilities.flags.writeable
        if done == 2:
            assert measured[0]
            assert measured[-1]
        if done == 9:
            assert np.diff(np.flatnonzero(measured)).max() <= 10
        if before is not None and found.classes == before.classes:
            known = ~np.isnan(before.probabilities)
            np.testing.assert_array_equal(found.probabilities[known], before.probabilities[known])
        before = found
    assert measured.all()


def test_a_network_of_few_classes_has_fewer_curves(prepared: Prepared):
    inspection = Inspection(small_classifier(classes=2), torch.device("cpu"))
    found = last(sweep(inspection, prepared, WhatIf(), "blur"))
    np.testing.assert_allclose(found.probabilities.sum(1), 1, atol=1e-6)
    inspection.close()


def test_a_network_that_gives_no_numbers_gives_an_empty_chart(inspection: Inspection, prepared: Prepared):
    handle = inspection.model.register_forward_hook(lambda *_: torch.full((1, 9), torch.nan))
    found = last(sweep(inspection, prepared, WhatIf(), "blur"))
    handle.remove()
    assert np.isnan(found.probabilities).all()
    assert found.done == len(found.values)
