"""The cost experiment: medians of what was measured, growth that is fitted, and a finding that follows."""

from __future__ import annotations

import itertools
import math
from statistics import median

import numpy as np
import pytest
import torch
from torch import nn

from engine.ask import Cell
from engine.lab import silent
from engine.labs.grid_versus_loop import cost as cost_module
from engine.labs.grid_versus_loop import stopwatch
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.cost import Cost
from engine.labs.grid_versus_loop.finding_cost import finding_of_cost
from engine.labs.grid_versus_loop.growth import exponent, is_linear, microseconds, per_unit
from engine.labs.grid_versus_loop.snapshot import Costs, Counted
from engine.labs.grid_versus_loop.stopwatch import Stopwatch


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Cost:
    """Two networks, three lengths and two widths, twice each."""
    monkeypatch.setattr(cost_module, "LENGTHS", (8, 16, 32))
    monkeypatch.setattr(cost_module, "WIDTHS", (2, 4))
    monkeypatch.setattr(cost_module, "LENGTH", 16)
    monkeypatch.setattr(cost_module, "REPEATS", 2)
    monkeypatch.setattr(stopwatch, "LONG_ENOUGH", 0.0)
    config = GridVersusLoopConfig(experiment="cost", networks="cnn,gru", width=4, batch=2)
    return Cost(config, torch.device("cpu"), silent)


def played(cost: Cost) -> Cost:
    while cost.can_step:
        cost.step()
    return cost


# Measuring ---------------------------------------------------------------------------------------


def test_a_stopwatch_counts_passes_and_not_what_came_before(monkeypatch: pytest.MonkeyPatch):
    class Slow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 2))
            self.passes = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.passes += 1
            return x @ self.weight

    ticks = itertools.count()  # a clock that is a millisecond later whenever it is asked
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: next(ticks) / 1000)
    network = Slow()
    watch = Stopwatch(network, torch.ones(4, 3), torch.zeros(4, dtype=torch.int64))
    assert not watch.is_warm
    watch.warm_up()
    assert watch.is_warm
    assert network.passes == 1
    timing = watch.measure()
    assert network.passes == 3, "two passes of 2 ms are long enough"
    assert (timing.forward, timing.backward) == pytest.approx((1.0, 1.0))


def test_every_point_is_measured_as_often_as_the_others_in_turn(small: Cost):
    assert small.points == ((8, 4), (16, 4), (32, 4), (16, 2))
    assert small.total == 2 * 4 * 2
    slices = 0
    while small.can_step:
        before = small.step_count
        small.step()
        slices += 1
        assert small.is_unfinished is (small.step_count == before)
    assert small.step_count == small.total
    assert slices == small.total + 8 + 6, "each is warmed up once, and counted unless it was to begin with"
    assert {len(found) for found in small.timings.values()} == {2}
    assert len(small.timings) == 8


def test_curves_are_medians_and_nan_before(small: Cost):
    assert np.isnan(small.curve("gru", "length", "forward")).all()
    assert small.finding() == ""
    played(small)
    for axis, points in (("length", [(8, 4), (16, 4), (32, 4)]), ("width", [(16, 2), (16, 4)])):
        for direction in ("forward", "backward"):
            curve = small.curve("gru", axis, direction)
            assert curve.tolist() == [median(small.times("gru", point, direction)) for point in points]
            assert (curve > 0).all()
            assert not curve.flags.writeable


def test_what_is_counted_repeats_and_what_is_measured_is_in_the_result(small: Cost):
    models = played(small).result()["models"]
    assert models["gru"]["sequential_steps_by_length"] == [9, 17, 33]
    assert models["gru"]["parameters_by_length"] == [3 * (4 + 16 + 8) + 50] * 3
    forward, backward = (models["gru"][f"{way}_milliseconds_by_length"][1] for way in ("forward", "backward"))
    assert models["gru"]["milliseconds_per_step"] == forward + backward
    assert models["gru"]["exponent_of_length"] is None, "no length from 128 on was measured"
    assert [one.name for one in small.see()["counted"]] == ["cnn", "gru"]
    assert set(small.arrays()) == {
        f"{name}-milliseconds-by-{axis}" for name in ("cnn", "gru") for axis in ("length", "width")
    }
    again = Cost(small.config, torch.device("cpu"), silent)
    assert again.counted == small.counted
    x, y = (small._watches["gru", (8, 4)], again._watch(("gru", (8, 4))))
    assert all(torch.equal(a, b) for a, b in zip(x.network.parameters(), y.network.parameters(), strict=True))


