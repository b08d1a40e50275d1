"""A folder of small texts laid out as the training command expects them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

WORDS = "the a of river stone was old and cold she he saw under bright morning naïve house".split()


def prose(seed: int, lines: int) -> str:
    chance = random.Random(seed)
    return "".join(" ".join(chance.choices(WORDS, k=12)) + ".\n" for _ in range(lines))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four short "novels", two of them the ones held out, and names."""
    folder = tmp_path / "data"
    (folder / "novels").mkdir(parents=True)
    books = ("emma", "dracula", "the-war-of-the-worlds", "anne-of-green-gables")
    for seed, name in enumerate(books):
        (folder / "novels" / f"{name}.txt").write_text(prose(seed, 120))
    (folder / "names_train.txt").write_text("\n".join(prose(9, 100).split()))
    return folder
