"""A person's own folder of pictures, one sub-folder a class, or a zip archive of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engine.data.images import looks_like_image
from engine.data.pictures.files import open_files
from engine.data.pictures.labelled import PictureData
from engine.data.pictures.layout import Item, Layout, arrange
from engine.data.pictures.naming import printable
from engine.data.pictures.pulse import Pulse
from engine.data.pictures.split import Split, hold_out, listed, part
from engine.data.pictures.squares import LEFT_OUT, Squares, affordable_side, fitting_side, read_squares
from engine.errors import UserError

SMALLEST_SIDE, LARGEST_SIDE = 8, 512


def load_folder(path: Path, seed: int, side: int | None, pulse: Pulse) -> PictureData:
    """All pictures in the class folders of `path`, made `side` x `side` pixels, grey where all of them are.

    Folders named train and test (or val, valid, validation) give the test pictures; else a tenth of each
    class is held out. Raises UserError where there are not two classes with a picture that can be read.
    """
    if side is not None and not SMALLEST_SIDE <= side <= LARGEST_SIDE:
        then = f"Choose between {SMALLEST_SIDE} and {LARGEST_SIDE}"
        raise UserError(f"Pictures of {side} × {side} pixels can't be trained on", next=then)
    with open_files(path, lambda name: looks_like_image(Path(name))) as files:
        layout = arrange(files.names, files.title)
        items = (*layout.train, *layout.test)
        names = [item.name for item in items]
        wished = fitting_side(files, names, pulse) if side is None else side
        affordable = affordable_side(wished, len(names))
        squares = read_squares(files, names, affordable, pulse)
    notes = (*layout.notes, *_smaller(wished, affordable, len(names)))
    return _assemble(files.title, layout, items, squares, notes, seed)


def _assemble(
    title: str, layout: Layout, items: tuple[Item, ...], squares: Squares, notes: tuple[str, ...], seed: int
) -> PictureData:
    if not squares.read.any():
        raise _nothing_read(title, len(items), squares.skipped[0])
    labels, classes, more = _without_empty(layout.classes, items, squares.read, title)
    names = tuple(item.shown for item in items)
    split = _part_items(layout, labels, names, classes, squares.read, seed)
    if not len(split.train):
        raise UserError(
            f"There is no picture to train on in {title}", "all that can be read are test pictures"
        )
    pictures = torch.from_numpy(squares.rgb)
    if squares.grey[squares.read].all():
        pictures = pictures[:, :1].contiguous()
    train, test = part(pictures, labels, names, split.train, split.test)
    source = f"The pictures in {title}"
    all_notes = (*notes, *more)
    return PictureData(
        "folder", title, classes, train, test, split.sentence, source, squares.skipped, all_notes
    )


def _part_items(
    layout: Layout,
    labels: np.ndarray,
    names: tuple[str, ...],
    classes: tuple[str, ...],
    read: np.ndarray,
    seed: int,
) -> Split:
    """As the folders say, or a tenth held out."""
    to_test = np.arange(len(labels)) >= len(layout.train)
    train, test = np.flatnonzero(read & ~to_test), np.flatnonzero(read & to_test)
    if len(test):
        said = f"The test pictures are the {len(test):,} in “{printable(layout.test_folder)}”."
        if unseen := sorted(set(labels[test]) - set(labels[train])):
            said += f" Of {listed([classes[label] for label in unseen])} there is nothing to train on."
        if untested := sorted(set(labels[train]) - set(labels[test])):
            said += f" Of {listed([classes[label] for label in untested])} there is nothing to test on."
        return Split(train, test, said)
    split = hold_out(labels[train], [names[index] for index in train], classes, seed)
    return Split(train[split.train], train[split.test], split.sentence)


def _without_empty(
    classes: tuple[str, ...], items: tuple[Item, ...], read: np.ndarray, title: str
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(N,) labels, the classes and a note, once those are gone of which no picture can be read."""
    labels = np.array([item.label for item in items], np.int64)
    kept = np.unique(labels[read])
    if len(kept) < 2:
        why = f"of the others than “{classes[kept[0]]}” no picture can be read"
        raise UserError(f"There is only one class in {title}", why, "Copy its pictures again")
    gone = [name for label, name in enumerate(classes) if label not in kept]
    notes = (f"No picture of {listed(gone)} can be read: {_they(gone)} left out.",) if gone else ()
    return np.searchsorted(kept, labels), tuple(classes[label] for label in kept), notes


def _they(gone: list[str]) -> str:
    return "it is" if len(gone) == 1 else "they are"


def _nothing_read(title: str, count: int, first: UserError) -> UserError:
    what = f"None of the {count:,} pictures in {title} can be read"
    why = f"with {first.what.removesuffix(LEFT_OUT)}, for one, {first.why}"
    return UserError(what, why, "Choose a folder of pictures that open elsewhere", details=first.details)


def _smaller(wished: int, side: int, count: int) -> tuple[str, ...]:
    if side == wished:
        return ()
    need = count * 3 * wished * wished / 1e9
    return (
        f"{count:,} pictures of {wished} × {wished} pixels would take {need:.1f} GB, "
        f"so they are made {side} × {side}.",
    )
