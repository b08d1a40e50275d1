"""Experiment "rows": a digit as a picture and row by row, and how grid and loop are compared."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.labs.grid_versus_loop.finding_versus import finding_versus
from engine.labs.grid_versus_loop.rows import Rows
from engine.labs.grid_versus_loop.snapshot import Contestant
from tests.contests import begun, finished, played, right, run, written


@pytest.fixture(scope="module")
def ended() -> Rows:
    return run(Rows, networks="mlp,cnn,gru", updates=4)


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not(ended: Rows):
    watched = finished(played(begun(Rows, networks="mlp,cnn,gru", updates=4), watched=True))
    assert written(watched) == written(ended)


def test_all_read_the_same_digits_and_are_tested_as_a_plain_loop_would(ended: Rows):
    test_x, test_y = ended.data.arrays[2:]
    assert test_x.shape[1:] == (8, 8)
    for name in ended.networks:
        assert ended.of(name).accuracy == right(ended, name, test_x) / len(test_y)


def test_the_grid_looks_at_a_picture_and_the_loop_has_a_state_for_each_row(ended: Rows):
    opened = ended.opened()
    assert np.array_equal(opened.values, ended.data.arrays[2][0])
    assert {reading.kind for reading in opened.readings["cnn"]} == {"pictures"}
    (states,) = opened.readings["gru"]
    assert states.kind == "states"
    assert states.values.shape == (6, 8)
    assert (states.stride, states.offset) == (1, 0)


def test_pixels_are_exchanged_one_by_one(ended: Rows):
    found = begun(Rows, networks="mlp", updates=1)
    found.change(replace(found.config, shuffled=True))
    finished(found)
    order = found.exchanged.numpy()
    assert sorted(order) == list(range(64))
    flat = found.data.arrays[2].reshape(-1, 64)[:, order].reshape(-1, 8, 8)
    assert found.of("mlp").accuracy == right(found, "mlp", flat) / len(flat)


def test_a_folder_without_digits_is_one_sentence(tmp_path: Path):
    with pytest.raises(UserError):
        begun(Rows, data=str(tmp_path))


# What is said ----------------------------------------------------------------------------------------


def told(found: Rows, updates: int = 1000, **accuracies: float) -> str:
    entrants: list[Contestant] = [
        replace(found.of(name), test_steps=np.array([updates]), test_accuracy=np.array([accuracy]))
        for name, accuracy in accuracies.items()
    ]
    return finding_versus(entrants, 400, 0.1, grid_does="looks", loop_does="reads")


def test_the_best_grid_is_held_against_the_best_loop(ended: Rows):
    assert told(ended, mlp=0.97, cnn=0.99, gru=0.94) == (
        "After 1,000 updates the CNN, which looks, gets 99 % right and the GRU, which reads, 94 %: the "
        "grid is 5 points ahead. The MLP gets 97 %."
    )
    assert "the loop is 9 points ahead" in told(ended, cnn=0.90, gru=0.99)
    assert "with 400 test examples that is no more than chance apart." in told(ended, cnn=0.98, gru=0.97)


def test_nothing_is_compared_where_nothing_was_learned_or_one_side_is_missing(ended: Rows):
    assert "none beats guessing yet" in told(ended, cnn=0.11, gru=0.1)
    assert told(ended, cnn=math.nan, gru=math.nan) == ""
    assert told(ended, updates=0, cnn=0.9, gru=0.9) == ""
    assert "which" not in told(ended, mlp=0.9, gru=0.9)
