"""CIFAR-10 from its own files, binary or Python version, in a folder, a zip or the tar.gz of its page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch

from engine.data.file_bytes import display_name
from engine.data.pictures.cifar_pickle import read_batch, read_class_names
from engine.data.pictures.files import Files, NotThese, open_files
from engine.data.pictures.labelled import LabelledPictures, PictureData
from engine.data.pictures.naming import NumberedNames
from engine.data.pictures.pulse import Pulse
from engine.data.pictures.split import hold_out, part
from engine.errors import UserError

TITLE = "CIFAR-10"
SOURCE = "Krizhevsky (2009), CIFAR-10; given for research, without the text of a licence"
CLASSES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
SIDE, CHANNELS = 32, 3
PIXELS = CHANNELS * SIDE * SIDE
BATCHES = 5
LARGEST = 64 * 2**20
"""Bytes of one file, twice what the largest has."""
_NAME = re.compile(r"(data_batch_[1-5]|test_batch)(\.bin)?|batches\.meta(\.txt)?")
_ARCHIVE = re.compile(r"cifar-10-(binary|python)\.tar(\.gz)?")


def load_cifar10(path: Path, seed: int, pulse: Pulse) -> PictureData:
    """The set in `path`: a folder, one or more levels above the files, an archive, or one of the files.

    Where the test batch is missing a tenth of the training pictures is held out. Raises UserError.
    """
    if _NAME.fullmatch(path.name) and path.is_file():
        path = path.parent
    with open_files(_archive_in(path), lambda name: _NAME.fullmatch(name) is not None) as files:
        batches = _choose(files)
        parts = [batch for batch in batches if batch.startswith("data")]
        pictures, labels = _read_all(files, [batches[batch] for batch in parts], pulse)
        classes = _classes(files, batches)
        names = NumberedNames("train", range(len(labels)))
        missing = BATCHES - len(parts)
        notes = (f"{missing} of its {BATCHES} training files are missing.",) if missing else ()
        if "test_batch" not in batches:
            split = hold_out(labels, names, classes, seed)
            train, test = part(pictures, labels, names, split.train, split.test)
            return PictureData("cifar10", TITLE, classes, train, test, split.sentence, SOURCE, notes=notes)
        train = LabelledPictures(pictures, torch.from_numpy(labels), names)
        pictures, labels = _read_all(files, [batches["test_batch"]], pulse)
    test = LabelledPictures(pictures, torch.from_numpy(labels), NumberedNames("test", range(len(labels))))
    split = f"The test pictures are {TITLE}'s own {len(test):,}."
    return PictureData("cifar10", TITLE, classes, train, test, split, SOURCE, notes=notes)


def _archive_in(path: Path) -> Path:
    """The tar archive in the folder `path`, as it is fetched, or else `path`."""
    try:
        found = sorted(entry for entry in path.iterdir() if _ARCHIVE.fullmatch(entry.name))
    except OSError:
        found = []  # whatever it is, opening it will say
    return found[0] if found else path


def _choose(files: Files) -> dict[str, str]:
    """The files of "data_batch_1" and so on, in the folder nearest to the top that has one; binary first."""
    versions: dict[tuple[str, bool], dict[str, str]] = {}
    for name in files.names:
        folder, _, own = name.rpartition("/")
        python = not own.endswith((".bin", ".txt"))
        batch = own.removesuffix(".bin").removesuffix(".txt")
        versions.setdefault((folder, python), {})[batch] = name
    for folder, python in sorted(versions, key=lambda at: (at[0] != "", at[0].count("/"), at)):
        found = versions[folder, python]
        if any(batch.startswith("data") for batch in found):
            return found
    raise NotThese(
        f"{files.title} does not hold {TITLE}",
        "neither data_batch_1.bin nor data_batch_1 is there",
        "Choose the folder with its files or cifar-10-binary.tar.gz, or have it fetched",
    )


def _classes(files: Files, batches: dict[str, str]) -> tuple[str, ...]:
    """As the file beside the batches says, where there is one."""
    if "batches.meta" not in batches:
        return CLASSES
    name = batches["batches.meta"]
    data, own = files.read(name, LARGEST), display_name(name)
    binary = name.endswith(".txt")
    given = tuple(data.decode("utf-8", "replace").split()) if binary else read_class_names(data, own)
    if len(given) != len(CLASSES):
        why = f"it names {len(given)} classes, and there are {len(CLASSES)}"
        raise UserError(f"{own} can't be used", why, "Copy or fetch it again")
    return given


def _read_all(files: Files, names: list[str], pulse: Pulse) -> tuple[torch.Tensor, np.ndarray]:
    """(N, 3, 32, 32) uint8 and (N,) int64."""
    parts = []
    for done, name in enumerate(names):
        pulse(f"Reading {display_name(name)}", done, len(names))
        parts.append(_read_one(files.read(name, LARGEST), display_name(name)))
    pulse(f"Reading {TITLE}", len(names), len(names))
    pictures = np.concatenate([values for values, _ in parts]).reshape(-1, CHANNELS, SIDE, SIDE)
    return torch.from_numpy(pictures), np.concatenate([labels for _, labels in parts])


def _read_one(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3072) uint8 and (N,) int64. In the binary version a byte of label precedes each picture."""
    if name.endswith(".bin"):
        if len(data) % (PIXELS + 1):
            why = f"its {len(data):,} bytes are no whole number of pictures"
            raise UserError(f"{name} is damaged or cut short", why, "Copy or fetch it again")
        rows = np.frombuffer(data, np.uint8).reshape(-1, PIXELS + 1)
        values, labels = rows[:, 1:], rows[:, 0].astype(np.int64)
    else:
        values, labels = read_batch(data, name)
    if values.shape != (len(labels), PIXELS) or not len(labels):
        why = f"it holds an array of {values.shape} and {len(labels):,} labels"
        raise UserError(f"{name} can't be used", why, "Copy or fetch it again")
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        why = "one of its labels is none of the ten classes"
        raise UserError(f"{name} can't be used", why, "Copy or fetch it again")
    return values, labels
