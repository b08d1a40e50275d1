"""What a channel wants: the film strip's best patches and the optimised picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_classifier import PREPROCESSING, hook_count, small_classifier, write_picture

from engine.data.film import Film, Still
from engine.data.images import image_from_array, read_image
from engine.data.prepare import prepare
from engine.errors import UserError
from engine.explain import wanted
from engine.explain.inspection import Inspection
from engine.explain.wanted import PATCHES, Patch, Wanted, optimise, search

LAYER, CHANNEL = "body.act", 8


@pytest.fixture
def inspection() -> Iterator[Inspection]:
    inspection = Inspection(small_classifier(), torch.device("cpu"))
    hooks = hook_count(inspection.model)
    yield inspection
    assert hook_count(inspection.model) == hooks
    inspection.close()


def film_of(folder: Path, count: int) -> Film:
    paths = [write_picture(folder / f"{number}.png", number) for number in range(count)]
    return Film(Still(path.name, path=path) for path in paths)


def peak(inspection: Inspection, path: Path) -> tuple[float, tuple[int, int], np.ndarray]:
    """The channel's largest value in a picture, where it is, and the picture, by a pass of its own."""
    prepared = prepare(read_image(path).rgb, PREPROCESSING)
    with torch.no_grad():
        values = inspection.model.body(inspection.model.stem(prepared.x))[0, CHANNEL]
    row, column = divmod(int(values.argmax()), values.shape[1])
    return float(values.max()), (row, column), prepared.rgb


def last(found: Iterator[tuple[tuple[Patch, ...], int, int]]) -> tuple[tuple[Patch, ...], int, int]:
    *_, result = found
    return result


def test_the_best_patches_are_those_of_a_plain_search(inspection: Inspection, tmp_path: Path):
    film = film_of(tmp_path, 12)
    patches, searched, total = last(search(inspection, film, LAYER, CHANNEL))
    assert searched == total == 12
    peaks = {still.name: peak(inspection, still.path) for still in film.stills}
    best = sorted(peaks, key=lambda name: -peaks[name][0])[:PATCHES]
    assert [patch.picture for patch in patches] == best
    for patch in patches:
        value, (row, column), rgb = peaks[patch.picture]
        assert patch.value == pytest.approx(value, rel=1e-5)
        # 7 pixels, 2 apart, starting at -3: see test_questions.
        top, left = 2 * row - 3, 2 * column - 3
        expected = rgb[max(top, 0) : top + 7, max(left, 0) : left + 7]
        np.testing.assert_array_equal(patch.rgb, expected)
        assert not patch.rgb.flags.writeable


def test_the_search_tells_what_it_has_after_every_picture(inspection: Inspection, tmp_path: Path):
    found = list(search(inspection, film_of(tmp_path, 4), LAYER, CHANNEL))
    assert [(len(patches), done, total) for patches, done, total in found] == [
        (1, 1, 4), (2, 2, 4), (3, 3, 4), (4, 4, 4)
    ]  # fmt: skip


def test_pictures_that_cannot_be_read_take_nobodys_place(inspection: Inspection, tmp_path: Path):
    """An unreadable picture is searched as mean grey, which excites this channel more than white does."""
    inspection.model.stem.conv.weight.data[0].abs_().neg_()
    broken = [Still(f"broken {number}", path=tmp_path / "gone.png") for number in range(PATCHES + 3)]
    white = image_from_array(np.full((40, 40, 3), 255, np.uint8), "White")
    film = Film([*broken, Still("White", picture=white), Still("White too", picture=white)])
    patches, searched, total = last(search(inspection, film, "stem.conv", 0))
    assert searched == total == PATCHES + 5
    assert [patch.picture for patch in patches] == ["White", "White too"]
    assert patches[0].value < float(inspection.model.stem.conv.bias[0])


def test_a_film_strip_of_broken_files_has_no_patches(inspection: Inspection, tmp_path: Path):
    film = Film([Still("gone", path=tmp_path / "gone.png")])
    assert list(search(inspection, film, LAYER, CHANNEL)) == [((), 1, 1)]
    assert list(search(inspection, Film(), LAYER, CHANNEL)) == []


