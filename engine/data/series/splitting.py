"""Holds out a tenth of each class of a person's own sequences, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARE = 10
"""One sequence in so many is held out; of two or more of a class at least one."""
_NAMED = 3
"""Classes named in a sentence before the others are counted."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Which sequences are trained on and which are tested on, as ascending indices."""

    train: np.ndarray
    test: np.ndarray
    sentence: str


def hold_out(labels: np.ndarray, classes: Sequence[str], seed: int) -> HeldOut:
    """A tenth of each class of `labels` (N,) int64; a class with one sequence is trained on only."""
    random = np.random.default_rng(seed)
    held, lonely = [], []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        if len(members) == 1:
            lonely.append(classes[label])
            continue
        held.append(members[: max(1, (len(members) + SHARE // 2) // SHARE)])
    test = np.sort(np.concatenate(held)) if held else np.empty(0, np.int64)
    train = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    said = f"A tenth of each class, drawn with seed {seed}, is held out: {len(test):,} of {len(labels):,}."
    if lonely:
        said += f" Of {listed(lonely)} there is only one sequence{' each' * (len(lonely) > 1)}: "
        said += "trained on and not tested."
    return HeldOut(train, test, said)


def listed(names: Sequence[str]) -> str:
    """ "cat", "cat and dog", "cat, cow, dog and 5 more"."""
    named = [*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
