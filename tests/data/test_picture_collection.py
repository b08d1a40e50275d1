"""A person's collection: named, bounded, undone step by step, saved without anything beside the pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.pictures import load_pictures
from engine.data.pictures.collection import DRAWING_SIDE, Collection
from engine.errors import UserError


def drawing(seed: int = 0) -> np.ndarray:
    """A bright bar somewhere on the pad."""
    pixels = np.zeros((112, 112), np.uint8)
    row, column = np.random.default_rng(seed).integers(5, 60, 2)
    pixels[row : row + 40, column : column + 12] = 255
    return pixels


def photograph(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (60, 90, 3)).astype(np.uint8)


@pytest.fixture
def two() -> Collection:
    found = Collection()
    for label, name in enumerate(("bar", "point")):
        found.add_class(name)
        for seed in range(3):
            found.add_drawing(label, drawing(3 * label + seed))
    return found


def test_a_drawing_lies_in_the_middle_as_the_pictures_of_mnist_do(two: Collection) -> None:
    for picture in two.classes[0].pictures:
        assert picture.shape == (DRAWING_SIDE, DRAWING_SIDE)
        rows, columns = np.nonzero(picture > 50)
        assert abs((rows.min() + rows.max()) / 2 - (DRAWING_SIDE - 1) / 2) <= 1
        assert abs((columns.min() + columns.max()) / 2 - (DRAWING_SIDE - 1) / 2) <= 1
        assert abs(rows.max() - rows.min() + 1 - DRAWING_SIDE * 20 / 28) <= 1.5


def test_every_step_is_taken_back(two: Collection) -> None:
    kept = [two.classes]
    for change in (
        lambda: two.add_photograph(1, photograph()),
        lambda: two.remove(0, 1),
        lambda: two.add_class("third"),
        lambda: two.remove_class(0),
    ):
        change()
        kept.append(two.classes)
    assert [each.name for each in two.classes] == ["point", "third"]
    for before in reversed(kept[:-1]):
        two.undo()
        assert two.classes is before


def test_it_says_what_is_missing(two: Collection) -> None:
    assert two.problem == ""
    assert "two classes" in Collection().problem
    two.add_class("third")
    assert "“third” has no picture" in two.problem
    two.add_drawing(2, drawing())
    assert "only one picture" in two.problem
    two.remove_class(2), two.remove_class(1)
    assert "second class" in two.problem


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..", "train", "Validation", "BAR", "x" * 41, "a\nb\0"])
def test_a_class_that_could_be_no_folder_is_refused(two: Collection, name: str) -> None:
    before = two.classes
    with pytest.raises(UserError):
        two.add_class(name)
    assert two.classes is before


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.add_drawing(0, np.zeros((112, 112), np.uint8)),
        lambda found: found.add_drawing(7, drawing()),
        lambda found: found.remove(0, 9),
        lambda found: found.remove_class(-1),
    ],
)
def test_what_cannot_be_done_changes_nothing(two: Collection, change: object) -> None:
    before = two.classes
    with pytest.raises(UserError):
        change(two)
    assert two.classes is before


def test_saved_it_opens_again_and_can_be_trained_on(two: Collection, tmp_path: Path) -> None:
    two.save(tmp_path / "mine")
    again = Collection()
    again.open(tmp_path / "mine")
    assert again.digest() == two.digest()
    data = load_pictures("folder", tmp_path / "mine")
    assert data.classes == ("bar", "point")
    assert data.shape == (1, DRAWING_SIDE, DRAWING_SIDE)
    kept = {picture.tobytes() for each in two.classes for picture in each.pictures}
    assert {each[0].numpy().tobytes() for part in (data.train, data.test) for each in part.pictures} == kept
    with pytest.raises(UserError, match="not empty"):
        two.save(tmp_path / "mine")


def test_a_file_holds_nothing_but_its_pixels(tmp_path: Path) -> None:
    found = Collection()
    found.add_class("one"), found.add_class("two")
    found.add_photograph(0, photograph())
    found.save(tmp_path / "mine")
    with Image.open(tmp_path / "mine/one/0001.png") as image:
        assert image.info == {}
        assert not image.getexif()
        assert image.size == (60, 60)
        np.testing.assert_array_equal(np.asarray(image), photograph()[:, 15:75])


def test_an_unreadable_picture_is_left_out_and_none_at_all_is_refused(
    two: Collection, tmp_path: Path
) -> None:
    two.save(tmp_path / "mine")
    (tmp_path / "mine/bar/0002.png").write_bytes(b"no picture")
    again = Collection()
    again.open(tmp_path / "mine")
    assert [len(each.pictures) for each in again.classes] == [2, 3]
    for path in (tmp_path / "mine").rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(UserError):
        again.open(tmp_path / "mine")
    assert [len(each.pictures) for each in again.classes] == [2, 3]
