"""Experiment "shuffle": twins, the slider of windows, the live switch, and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.ask import Cell
from engine.data.series.mnist1d import make_mnist1d
from engine.data.series.shuffling import permutation
from engine.labs.grid_versus_loop import shuffle as module
from engine.labs.grid_versus_loop.data import Data
from engine.labs.grid_versus_loop.finding_shuffle import (
    Turned,
    Twins,
    finding_of_exchanged,
    finding_of_switch,
    finding_of_twins,
)
from engine.labs.grid_versus_loop.shuffle import Shuffle, windows_of
from engine.labs.grid_versus_loop.sweeping import SOME, is_swept
from tests.contests import begun, finished, played, right, run, written

WINDOWS = (1, 2, 4, 5, 8, 10, 20, 40)


@pytest.fixture(scope="module", autouse=True)
def small_data() -> Iterator[None]:
    data = Data.of_series(make_mnist1d(train=400, test=300))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "load_series", lambda path: data)
        yield


@pytest.fixture(scope="module")
def ended() -> Shuffle:
    return run(Shuffle, networks="mlp,cnn")


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not(ended: Shuffle):
    watched = finished(played(begun(Shuffle, networks="mlp,cnn"), watched=True))
    assert written(watched) == written(ended)
    assert watched.sweep.scores == ended.sweep.scores
    assert written(run(Shuffle, networks="mlp,cnn", seed=4, updates=2)) != written(ended)


def test_every_accuracy_is_that_of_a_plain_loop(ended: Shuffle):
    test_x, seen = ended.data.arrays[2], ended.seen_shuffled()
    assert seen.windows == WINDOWS
    for name in ("mlp", "cnn"):
        for place, window in enumerate(WINDOWS):
            order = permutation(40, window, 3)
            assert seen.sweep[name][place] == right(ended, name, test_x[:, order]) / 300
        order = permutation(40, 40, 3)
        twin = right(ended, f"{name}-shuffled", test_x[:, order]) / 300
        found = ended.result()["models"][name]
        assert found["accuracy_shuffled"] == twin == ended.of(f"{name}-shuffled").accuracy
        assert found["accuracy"] == seen.sweep[name][0] == right(ended, name, test_x) / 300
        assert found["accuracy_at_once"] == seen.at_once[name] == seen.sweep[name][-1]
        assert found["accuracy_by_window"] == seen.sweep[name].tolist()
    assert ended.result()["windows"] == list(WINDOWS)


def test_twins_differ_by_nothing_but_the_order_of_what_they_read(ended: Shuffle):
    fresh = begun(Shuffle, networks="cnn", window=1)
    assert fresh.contest.entrants["cnn-shuffled"].order is not None
    played(fresh)
    plain, twin = (fresh.contest.entrants[key] for key in ("cnn", "cnn-shuffled"))
    assert plain.tests == twin.tests
    assert [*map(list, plain.loss.arrays())] == [*map(list, twin.loss.arrays())]
    assert ended.contest.entrants["cnn"].tests != ended.contest.entrants["cnn-shuffled"].tests


def test_a_permutation_takes_every_position_once_and_stays_in_its_window():
    for window in (*WINDOWS, 7):
        order = permutation(40, window, 3)
        assert np.array_equal(np.sort(order), np.arange(40))
        assert np.array_equal(np.arange(40)[order][np.argsort(order)], np.arange(40))
        assert np.array_equal(order // window, np.arange(40) // window)


def test_a_point_of_the_slider_tells_its_counts(ended: Shuffle):
    answer = ended.ask(Cell("window-cnn", (3,)))
    assert answer is not None
    assert answer.value == answer.steps[-1].lines[-1].value == ended.seen_shuffled().sweep["cnn"][3]
    assert f"{round(300 * answer.value)} right / 300 test examples" in answer.steps[-1].lines[-1].formula
    assert "windows of 5" in answer.title
    assert ended.ask(Cell("window-cnn", (8,))) is None
    assert ended.ask(Cell("window-gru", (0,))) is None
    assert begun(Shuffle, networks="cnn").ask(Cell("window-cnn", (0,))) is None


def test_a_window_of_its_own_is_on_the_slider():
    found = run(Shuffle, networks="mlp", window=7, updates=2)
    seen = found.seen_shuffled()
    assert 7 in seen.windows
    assert seen.window == 7
    assert seen.at_once["mlp"] == seen.sweep["mlp"][seen.windows.index(7)]


def test_a_sweep_is_made_while_networks_learn_of_a_part_of_the_test_examples():
    found = played(begun(Shuffle, networks="mlp"), 21)
    score = found.sweep.scores["mlp", 40]
    assert (score.of, score.step) == (SOME, 20)
    assert not found.sweep.is_known("mlp", 40)
    assert finished(found).sweep.scores["mlp", 40].of == 300
    assert found.sweep.is_known("mlp", 40)
    assert is_swept(500, 501)
    assert not is_swept(500, 500)


def test_what_is_being_measured_is_given_up_when_a_network_learns_on():
    found = played(begun(Shuffle, networks="mlp"), 3)
    slices = found.sweep.measure()
    for _ in range(3):
        next(slices)
    played(found, 4)
    assert not list(slices)
    assert {score.step for score in found.sweep.scores.values()} == {3}


def test_the_live_switch_makes_all_read_exchanged_positions_and_is_told():
    found = finished(played(begun(Shuffle, networks="cnn", updates=40), 30))
    before = found.of("cnn").accuracy
    found.change(replace(found.config, shuffled=True))
    assert "exchanged: the CNN" not in found.finding()
    finished(found)
    first = right(found, "cnn", found.data.arrays[2][:, permutation(40, 40, 3)]) / 300
    assert found.contest.entrants["cnn"].tests[-1] == (30, first)
    assert found.finding().startswith("After update 30 the positions were exchanged: the CNN")
    assert found.seen_shuffled().sweep["cnn"][0] == before
    finished(played(found))
    assert len(found.contest.entrants["cnn"].tests) > 2
    found.change(replace(found.config, shuffled=False))
    finished(found)
    assert "put back in order" in found.finding()


def test_another_window_is_learned_from_at_once_and_said():
    found = finished(played(begun(Shuffle, networks="cnn", updates=22)))
    weights = found.contest.entrants["cnn"].network.state_dict()["conv1.weight"].clone()
    found.change(replace(found.config, window=4))
    assert torch.equal(weights, found.contest.entrants["cnn"].network.state_dict()["conv1.weight"])
    assert found.can_step
    assert (found.step_count, found.total) == (22, 44)
    order = permutation(40, 4, 3)
    finished(found)
    asked = right(found, "cnn-shuffled", found.data.arrays[2][:, order]) / 300
    assert found.contest.entrants["cnn-shuffled"].tests[-1] == (22, asked)
    finished(played(found, 30))
    assert found.result()["exchanged_since"] == 22
    assert found.result()["window"] == 4
    since = finding_of_twins([Twins("CNN", 0.9, 0.5, 0.2)], 1000, 30, 0.1, 4, 40, 22)
    assert since.startswith(
        "After 30 updates, the last 8 of them on positions exchanged within windows of 4, "
    )


def test_windows_are_divisors_or_doublings():
    assert windows_of(40) == WINDOWS
    assert windows_of(41) == (1, 2, 4, 8, 16, 32, 41)
    assert windows_of(64) == (1, 2, 4, 8, 16, 32, 64)
    assert windows_of(1) == (1,)
    assert windows_of(2) == (1, 2)
    assert windows_of(720)[:4] == (1, 2, 4, 8)


# What is said ----------------------------------------------------------------------------------------

PUBLISHED = (Twins("MLP", 0.68, 0.68, 0.12), Twins("CNN", 0.94, 0.56, 0.14), Twins("GRU", 0.91, 0.57, 0.11))


def told(*twins: Twins, updates: int = 2000, window: int = 40) -> str:
    return finding_of_twins(twins, 1000, updates, 0.1, window, 40)


def test_who_does_not_care_and_who_collapses():
    assert told(*PUBLISHED) == (
        "After 2,000 updates on positions exchanged completely, the CNN reaches 56 % instead of 94 % and the "
        "GRU 57 % instead of 91 %; the MLP (68 %, in order 68 %) does not care. Asked about them without "
        "learning anew, the MLP (12 %), the CNN (14 %) and the GRU (11 %) collapse; guessing gets 10 %."
    )


def test_other_numbers_say_something_else():
    assert "do not care" in told(Twins("CNN", 0.94, 0.94, 0.94), Twins("GRU", 0.91, 0.90, 0.60))
    assert "the CNN (94 %) does not notice" in told(Twins("CNN", 0.94, 0.94, 0.94))
    assert "the GRU (60 %) falls" in told(Twins("GRU", 0.91, 0.90, 0.60))
    assert "the GRU reaches 91 % instead of 60 %" in told(Twins("GRU", 0.60, 0.91, 0.2))
    assert "within windows of 4" in told(*PUBLISHED, window=4)


def test_a_difference_that_may_be_chance_is_not_named():
    assert "instead of" not in told(Twins("MLP", 0.68, 0.65, 0.1))
    assert "instead of" in told(Twins("MLP", 0.68, 0.62, 0.1))


def test_nothing_is_said_of_what_has_not_been_learned_or_measured():
    assert told(*PUBLISHED, updates=0) == ""
    assert told(Twins("CNN", math.nan, math.nan, math.nan)) == ""
    assert told(Twins("RNN", 0.11, 0.1, 0.1)).endswith("none beats guessing yet (10 %; 11 % at most).")
    assert "RNN" not in told(*PUBLISHED, Twins("RNN", 0.11, 0.1, 0.1))
    assert "Asked" not in told(Twins("CNN", 0.94, 0.56, math.nan))
    assert told(*PUBLISHED, window=1) == "Windows of 1 exchange nothing: both twins learn the same."


def test_the_switch_is_told_before_and_after():
    turned = (Turned("MLP", 0.68, 0.12, 0.67), Turned("CNN", 0.94, 0.14, 0.55), Turned("GRU", 0.91, 0.1, 0.1))
    assert finding_of_switch(turned, 1000, 1200, is_on=True) == (
        "After update 1,200 the positions were exchanged: the MLP fell from 68 % to 12 % and has learned "
        "anew to 67 %, the CNN fell from 94 % to 14 % and has come back to 55 % and the GRU fell from 91 % "
        "to 10 %."
    )
    assert "stayed at 12 %" in finding_of_switch([Turned("RNN", 0.12, 0.12, 0.12)], 1000, 5, is_on=True)
    assert "rose from 12 % to 60 %" in finding_of_switch([Turned("X", 0.12, 0.6, 0.6)], 1000, 5, is_on=False)
    assert finding_of_switch([Turned("X", 0.9, math.nan, math.nan)], 1000, 5, is_on=True) == ""


def test_learning_from_exchanged_positions_alone_is_told():
    assert finding_of_exchanged([("CNN", 0.56), ("MLP", 0.68)], 9, 0.1) == (
        "After 9 updates on nothing but exchanged positions right answers are, of the CNN 56 % and the MLP "
        "68 %; guessing gets 10 %."
    )
    assert finding_of_exchanged([("CNN", math.nan)], 9, 0.1) == ""
    assert run(Shuffle, networks="mlp", shuffled=True, updates=2).finding().startswith("After 2 updates on n")
