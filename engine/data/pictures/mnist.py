"""MNIST and Fashion-MNIST from their four idx files, in a folder or in an archive of one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from engine.data.file_bytes import display_name
from engine.data.pictures.files import Files, NotThese, open_files
from engine.data.pictures.idx import LARGEST, read_idx
from engine.data.pictures.labelled import LabelledPictures, PictureData
from engine.data.pictures.naming import NumberedNames
from engine.data.pictures.pulse import Pulse
from engine.data.pictures.split import hold_out, part
from engine.errors import UserError

TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
}
SOURCES = {
    "mnist": "LeCun, Cortes and Burges (1998), MNIST; usually given as CC BY-SA 3.0",
    "fashion-mnist": "Xiao, Rasul and Vollgraf (2017), Fashion-MNIST; MIT licence",
}
LARGEST_SIDE = 256
_NAME = re.compile(r"(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?", re.IGNORECASE)

_Roles = dict[tuple[str, str], str]
"""("train" or "test", "images" or "labels") to the file that holds them."""


def load_mnist(dataset: str, path: Path, seed: int, pulse: Pulse) -> PictureData:
    """One of TITLES in `path`: a folder, one or more levels above the files, an archive, or one of the files.

    Where the test files are missing a tenth of the training pictures is held out. Raises UserError.
    """
    title, classes, source = TITLES[dataset], CLASSES[dataset], SOURCES[dataset]
    if _NAME.fullmatch(path.name) and path.is_file():
        path = path.parent
    with open_files(path, lambda name: _NAME.fullmatch(name) is not None) as files:
        roles = _choose(files, dataset)
        given = ("test", "images") in roles and ("test", "labels") in roles
        pictures, labels = _pair(files, roles, "train", title, pulse)
        names = NumberedNames("train", range(len(labels)))
        if not given:
            split = hold_out(labels, names, classes, seed)
            train, test = part(pictures, labels, names, split.train, split.test)
            return PictureData(dataset, title, classes, train, test, split.sentence, source)
        train = LabelledPictures(pictures, torch.from_numpy(labels), names)
        pictures, labels = _pair(files, roles, "test", title, pulse)
    test = LabelledPictures(pictures, torch.from_numpy(labels), NumberedNames("test", range(len(labels))))
    if pictures.shape[1:] != train.pictures.shape[1:]:
        why = f"the first have {train.pictures.shape[2]} pixels a side and the others {pictures.shape[2]}"
        raise UserError(f"{title}'s training and test pictures do not belong together", why)
    split = f"The test pictures are {title}'s own {len(test):,}."
    return PictureData(dataset, title, classes, train, test, split, source)


def _choose(files: Files, dataset: str) -> _Roles:
    """The set in the folder nearest to the top that is not, by its name, the other one of the two."""
    folders: dict[str, _Roles] = {}
    for name in files.names:
        folder, _, own = name.rpartition("/")
        found = _NAME.fullmatch(own)
        if found is not None:
            role = ("train" if found[1].lower() == "train" else "test", found[2].lower())
            folders.setdefault(folder, {}).setdefault(role, name)  # plain before packed, as in a dictionary
    needed = {("train", "images"), ("train", "labels")}
    whole = [folder for folder in folders if needed <= {*folders[folder]} and not _of_other(folder, dataset)]
    if not whole:
        raise _missing(files.title, dataset, folders.values())
    return folders[min(whole, key=lambda folder: (folder != "", folder.count("/"), folder))]


def _of_other(folder: str, dataset: str) -> bool:
    """Whether a sub-folder's name says that it holds the other set, whose files have the same names."""
    if "fashion" in folder.lower():
        return dataset == "mnist"
    return "mnist" in folder.lower() and dataset == "fashion-mnist"


def _missing(where: str, dataset: str, found: Iterable[_Roles]) -> UserError:
    there = sorted({display_name(name) for roles in found for name in roles.values()})
    why = f"only {', '.join(there)} is there" if there else "its files are not there"
    then = (
        "Choose the folder with train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two that "
        "begin with t10k, or have them fetched"
    )
    kind = UserError if there else NotThese
    return kind(f"{where} does not hold {TITLES[dataset]}", why, then)


def _pair(
    files: Files, roles: _Roles, which: str, title: str, pulse: Pulse
) -> tuple[torch.Tensor, np.ndarray]:
    """(N, 1, S, S) uint8 and (N,) int64."""
    what = f"Reading {title}'s {'training' if which == 'train' else 'test'} pictures"
    pulse(what, 0, 2)
    names = [roles[which, part] for part in ("images", "labels")]
    images = read_idx(files.read(names[0], LARGEST), display_name(names[0]), 3)
    pulse(what, 1, 2)
    labels = read_idx(files.read(names[1], LARGEST), display_name(names[1]), 1)
    _check(images, labels, *(display_name(name) for name in names))
    pulse(what, 2, 2)
    return torch.from_numpy(images)[:, None], labels.astype(np.int64)


def _check(images: np.ndarray, labels: np.ndarray, name: str, of_labels: str) -> None:
    count, height, width = images.shape
    if not count or height != width or not 1 < height <= LARGEST_SIDE:
        why = f"it holds {count:,} pictures of {height} × {width} pixels"
        raise UserError(f"{name} can't be used", why, "Choose a file of small square pictures")
    if len(labels) != count:
        why = f"there are {count:,} pictures and {len(labels):,} labels"
        raise UserError(f"{name} and {of_labels} do not belong together", why, "Copy or fetch them again")
    if labels.max() > 9:
        why = f"one of its labels is {labels.max()}, and there are ten classes"
        raise UserError(f"{of_labels} can't be used", why, "Copy or fetch it again")