def test_pasted_pictures_are_searched_too(inspection: Inspection):
    rgb = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    film = Film([Still("Pasted", picture=image_from_array(rgb, "Pasted"))])
    ((patches, _, _),) = search(inspection, film, LAYER, CHANNEL)
    assert patches[0].picture == "Pasted"


def test_the_best_of_a_dense_unit_is_the_whole_picture(inspection: Inspection, tmp_path: Path):
    patches, *_ = last(search(inspection, film_of(tmp_path, 2), "head", 2))
    assert all(patch.rgb.shape == (32, 32, 3) and not patch.rgb.flags.writeable for patch in patches)


def test_only_so_many_pictures_are_searched(
    inspection: Inspection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wanted, "PICTURES", 3)
    assert last(search(inspection, film_of(tmp_path, 5), LAYER, CHANNEL))[1:] == (3, 3)


def test_the_film_strip_stays_where_it_is(inspection: Inspection, tmp_path: Path):
    film = film_of(tmp_path, 3)
    film.read(1)
    last(search(inspection, film, LAYER, CHANNEL))
    assert film.index == 1


def test_the_climb_rises_and_keeps_what_was_known(inspection: Inspection):
    known = (Patch("a", 1.0, np.zeros((2, 2, 3), np.uint8)),)
    start = Wanted(LAYER, CHANNEL, patches=known, searched=7)
    found = list(optimise(inspection, start, steps=24, seed=1))
    assert [(item.done, item.total) for item in found] == [(step, 24) for step in range(1, 25)]
    for item in found:
        assert (item.layer, item.channel, item.patches, item.searched) == (LAYER, CHANNEL, known, 7)
        assert item.rgb.dtype == np.uint8
        assert item.rgb.shape == (128, 128, 3)
        assert not item.rgb.flags.writeable
        assert not any(column.flags.writeable for column in item.climb)
    step, mean = found[-1].climb
    np.testing.assert_array_equal(step, np.arange(1, 25))
    assert mean[-4:].mean() > mean[:4].mean()


def test_the_climbs_last_number_is_what_the_network_says_of_such_a_picture(inspection: Inspection):
    """The picture, unshaken, excites the channel more than the grey it grew from."""
    *_, found = optimise(inspection, Wanted(LAYER, CHANNEL), steps=32, seed=0)
    mean, std = (torch.tensor(part)[:, None, None] for part in (PREPROCESSING.mean, PREPROCESSING.std))
    x = (torch.tensor(found.rgb).permute(2, 0, 1) / 255 - mean) / std
    with torch.no_grad():
        excited, grey = (
            float(inspection.model.body(inspection.model.stem(each[None]))[0, CHANNEL].mean())
            for each in (x, (torch.full_like(x, 0.5) - mean) / std)
        )
    assert excited > grey


def test_the_same_seed_climbs_the_same_way(inspection: Inspection):
    one, two, other = (
        list(optimise(inspection, Wanted(LAYER, CHANNEL), steps=3, seed=seed))[-1].rgb for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_channel_that_is_not_there_is_refused(inspection: Inspection, tmp_path: Path):
    with pytest.raises(UserError, match="no channel 12"):
        next(optimise(inspection, Wanted(LAYER, 12), steps=1, seed=0))
    with pytest.raises(UserError, match="no channel 12"):
        next(search(inspection, film_of(tmp_path, 1), LAYER, 12))
    with pytest.raises(UserError, match="no layer"):
        next(search(inspection, film_of(tmp_path, 1), "middle", 0))


def test_giving_up_leaves_no_hook(inspection: Inspection, tmp_path: Path):
    for slices in (
        optimise(inspection, Wanted(LAYER, CHANNEL), steps=5, seed=0),
        search(inspection, film_of(tmp_path, 2), LAYER, CHANNEL),
    ):
        next(slices)
        slices.close()
