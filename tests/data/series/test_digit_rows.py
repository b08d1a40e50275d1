"""Digits by rows, permutations of positions, and what a labelled series insists on."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.digits_file import read_digits
from engine.data.series.digit_rows import load_digit_rows, load_mnist_rows
from engine.data.series.shuffling import permutation
from engine.errors import UserError


def test_every_digit_is_there_row_by_row():
    data, (images, labels) = load_digit_rows(), read_digits()
    assert (data.length, data.channels, data.positions) == (8, 8, "row")
    found = np.concatenate([data.train_x, data.test_x]).reshape(1797, 64)
    classes = np.concatenate([data.train_y, data.test_y])
    wanted = np.rint(images * (255 / 16)) / 255
    order, wanted_order = np.lexsort(found.T), np.lexsort(wanted.T)
    assert found[order] == pytest.approx(wanted[wanted_order], abs=1e-6)
    assert np.array_equal(classes[order], labels[wanted_order])
    assert "held out" in data.about


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def test_mnist_is_read_from_its_files(tmp_path: Path):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 28, 28)).astype(np.uint8)
    labels = (np.arange(12) % 3).astype(np.uint8)
    for which in ("train", "t10k"):
        (tmp_path / f"{which}-images-idx3-ubyte").write_bytes(idx(pictures))
        (tmp_path / f"{which}-labels-idx1-ubyte").write_bytes(idx(labels))
    data = load_mnist_rows(tmp_path)
    assert data.test_x == pytest.approx(pictures / np.float32(255), abs=1e-6)
    assert data.test_y.tolist() == labels.tolist()
    assert data.name == "MNIST"


def test_a_folder_without_mnist_is_said_to_be_so(tmp_path: Path):
    with pytest.raises(UserError, match="does not hold MNIST"):
        load_mnist_rows(tmp_path)


@pytest.mark.parametrize("window", [1, 2, 7, 39, 40, 1000])
def test_positions_change_places_within_their_windows_only(window: int):
    order = permutation(40, window, seed=5)
    assert sorted(order.tolist()) == list(range(40))
    assert np.array_equal(order // window, np.arange(40) // window)
    assert np.array_equal(order, permutation(40, window, seed=5))
    assert (window == 1) == np.array_equal(order, np.arange(40))


def test_other_seeds_permute_otherwise_and_nonsense_is_refused():
    assert not np.array_equal(permutation(40, 40, 1), permutation(40, 40, 2))
    with pytest.raises(ValueError, match="windows of 0"):
        permutation(40, 0, 1)


def test_a_series_that_does_not_fit_together_is_refused():
    data = load_digit_rows()
    wrong = {
        "labels of": {"train_y": data.train_y[:-1]},
        "labels from": {"classes": data.classes[:-1]},
        "differ": {"test_x": data.test_x[:, :4]},
        "float64": {"train_x": data.train_x.astype(np.float64)},
        "finite": {"test_x": np.full_like(data.test_x, np.nan)},
    }
    for said, field in wrong.items():
        with pytest.raises(ValueError, match=said):
            replace(data, **field)
