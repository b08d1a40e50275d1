"""Labelled pictures to train on: digits, MNIST, Fashion-MNIST, CIFAR-10, or a person's own folder.

Importing this loads neither torch nor NumPy; reading does.
"""

from __future__ import annotations

from pathlib import Path

from engine.data.pictures.labelled import LabelledPictures, PictureData
from engine.data.pictures.naming import Names, NumberedNames
from engine.data.pictures.pulse import Pulse, silent
from engine.errors import UserError

__all__ = [
    "DATASETS",
    "FETCHED",
    "TITLES",
    "LabelledPictures",
    "Names",
    "NumberedNames",
    "PictureData",
    "Pulse",
    "fetch_pictures",
    "load_pictures",
    "silent",
]

TITLES = {
    "digits": "Handwritten digits",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "folder": "Your own folder",
}
DATASETS = tuple(TITLES)
FETCHED = ("mnist", "fashion-mnist", "cifar10")
"""Those that `fetch_pictures` gets from where they are published."""


def load_pictures(
    dataset: str, path: Path | None, *, seed: int = 0, side: int | None = None, pulse: Pulse = silent
) -> PictureData:
    """All pictures of one of DATASETS, in memory.

    `path` is where its files lie: a folder, an archive of them, or one of them; "digits" needs none. In the
    place of a data set's own files there may be its pictures, in a folder or zip by class. `seed`
    draws the test pictures where none are given. `side` in pixels is for "folder" only: all its pictures
    become that large; None takes what suits them. `pulse(what, done, total)` is called now and then, on the
    calling thread; what it raises stops the reading. Raises UserError.
    """
    if dataset not in DATASETS:
        raise UserError(
            f"There are no pictures called “{dataset}”", next=f"Choose one of {', '.join(DATASETS)}"
        )
    if dataset == "digits":
        from engine.data.pictures.digits import load_digits

        return load_digits(seed)
    if path is None:
        raise _no_path(dataset)
    if dataset == "folder":
        from engine.data.pictures.folder import load_folder

        return load_folder(Path(path), seed, side, pulse)
    from engine.data.pictures.files import NotThese

    try:
        return _published(dataset, Path(path), seed, pulse)
    except NotThese as not_these:
        return _as_folder(Path(path), seed, pulse, not_these)


def _published(dataset: str, path: Path, seed: int, pulse: Pulse) -> PictureData:
    """From the files that a data set was published as."""
    if dataset == "cifar10":
        from engine.data.pictures.cifar import load_cifar10

        return load_cifar10(path, seed, pulse)
    from engine.data.pictures.mnist import load_mnist

    return load_mnist(dataset, path, seed, pulse)


def _as_folder(path: Path, seed: int, pulse: Pulse, otherwise: UserError) -> PictureData:
    """From pictures by class; raises `otherwise` where there are none of those either."""
    from engine.data.pictures.folder import load_folder

    try:
        return load_folder(path, seed, None, pulse)
    except UserError:
        raise otherwise from None


def fetch_pictures(dataset: str, folder: Path, pulse: Pulse = silent) -> Path:
    """Fetch one of FETCHED into `folder`, on the person's asking only: returns the `path` to load it from.

    Files that are there already are kept. `pulse(what, bytes so far, all bytes)` is called as they arrive;
    what it raises stops it and leaves no half file. Raises UserError where there is no network, no room, or
    another file than expected.
    """
    from engine.data.pictures.fetching import fetch_dataset

    return fetch_dataset(dataset, Path(folder), pulse)


def _no_path(dataset: str) -> UserError:
    if dataset == "folder":
        then = "Choose a folder, or a zip archive, with one sub-folder of pictures for each class"
        return UserError("There is no folder to take pictures from", "none was chosen", then)
    title = TITLES[dataset]
    then = "Choose the folder that holds its files, or have it fetched"
    return UserError(f"Where {title} lies is not known", "no folder was chosen", then)
