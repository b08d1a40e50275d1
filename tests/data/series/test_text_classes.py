"""Texts by class: windows that hold all and overlap nowhere, and a person's own folder of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.series.text_classes import (
    MOST_TOKENS,
    PADDING,
    UNKNOWN,
    ClassTexts,
    LabelledTexts,
    label_texts,
    read_text_folder,
)
from engine.errors import UserError

WORDS = {"owls": "whoo tu-whit night feather ", "cows": "moo grass field milk barn "}


def story(animal: str, chapters: int, start: int = 0) -> str:
    """A text no two parts of which are alike, so that an overlap would show."""
    return " ".join(f"{WORDS[animal]}{number}" for number in range(start, start + chapters))


def written(data: LabelledTexts, side: str, label: int) -> list[str]:
    x, y = getattr(data, f"{side}_x"), getattr(data, f"{side}_y")
    return ["".join(data.decode(row)) for row in x[y == label]]


def test_windows_hold_the_whole_text_once():
    text = story("owls", 40)
    data = label_texts("t", {name: ClassTexts((text,), (text,)) for name in ("a", "b")}, "x.", length=50)
    windows = written(data, "train", 0)
    assert text.startswith("".join(windows))
    assert len(text) - len("".join(windows)) < 12
    assert (data.train_x.shape[1], data.length, data.positions) == (50, 50, "character")


def test_a_short_text_is_padded_in_front_and_a_long_one_keeps_its_end():
    data = label_texts(
        "t", {name: ClassTexts((story(name, 9),), (story(name, 3),)) for name in WORDS}, "x.", 30
    )
    short, long = data.encode("moo  \n field"), data.encode("grass " * 20 + "at night")
    assert (short[:21] == PADDING).all()
    assert "".join(data.decode(short)) == "moo field"
    assert "".join(data.decode(long)) == ("grass " * 20 + "at night")[-30:]
    assert data.encode("ж moo")[-5] == UNKNOWN
    assert data.decode(data.encode("\ud800"))[-1] == "\N{REPLACEMENT CHARACTER}"
    assert (data.encode("") == PADDING).all()


def test_the_vocabulary_is_bounded_and_serves_the_small_class_too():
    many = "".join(chr(0x4E00 + number) * 2 for number in range(2000))
    texts = {"cjk": ClassTexts((many,), (many,)), "ascii": ClassTexts(("abc " * 9,), ("abc " * 9,))}
    data = label_texts("t", texts, "x.")
    assert data.vocabulary_size == MOST_TOKENS
    assert {*"abc "} <= {*data.vocabulary}


def test_few_files_of_a_class_are_parted_by_place(tmp_path: Path):
    for animal in WORDS:
        (tmp_path / f"{animal}.txt").write_text(story(animal, 200))
    data = read_text_folder(tmp_path)
    assert data.classes == ("cows", "owls")
    for label, animal in enumerate(data.classes):
        train, test = "".join(written(data, "train", label)), "".join(written(data, "test", label))
        whole = story(animal, 200)
        assert whole.startswith(train)
        assert whole[int(len(whole) * 0.9) - 1 :].find(test) in (0, 1, 2)
        assert len(test) == pytest.approx(len(whole) / 10, abs=12)
    assert "last tenth" in data.about


def test_many_files_of_a_class_are_parted_by_file(tmp_path: Path):
    for animal in WORDS:
        (tmp_path / animal).mkdir()
        for number in range(20):
            (tmp_path / animal / f"{number}.txt").write_text(story(animal, 12, 1000 * number))
    data, same = read_text_folder(tmp_path, seed=4), read_text_folder(tmp_path, seed=4)
    assert np.array_equal(data.test_x, same.test_x)
    texts = [story("cows", 12, 1000 * number) for number in range(20)]
    held = "\n".join(written(data, "test", 0))
    learned = "\n".join(written(data, "train", 0))
    sides = [(text[:40] in held, text[:40] in learned) for text in texts]
    assert sides.count((True, False)) == 2
    assert sides.count((False, True)) == 18


def test_any_encoding_and_the_files_that_are_none(tmp_path: Path):
    (tmp_path / "owls.txt").write_bytes(story("owls", 60).encode("utf-16"))
    (tmp_path / "cows").mkdir()
    (tmp_path / "cows" / "one.txt").write_bytes((story("cows", 60) + " Kühe").encode("latin-1"))
    (tmp_path / "cows" / "two.txt").write_bytes(bytes(range(256)) * 9)
    (tmp_path / ".hidden.txt").write_text(story("owls", 60))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    data = read_text_folder(tmp_path)
    assert data.classes == ("cows", "owls")
    assert "two.txt is not text" in data.about


def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path: Path):
    with pytest.raises(UserError, match="none of its files can be read"):
        read_text_folder(tmp_path)
    (tmp_path / "owls.txt").write_text(story("owls", 60))
    with pytest.raises(UserError, match="the only class is “owls”"):
        read_text_folder(tmp_path)
    (tmp_path / "cows.txt").write_text("moo")
    with pytest.raises(UserError, match="too little text: of cows"):
        read_text_folder(tmp_path)
    (tmp_path / "cows.txt").write_text("")
    with pytest.raises(UserError, match="the only class"):
        read_text_folder(tmp_path)
    with pytest.raises(UserError):
        read_text_folder(tmp_path / "missing")
    with pytest.raises(UserError):
        read_text_folder(tmp_path / "owls.txt")


def test_a_class_with_too_little_is_left_out_and_named(tmp_path: Path):
    for animal in WORDS:
        (tmp_path / f"{animal}.txt").write_text(story(animal, 60))
    (tmp_path / "bees.txt").write_text("bzz")
    data = read_text_folder(tmp_path)
    assert data.classes == ("cows", "owls")
    assert "with too little text: bees" in data.about
