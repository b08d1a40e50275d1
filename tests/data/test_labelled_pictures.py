"""Sets of labelled pictures: the built-in digits, how a tenth is held out, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from engine.data.pictures import DATASETS, LabelledPictures, NumberedNames, load_pictures
from engine.data.pictures.split import hold_out, listed, part
from engine.data.quiet_warnings import warnings_off
from engine.errors import UserError


def test_digits_are_scikit_learns() -> None:
    oracle = load_digits()
    data = load_pictures("digits", None)
    seen = {}
    for some in (data.train, data.test):
        for picture, label, name in zip(some.pictures, some.labels.tolist(), some.names, strict=True):
            seen[int(name.removeprefix("digit "))] = (picture[0].numpy(), label)
    assert sorted(seen) == list(range(1797))
    pictures = np.stack([seen[index][0] for index in range(1797)])
    assert (pictures == np.round(oracle.images * 255 / 16)).all()
    assert [seen[index][1] for index in range(1797)] == oracle.target.tolist()
    assert (data.shape, data.channels, data.side) == ((1, 8, 8), 1, 8)
    assert data.classes == tuple("0123456789")
    assert data.split == "A tenth of each class, drawn with seed 0, is held out: 179 of 1,797 pictures."
    assert "CC BY" in data.source


def test_every_class_gives_a_tenth_and_the_seed_decides_which() -> None:
    first, again, other = (load_pictures("digits", None, seed=seed) for seed in (0, 0, 1))
    counts = load_digits().target
    held = first.test.labels.bincount().tolist()
    assert held == [max(1, (number + 5) // 10) for number in np.bincount(counts).tolist()]
    assert torch.equal(first.test.pictures, again.test.pictures)
    assert list(first.test.names) == list(again.test.names) != list(other.test.names)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, engine.data.pictures as p; print(*p.DATASETS);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL', 'sklearn')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert tuple(done.stdout.split()) == DATASETS


def test_holding_out_follows_neither_order_nor_other_classes() -> None:
    names = [f"{kind}/{number}.png" for kind in "ab" for number in range(40)]
    labels = np.repeat([0, 1], 40)
    split = hold_out(labels, names, "ab", 5)
    held = {names[index] for index in split.test}
    shuffle = np.random.default_rng(0).permutation(80)
    turned = hold_out(labels[shuffle], [names[index] for index in shuffle], "ab", 5)
    assert {names[shuffle[index]] for index in turned.test} == held
    alone = hold_out(labels[:40], names[:40], "ab", 5)
    assert {names[index] for index in alone.test} == {name for name in held if name.startswith("a")}
    assert sorted([*split.train, *split.test]) == list(range(80))


@pytest.mark.parametrize(("count", "held"), [(1, 0), (2, 1), (9, 1), (14, 1), (15, 2), (100, 10)])
def test_how_many_of_a_class_are_held_out(count: int, held: int) -> None:
    labels = np.array([0] * count + [1] * 20)
    split = hold_out(labels, [str(index) for index in range(len(labels))], ("cat", "dog"), 0)
    assert (labels[split.test] == 0).sum() == held
    assert ("Of cat there is only one picture: trained on and not tested." in split.sentence) == (count == 1)


def test_a_class_each_with_one_picture_leaves_nothing_to_test_on() -> None:
    labels = np.arange(3)
    split = hold_out(labels, "xyz", "abc", 0)
    assert "no test pictures" in split.sentence
    train, test = part(torch.zeros(3, 1, 2, 2, dtype=torch.uint8), labels, "xyz", split.train, split.test)
    assert (len(train), tuple(test.pictures.shape), list(test.names)) == (3, (0, 1, 2, 2), [])


@pytest.mark.parametrize("count", [10, 3000])
def test_parting_in_place_is_indexing(count: int) -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (count, 1, 2, 2), generator=generator).to(torch.uint8)
    labels = np.arange(count) % 7
    test = np.flatnonzero(np.arange(count) % 5 == 2)
    train = np.setdiff1d(np.arange(count), [*test, 0, 1])
    before = pictures.clone()
    names = NumberedNames("train", range(count))
    trained, tested = part(pictures, labels, names, train, test)
    for some, indices in ((trained, train), (tested, test)):
        assert torch.equal(some.pictures, before[torch.from_numpy(indices)])
        assert some.labels.tolist() == labels[indices].tolist()
        assert list(some.names) == [f"train {index}" for index in indices]


def test_numbered_names_are_a_sequence() -> None:
    names = NumberedNames("test", range(10))
    assert (names[3], names[-1], list(names[4:6]), len(names)) == (
        "test 3",
        "test 9",
        ["test 4", "test 5"],
        10,
    )
    with pytest.raises(IndexError):
        names[10]


def test_pictures_and_labels_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2, 3 and 2"):
        LabelledPictures(torch.zeros(2, 1, 4, 4), torch.zeros(3), "ab")


def test_listing_names_three_and_counts_the_others() -> None:
    assert [listed("abcdefgh"[:count]) for count in (1, 2, 3, 5)] == [
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 2 more",
    ]


def test_what_there_is_not_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pictures called “imagenet”"):
        load_pictures("imagenet", None)
    for dataset in ("mnist", "fashion-mnist", "cifar10", "folder"):
        with pytest.raises(UserError, match="was chosen") as caught:
            load_pictures(dataset, None)
        assert caught.value.next
        with pytest.raises(UserError, match="no such"):
            load_pictures(dataset, tmp_path / "gone")
        (tmp_path / "a.txt").write_text("words " * 200)
        with pytest.raises(UserError, match=r"a\.txt is neither a folder nor an archive"):
            load_pictures(dataset, tmp_path / "a.txt")


def test_warnings_stay_off_until_the_last_thread_is_out() -> None:
    """Overlapping, as `warnings.catch_warnings` alone would leave the filters of one thread behind."""
    before = list(warnings.filters)
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with warnings_off():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with warnings_off():
        thread.start()
        assert entered.wait(10)
    warnings.warn("not raised", UserWarning, stacklevel=1)
    leave.set()
    thread.join()
    assert warnings.filters == before
    with pytest.raises(UserWarning, match="raised again"):
        warnings.warn("raised again", UserWarning, stacklevel=1)