# Growth ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(power: float):
    x = np.array([128, 256, 512, 1024])
    assert exponent(x, 0.3 * x**power) == pytest.approx(power, abs=1e-12)


def test_a_straight_line_is_found_and_too_few_points_are_none():
    x = [128, 256, 512, 1024]
    assert per_unit(x, [5 + 0.25 * value for value in x]) == pytest.approx(0.25, abs=1e-12)
    noisy = np.array([1.0, 2.3, 3.1, 8.2])
    assert per_unit(x, noisy) == pytest.approx(np.polyfit(x, noisy, 1)[0], rel=1e-10)
    assert exponent(x, noisy) == pytest.approx(np.polyfit(np.log(x), np.log(noisy), 1)[0], rel=1e-10)
    assert math.isnan(exponent(x, [1.0, np.nan, np.nan, 2.0]))
    assert is_linear(1.1)
    assert not is_linear(1.2)
    assert not is_linear(math.nan)
    told = [microseconds(value) for value in (math.nan, 4.312, 1919.7)]
    assert told == ["an unknown time", "4.31 µs", "1,920 µs"]


# The finding -------------------------------------------------------------------------------------


def counted(name: str, title: str, family: str, parameters: int, steps: int) -> Counted:
    return Counted(name, title, family, parameters, 1, 1, steps, None)


def made_up(loop_power: float, loop_parameters: int) -> Costs:
    lengths = np.array([64, 128, 256, 512, 1024])
    half = {"cnn": 0.5 + 0.0005 * lengths, "gru": 0.05 * (lengths / 128.0) ** loop_power}
    by_length = {
        "cnn": (counted("cnn", "CNN", "grid", 10, 4), counted("cnn", "CNN", "grid", 70, 4)),
        "gru": (counted("gru", "GRU", "loop", 9, 65), counted("gru", "GRU", "loop", loop_parameters, 1025)),
    }
    none = {"cnn": np.empty(0), "gru": np.empty(0)}
    return Costs(lengths, half, half, np.empty(0), none, none, by_length, 8, 32, 128, 1)


def test_the_finding_follows_the_numbers():
    told = finding_of_cost(made_up(1.0, 9))
    assert "in proportion to the length for the GRU (length^1.00); less for the CNN" in told
    assert "the GRU 0.781 µs and the CNN 1 µs" in told
    assert "1,025 by the GRU and 4 by the CNN" in told
    assert (
        "The parameters of GRU are the same at every length; at 1,024 positions the CNN has 7 times" in told
    )
    told = finding_of_cost(made_up(2.0, 18))
    assert "more for the GRU (length^2.00)" in told
    assert "the GRU has 2 times as many" in told


# Ask ---------------------------------------------------------------------------------------------


def test_a_time_is_the_median_of_its_measurements(small: Cost):
    assert small.ask(Cell("forward-length-gru", (0,))) is None
    played(small)
    for array, axis, place in (("forward-length-gru", "length", 2), ("backward-width-cnn", "width", 0)):
        answer = small.ask(Cell(array, (place,)))
        curve = small.curve(array.rpartition("-")[2], axis, array.partition("-")[0])
        assert answer.value == answer.steps[-1].lines[-1].value == curve[place]
        assert len(answer.steps[-1].lines) == 3
    assert small.ask(Cell("counted-gru", (3,))).value == 17


@pytest.mark.parametrize(
    ("array", "index"),
    [("forward-length-gru", (3,)), ("forward-length-lstm", (0,)), ("sideways-length-gru", (0,)),
     ("forward-height-gru", (0,)), ("counted-lstm", (0,)), ("forward-length-gru", (0, 0))],
)  # fmt: skip
def test_nothing_is_said_of_what_is_not_there(small: Cost, array: str, index: tuple[int, ...]):
    assert small.ask(Cell(array, index)) is None


def test_the_default_is_every_network_at_every_length_and_width():
    cost = Cost(GridVersusLoopConfig(experiment="cost", networks="gru"), torch.device("cpu"), silent)
    assert len(cost.points) == 7 + 6 - 1
    assert Cost.suits == ("logistic", "mlp", "cnn", "dilated-cnn", "rnn", "gru", "lstm", "cnn+gru")
    assert cost.total == 12 * cost_module.REPEATS
