"""Holds out a tenth of each class to test on, where a set comes without test pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.data.pictures.labelled import LabelledPictures
from engine.data.pictures.naming import Names, chosen

SHARE = 10
"""One picture in so many is held out; of two or more of a class at least one."""
_BLOCK = 1024
"""Pictures moved at a time."""
_NAMED = 3
"""Classes named in a sentence before the others are counted."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which pictures are trained on and which are tested on."""

    train: np.ndarray
    """Ascending indices."""
    test: np.ndarray
    sentence: str


def hold_out(labels: np.ndarray, names: Names, classes: Sequence[str], seed: int) -> Split:
    """A tenth of each class, at least one picture of each that has two.

    Drawn by hashing seed and name, so that neither the order of the files nor what other classes hold
    changes it. `labels` is (N,) int64.
    """
    held, lonely = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = max(1, (len(members) + SHARE // 2) // SHARE)
        if len(members) == 1:
            lonely.append(classes[label])
        else:
            held += sorted(members.tolist(), key=lambda index: _lot(names[index], seed))[:count]
    test = np.array(sorted(held), np.int64)
    train = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    return Split(train, test, _sentence(len(test), len(labels), seed, lonely))


def part(
    pictures: torch.Tensor, labels: np.ndarray, names: Names, train: np.ndarray, test: np.ndarray
) -> tuple[LabelledPictures, LabelledPictures]:
    """`pictures` (N, C, H, W) parted into those at `train` and those at `test`, both ascending.

    The first are moved together in place and the others copied: a set that fills half the memory can be
    parted. `pictures` is used up by it.
    """
    tested = pictures[torch.from_numpy(test)]
    for start in range(0, len(train), _BLOCK):
        indices = train[start : start + _BLOCK]
        # What is read lies at or behind what is written, and was copied before.
        pictures[start : start + len(indices)] = pictures[torch.from_numpy(indices)]
    return _labelled(pictures[: len(train)], labels, names, train), _labelled(tested, labels, names, test)


def _labelled(
    pictures: torch.Tensor, labels: np.ndarray, names: Names, indices: np.ndarray
) -> LabelledPictures:
    return LabelledPictures(pictures, torch.from_numpy(labels[indices]), chosen(names, indices.tolist()))


def listed(names: Sequence[str]) -> str:
    """ "cat", "cat and dog", "cat, cow, dog and 5 more"."""
    named = [*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _lot(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _sentence(held: int, count: int, seed: int, lonely: list[str]) -> str:
    if not held:
        return "There are no test pictures: every class has only one picture, which is trained on."
    said = f"A tenth of each class, drawn with seed {seed}, is held out: {held:,} of {count:,} pictures."
    if lonely:
        said += f" Of {listed(lonely)} there is only one picture{' each' * (len(lonely) > 1)}: "
        said += "trained on and not tested."
    return said
