"""Experiment "hybrid": a convolution into a recurrent network against each alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.data.series.noisy_series import make_noisy_series
from engine.labs.grid_versus_loop import hybrid as module
from engine.labs.grid_versus_loop.finding_hybrid import finding_of_parts
from engine.labs.grid_versus_loop.hybrid import Hybrid
from engine.labs.grid_versus_loop.snapshot import Contestant
from tests.contests import begun, finished, played, right, run, written

LENGTH = 160


@pytest.fixture(scope="module", autouse=True)
def small_data() -> Iterator[None]:
    series = make_noisy_series(train=100, test=60, length=LENGTH)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "make_noisy_series", lambda: series)
        yield


@pytest.fixture(scope="module")
def ended() -> Hybrid:
    return run(Hybrid, updates=3)


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not(ended: Hybrid):
    assert written(finished(played(begun(Hybrid, updates=3), watched=True))) == written(ended)


def test_the_three_are_tested_as_a_plain_loop_would(ended: Hybrid):
    models = ended.result()["models"]
    assert list(models) == ["cnn", "gru", "cnn+gru"]
    for name, model in models.items():
        assert model["accuracy"] == right(ended, name, ended.data.arrays[2]) / 60


def test_in_the_middle_maps_flow_into_states_on_one_axis(ended: Hybrid):
    readings = ended.opened().readings["cnn+gru"]
    *maps, states = readings
    assert [reading.kind for reading in readings] == ["maps"] * len(maps) + ["states"]
    assert states.values.shape[1] == maps[-1].values.shape[1]
    assert states.stride == maps[-1].stride
    for reading in readings:
        last = reading.offset + reading.stride * (reading.values.shape[1] - 1)
        assert -reading.stride < reading.offset <= last < LENGTH + 2 * reading.stride
    strides = [reading.stride for reading in readings]
    assert strides == sorted(strides)


# What is said ----------------------------------------------------------------------------------------


@pytest.fixture
def contestants(ended: Hybrid) -> dict[str, Contestant]:
    return {name: ended.of(name) for name in ended.networks}


def scored(one: Contestant, accuracy: float, updates: int = 1000) -> Contestant:
    return replace(one, test_steps=np.array([updates]), test_accuracy=np.array([accuracy]))


def told(found: dict[str, Contestant], cnn: float, gru: float, both: float, updates: int = 1000) -> str:
    parts = [scored(found["cnn"], cnn), scored(found["gru"], gru)]
    return finding_of_parts(scored(found["cnn+gru"], both, updates), parts, 1000, 0.25)


def test_by_how_many_points_the_whole_is_ahead(contestants: dict[str, Contestant]):
    assert told(contestants, 0.60, 0.45, 0.90) == (
        "After 1,000 updates the CNN + GRU gets 90 % right, 30 points ahead of the CNN (60 %) and 45 points "
        "ahead of the GRU (45 %). With 1,000 test examples, up to 4 points may be chance."
    )


def test_other_numbers_say_something_else(contestants: dict[str, Contestant]):
    assert "20 points behind the CNN (90 %)" in told(contestants, 0.90, 0.45, 0.70)
    assert "no more than chance apart from the GRU (69 %)" in told(contestants, 0.90, 0.69, 0.70)
    assert "none beats guessing yet (25 %)" in told(contestants, 0.26, 0.24, 0.25)
    assert told(contestants, 0.60, 0.45, 0.90, updates=0) == ""


def test_without_the_whole_or_its_parts_the_others_are_compared():
    found = run(Hybrid, updates=1, networks="mlp,cnn")
    assert found.finding().startswith("After 1 update")
    assert "ahead of" not in found.finding()
