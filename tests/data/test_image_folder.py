"""The film strip's folder: found in a person's order, whatever else lies in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data import image_folder
from engine.data.image_folder import find_images, natural_key, thumbnail, thumbnails
from engine.errors import UserError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path, limit: int = 5000) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_images(folder, limit)]


def test_numbers_in_names_count_and_case_does_not(tmp_path: Path) -> None:
    names = ["img10.png", "img2.PNG", "Img1.jpg", "img02b.png", "b.webp", "1.gif", "x٣.png", "x12.png"]
    touch(tmp_path, *names)
    expected = ["1.gif", "b.webp", "Img1.jpg", "img2.PNG", "img02b.png", "img10.png", "x٣.png", "x12.png"]
    assert found(tmp_path) == expected
    assert sorted(["a", "10", "", "9a"], key=natural_key) == ["", "9a", "10", "a"]


def test_folders_come_after_the_pictures_and_not_too_deep(tmp_path: Path) -> None:
    touch(tmp_path, "z.png", "album 2/a.png", "album 10/a.png", "album 2/inner/b.png", "1/2/3/4/5.png")
    touch(tmp_path, "1/2/3/4/5/6.png", "notes.txt", ".hidden.png", ".hidden/a.png")
    expected = ["z.png", "1/2/3/4/5.png", "album 2/a.png", "album 2/inner/b.png", "album 10/a.png"]
    assert found(tmp_path) == expected
    assert found(tmp_path, limit=2) == expected[:2]


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "here/a.png", "there/b.png")
    try:
        (tmp_path / "here" / "up").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this account may not make links")
    (tmp_path / "here" / "beside").symlink_to(tmp_path / "there", target_is_directory=True)
    (tmp_path / "here" / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "here" / "itself.png").symlink_to(tmp_path / "here" / "itself.png")
    (tmp_path / "here" / "link.png").symlink_to(tmp_path / "there" / "b.png")
    assert found(tmp_path / "here") == ["a.png", "link.png", "beside/b.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_folders_named_like_pictures_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    touch(tmp_path, "album.png/a.png")
    assert found(tmp_path) == ["album.png/a.png"]


def test_a_whole_disk_ends_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"{number}/a.png" for number in range(20)))
    monkeypatch.setattr(image_folder, "MOST_ENTRIES", 25)
    assert len(find_images(tmp_path)) == 5  # twenty folders and the first five pictures


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder.mkdir(), "There is no picture in the folder album"),
        (lambda folder: touch(folder, "a.txt"), "There is no picture in the folder album"),
        (lambda folder: None, "The folder album can't be read: there is no such folder"),
        (lambda folder: folder.touch(), "The folder album can't be read: it is not a folder"),
    ],
)
def test_folders_without_pictures_say_so(tmp_path: Path, make: Callable[[Path], object], says: str) -> None:
    make(tmp_path / "album")
    with pytest.raises(UserError) as caught:
        find_images(tmp_path / "album")
    assert caught.value.sentence.startswith(says)
    assert str(tmp_path) not in caught.value.sentence


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_a_folder_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(UserError, match="not allowed" if error.errno == 13 else "refuses"):
        find_images(tmp_path)


def test_an_unreadable_folder_inside_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.png", "locked/b.png", "open/c.png")
    real = os.scandir

    def locked(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", locked)
    assert found(tmp_path) == ["a.png", "open/c.png"]


def test_thumbnails_are_the_middle_and_errors_stay_in_line(tmp_path: Path) -> None:
    wide = np.zeros((60, 180, 3), np.uint8)
    wide[:, 60:120] = (200, 100, 50)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    (tmp_path / "broken.png").write_text("nothing")
    Image.fromarray(wide.swapaxes(0, 1)).resize((2000, 6000)).save(tmp_path / "tall.jpg", quality=95)
    names = ["wide.png", "broken.png", "gone.png", "tall.jpg"]
    results = dict(thumbnails([tmp_path / name for name in names], size=40))
    assert list(results) == [0, 1, 2, 3]
    for small in (results[0], results[3]):
        assert isinstance(small, np.ndarray)
        assert small.shape == (40, 40, 3)
        assert small.dtype == np.uint8
        assert np.abs(small[2:-2].astype(int) - (200, 100, 50)).max() <= 4
    for index, says in ((1, "broken.png is not a picture"), (2, "gone.png can't be read")):
        assert isinstance(results[index], UserError)
        assert says in str(results[index])


def test_thumbnails_are_made_one_at_a_time(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    taken = []

    def paths() -> Iterator[Path]:
        for number in range(3):
            taken.append(number)
            yield tmp_path / "a.png"

    strip = thumbnails(paths())
    assert taken == []
    _, small = next(strip)
    assert isinstance(small, np.ndarray)
    assert small.shape == (56, 56, 3)
    assert taken == [0]


def test_a_thumbnail_of_one_pixel() -> None:
    assert (thumbnail(np.full((1, 1, 3), 9, np.uint8), 5) == 9).all()


@pytest.mark.skipif(sys.platform == "win32", reason="such names do not exist there")
def test_names_that_are_no_text_are_found_too(tmp_path: Path) -> None:
    touch(tmp_path, "\udcff.png", "a\nb.png")
    assert len(find_images(tmp_path)) == 2
