"""Experiment "shift": patterns moved, stretched and cut short, and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.ask import Cell
from engine.data.series.mnist1d import make_mnist1d
from engine.errors import UserError
from engine.labs.grid_versus_loop import shift as module
from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_shift import Moves, Sliders, finding_of_moves, reach
from engine.labs.grid_versus_loop.shift import CUTS, STRETCHES, Shift, shifts_of
from tests.contests import begun, finished, played, right, run, written

DATA = Data.of_series(make_mnist1d(train=400, test=300))


@pytest.fixture(scope="module", autouse=True)
def small_data() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "load_series", lambda path: DATA)
        yield


@pytest.fixture(scope="module")
def ended() -> Shift:
    return run(Shift, networks="cnn,gru")


def changed(shift: float = 0.0, stretch: float = 1.0, cut: float = 1.0) -> np.ndarray:
    """All test examples so changed, by NumPy alone."""
    at = (np.arange(40) - shift - 19.5) / stretch + 19.5
    rows = [np.interp(at, np.arange(40), row[:, 0]) for row in DATA.arrays[2]]
    found = np.stack(rows).astype(np.float32)
    found[:, round(40 * cut) :] = DATA.arrays[0].mean()
    return found[..., None]


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not(ended: Shift):
    watched = finished(played(begun(Shift, networks="cnn,gru"), watched=True))
    assert written(watched) == written(ended)
    assert watched.sweep.scores == ended.sweep.scores


def test_every_accuracy_is_that_of_a_plain_loop(ended: Shift):
    moved, found = ended.seen_moved(), ended.result()
    for name in ("cnn", "gru"):
        model = found["models"][name]
        for place in (0, 5, 12, 24):
            x = changed(shift=float(moved.shifts[place]))
            assert abs(moved.shift_accuracy[name][place] * 300 - right(ended, name, x)) <= 1  # float32 ties
        for place in (0, 10):
            x = changed(stretch=float(STRETCHES[place]))
            assert abs(moved.stretch_accuracy[name][place] * 300 - right(ended, name, x)) <= 1
        for place in (0, 4):
            x = changed(cut=float(CUTS[place]))
            assert abs(moved.cut_accuracy[name][place] * 300 - right(ended, name, x)) <= 1
        untouched = (
            moved.shift_accuracy[name][12],
            moved.stretch_accuracy[name][4],
            moved.cut_accuracy[name][7],
        )
        assert set(untouched) == {model["accuracy"]} == {ended.of(name).accuracy}
        assert model["accuracy_by_shift"] == moved.shift_accuracy[name].tolist()
        assert not moved.shift_accuracy[name].flags.writeable
    assert found["shifts"] == list(range(-12, 13))


def test_nothing_is_known_before_it_is_measured():
    moved = begun(Shift, networks="mlp").seen_moved()
    assert np.isnan(moved.shift_accuracy["mlp"]).all()
    assert begun(Shift, networks="mlp").finding() == ""


def test_the_example_is_opened_as_it_is_moved(ended: Shift):
    ended.move(3, 1.2, 0.5)
    opened, moved = ended.opened(), ended.seen_moved()
    assert moved.shown == (3, 1.2, 0.5)
    x = changed(3, 1.2, 0.5)[:1]
    np.testing.assert_allclose(opened.values, x[0], atol=2e-6)
    with torch.no_grad():
        told = ended.contest.entrants["cnn"].network(torch.from_numpy(x)).softmax(1)[0]
    np.testing.assert_allclose(opened.probabilities["cnn"], told, atol=1e-5)
    answer = ended.ask(Cell("example", (4, 0)))
    assert answer is not None
    assert answer.value == opened.values[4, 0]
    with pytest.raises(UserError):
        ended.move(0, -1, 1)
    assert ended.seen_moved().shown == (3, 1.2, 0.5)
    ended.move(0, 1, 1)
    assert np.array_equal(ended.opened().values, DATA.arrays[2][0])


def test_a_point_of_each_slider_tells_its_counts(ended: Shift):
    titles = (
        ("shift", 0, "12 time steps to the left"),
        ("stretch", 10, "1.6 times"),
        ("cut", 2, "first 50 %"),
    )
    for kind, place, title in titles:
        answer = ended.ask(Cell(f"{kind}-gru", (place,)))
        assert answer is not None
        assert answer.value == answer.steps[-1].lines[-1].value
        assert title in answer.title
        assert f"{round(300 * answer.value)} right / 300" in answer.steps[-1].lines[-1].formula
        assert ended.ask(Cell(f"{kind}-gru", (99,))) is None
    assert ended.ask(Cell("shift-lstm", (0,))) is None


def test_what_was_measured_in_order_does_not_hold_for_exchanged_positions():
    found = run(Shift, networks="mlp", updates=2)
    found.change(replace(found.config, shuffled=True))
    assert not found.sweep.scores
    finished(found)
    assert found.sweep.accuracy("mlp", found.lines["shift"][12]) == found.of("mlp").accuracy


def test_the_finding_is_dated_by_what_was_measured_last():
    found = played(finished(played(begun(Shift, networks="mlp", width=32, learning_rate=0.01), 12)), 15)
    assert found.finding().startswith("After 12 updates")
    assert finished(found).finding().startswith("After 15 updates")


def test_sliders_fit_the_length():
    assert shifts_of(40).tolist() == list(range(-12, 13))
    assert shifts_of(2).tolist() == [-1, 0, 1]
    assert len(shifts_of(1000)) == 25
    assert shifts_of(1000)[[0, 12, 24]].tolist() == [-300, 0, 300]


# What is said ----------------------------------------------------------------------------------------

SLIDERS = Sliders(np.arange(-2.0, 3.0), np.array([1.0, 1.6]), np.array([0.5, 1.0]))


def moves(title: str, untouched: float, *by_shift: float, stretched: float = 0.5, cut: float = 0.4) -> Moves:
    return Moves(
        title, untouched, np.array(by_shift), np.array([untouched, stretched]), np.array([cut, untouched])
    )


CNN = moves("CNN", 0.94, 0.5, 0.93, 0.94, 0.94, 0.6)
MLP = moves("MLP", 0.68, 0.2, 0.3, 0.68, 0.3, 0.2)


def told(*found: Moves, examples: int = 1000, updates: int = 2000) -> str:
    return finding_of_moves(found, SLIDERS, examples, updates, 0.1, "time step")


def test_whose_accuracy_falls_how_far():
    assert told(CNN, MLP) == (
        "After 2,000 updates, patterns moved by 2 time steps to either side bring the CNN from 94 to 55 % "
        "and the MLP from 68 to 20 %; so many time steps go unnoticed: 1 by the CNN and 0 by the MLP. 1.6 "
        "times as long, the CNN gets 50 % and the MLP 50 %; cut to the first 50 %, the CNN gets 40 % and the "
        "MLP 40 %."
    )
    assert "not one time step goes unnoticed" in told(MLP)
    assert "only" not in told(CNN)


def test_how_far_is_unnoticed_depends_on_the_margin_of_error():
    slightly = moves("CNN", 0.94, 0.9, 0.93, 0.94, 0.94, 0.9)
    assert reach(slightly, SLIDERS.shifts, 1000) == 1
    assert reach(slightly, SLIDERS.shifts, 100) == 2


def test_nothing_is_said_of_what_has_not_been_learned_or_measured():
    assert told(CNN, updates=0) == ""
    assert told(moves("RNN", 0.11, 0.1, 0.1, 0.11, 0.1, 0.1)) == ""
    assert told(moves("CNN", 0.94, *[math.nan] * 5)) == ""
    assert "as long" not in told(moves("CNN", 0.94, 0.5, 0.93, 0.94, 0.94, 0.6, stretched=math.nan))
