"""Which kind of thing a path is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.kinds import kind_of


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ([], "folder"),
        (["a.png"], "folder"),
        (["a.txt"], "texts"),
        (["A.TXT", "b.md", "c.bin"], "texts"),
        (["credits.txt", "a.jpg"], "folder"),
        (["a"], "folder"),
    ],
)
def test_a_folder_is_one_of_texts_where_it_has_some_and_no_picture(
    tmp_path: Path, names: list[str], kind: str
):
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert kind_of(tmp_path) == kind


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["cat/1.png", "dog/2.jpg"], "classes"),
        (["cat/1.png"], "folder"),
        (["cat/1.png", "dog/2.jpg", "all.png"], "folder"),
        (["cat/1.txt", "dog/2.txt"], "text-classes"),
        (["cat/1.txt", "dog/2.bin"], "folder"),
        (["cat/1.png", "dog/2.jpg", ".hidden/3.txt", "labels.csv"], "classes"),
    ],
)
def test_a_folder_of_folders_of_pictures_has_classes(tmp_path: Path, names: list[str], kind: str):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert kind_of(tmp_path) == kind


def test_files_are_told_by_their_ending(tmp_path: Path):
    assert [kind_of(tmp_path / name) for name in ("a.PNG", "b.txt", "c.pt2", "d", "e.doc")] == [
        "image",
        "text",
        "model",
        "unknown",
        "unknown",
    ]
