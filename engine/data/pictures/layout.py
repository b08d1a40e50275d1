"""From the paths of pictures to classes: one sub-folder a class, parted into train and test or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.data.image_folder import natural_key
from engine.data.pictures.naming import printable
from engine.data.pictures.split import listed
from engine.errors import UserError

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
"""Folders that hold the pictures to test on, the first that is there."""
_ADVICE = "Put the pictures of each class into a sub-folder that is named after it"


@dataclass(frozen=True)
class Item:
    """One picture and what it shows."""

    name: str
    """Its path among the files."""
    shown: str
    """The same without the folders around the classes: "cats/tom.jpg", "train/cats/tom.jpg"."""
    label: int


@dataclass(frozen=True)
class Layout:
    """Which pictures there are, and what each shows."""

    classes: tuple[str, ...]
    train: tuple[Item, ...]
    test: tuple[Item, ...]
    """Empty where none are given."""
    test_folder: str
    """Its name, or empty."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Path:
    name: str
    """As it is among the files."""
    parts: tuple[str, ...]
    """Below the folder that is looked at."""


def arrange(names: Sequence[str], title: str) -> Layout:
    """The classes in the folder `title` with the pictures `names`; single folders around are looked through.

    Raises UserError where there is no picture, no class folder, or only one.
    """
    if not names:
        then = "Choose a folder that holds PNG, JPEG, WebP, BMP, GIF, TIFF, PPM, AVIF or HEIC files"
        raise UserError(f"There is no picture in {title}", "none of its files is one by its name", then)
    paths = [_Path(name, tuple(name.split("/"))) for name in names]
    while True:
        tops = {path.parts[0] for path in paths if len(path.parts) > 1}
        train, test = _named(tops, TRAIN), _named(tops, TEST)
        if train and test:
            return _given(paths, train, test, title)
        if len(tops) != 1 or all(len(path.parts) < 3 for path in paths):
            return _layout(paths, [], ("", ""), title)
        paths = _below(paths, *tops)


def _named(tops: Iterable[str], words: Sequence[str]) -> str:
    """The folder with the first of those names, whatever its case; or nothing."""
    return next((top for word in words for top in sorted(tops) if top.lower() == word), "")


def _below(paths: Iterable[_Path], folder: str) -> list[_Path]:
    return [_Path(path.name, path.parts[1:]) for path in paths if path.parts[0] == folder and path.parts[1:]]


def _given(paths: list[_Path], train: str, test: str, title: str) -> Layout:
    others = sorted({path.parts[0] for path in paths if len(path.parts) > 1} - {train, test}, key=natural_key)
    layout = _layout(_below(paths, train), _below(paths, test), (train, test), title)
    if not others:
        return layout
    note = f"What lies in {listed([printable(other) for other in others])} is left out."
    return Layout(layout.classes, layout.train, layout.test, test, (*layout.notes, note))


def _layout(train: list[_Path], test: list[_Path], within: tuple[str, str], title: str) -> Layout:
    folders = {path.parts[0] for path in (*train, *test) if len(path.parts) > 1}
    classes = sorted(folders, key=lambda name: (natural_key(name), name))
    if not classes:
        why = "its pictures lie side by side, not in one folder a class"
        raise UserError(f"There is no class in {title}", why, _ADVICE)
    if len(classes) == 1:
        why = f"all its pictures are in “{printable(classes[0])}”, and there is nothing to tell them from"
        raise UserError(f"There is only one class in {title}", why, _ADVICE)
    labels = {name: label for label, name in enumerate(classes)}
    loose = sum(len(path.parts) == 1 for path in (*train, *test))
    notes = (f"Outside the folders of the classes {_lie(loose)}.",) if loose else ()
    trained, tested = (
        tuple(_item(path, folder, labels) for path in some if len(path.parts) > 1)
        for some, folder in zip((train, test), within, strict=True)
    )
    return Layout(tuple(printable(name) for name in classes), trained, tested, within[1], notes)


def _item(path: _Path, folder: str, labels: dict[str, int]) -> Item:
    shown = printable("/".join((folder, *path.parts) if folder else path.parts))
    return Item(path.name, shown, labels[path.parts[0]])


def _lie(count: int) -> str:
    return (
        "lies one picture, which is left out" if count == 1 else f"lie {count:,} pictures, which are left out"
    )
