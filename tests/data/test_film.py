"""The film strip: what can be read, where it stands, and its thumbnails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_classifier import write_folder, write_picture

from engine.data.film import THUMBNAIL, Film, Still
from engine.data.image_folder import thumbnail
from engine.data.images import image_from_array, read_image
from engine.errors import UserError


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Three good files."""
    folder = write_folder(tmp_path / "pictures")
    return Film(Still(path.name, path=path) for path in sorted(folder.iterdir()))


def pasted(seed: int = 0) -> Still:
    rgb = np.random.default_rng(seed).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    return Still("Pasted", picture=image_from_array(rgb, "Pasted"))


def fill(film: Film) -> list[tuple[int, int]]:
    return list(film.fill_thumbnails())


def test_reading_moves_to_the_picture(film: Film):
    picture = film.read(2)
    np.testing.assert_array_equal(picture.rgb, read_image(film.stills[2].path).rgb)
    assert film.index == 2


def test_a_picture_without_a_file_is_read_as_it_is(film: Film):
    still = pasted()
    assert film.read(film.add(still)) is still.picture


def test_what_cannot_be_read_moves_nowhere(film: Film):
    film.read(1)
    film.stills[2].path.write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"2\.png"):
        film.read(2)
    assert film.index == 1


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_a_place_that_is_not_there_is_refused(film: Film, index: int):
    with pytest.raises(UserError, match="the film strip has 3"):
        film.read(index)
    assert film.index == 0


def test_a_still_has_a_file_or_a_picture():
    with pytest.raises(ValueError, match="path or a picture"):
        Film([Still("nothing")]).read(0)


def test_adding_appends_and_finds_the_same_file_again(film: Film, tmp_path: Path):
    assert film.add(Still("extra.png", path=write_picture(tmp_path / "extra.png", 5))) == 3
    assert film.add(Still("1.png", path=film.stills[1].path)) == 1
    assert len(film) == 4
    assert film.add(pasted()) == 4
    assert film.add(pasted()) == 5, "pasted pictures have no file to know them by"


def test_a_file_that_is_added_again_is_read_anew(film: Film):
    path = film.stills[1].path
    good = path.read_bytes()
    path.write_bytes(b"not a picture")
    fill(film)
    assert film.stills[1].error
    path.write_bytes(good)
    film.add(Still("1.png", path=path))
    assert (film.stills[1].error, film.stills[1].thumbnail) == ("", None)
    assert fill(film) == [(1, 1)]
    assert film.stills[1].thumbnail is not None


def test_the_stills_handed_out_stay_as_they_were(film: Film):
    before = film.stills
    fill(film)
    film.add(pasted())
    assert len(before) == 3
    assert all(still.thumbnail is None for still in before)


def test_thumbnails_are_the_middle_squares_and_come_one_a_slice(film: Film):
    film.add(pasted())
    for done, (at, total) in enumerate(film.fill_thumbnails(), start=1):
        assert (at, total) == (done, 4)
        assert sum(still.thumbnail is not None for still in film.stills) == done
    for still in film.stills:
        picture = still.picture or read_image(still.path)
        np.testing.assert_array_equal(still.thumbnail, thumbnail(picture.rgb, THUMBNAIL))
        assert still.thumbnail.shape == (THUMBNAIL, THUMBNAIL, 3)
        assert not still.thumbnail.flags.writeable
    assert fill(film) == [], "none is read twice"


def test_what_cannot_be_shown_says_why_and_the_others_go_on(film: Film):
    film.stills[0].path.unlink()
    film.stills[1].path.write_bytes(b"")
    assert fill(film) == [(1, 3), (2, 3), (3, 3)]
    for still in film.stills[:2]:
        assert still.thumbnail is None
        assert still.error.endswith(".")
    assert film.stills[2].thumbnail is not None
    assert fill(film) == [], "what is known to be broken is not tried again"


def test_an_empty_film_strip():
    assert len(Film()) == 0
    assert fill(Film()) == []
    with pytest.raises(UserError):
        Film().read(0)
