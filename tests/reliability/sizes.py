"""How often each kind of misfortune is tried: at each change, and in the long run. All numbers stand here."""

from __future__ import annotations

import os
from typing import NamedTuple

import pytest

SHARE = float(os.environ.get("GRIDLOOP_SOAK_SHARE", "1"))
"""Of the long part's counts that is done: with 0.01 it takes minutes, and shows that it works."""

PATIENCE = 600
"""Seconds that a test of the fast part may take, on a machine that does other things besides."""
HOURS = 4 * 3600


class Size(NamedTuple):
    """A misfortune's counts: those of the part that runs at each change, and those of the long part."""

    fast: int
    long: int
    patience: int = HOURS
    """Seconds that one test of the long part may take."""


SEEDS = Size(5, 50)
"""Clumsy hands, each with a seed of its own."""
ACTIONS = Size(2_000, 20_000)
"""What each of them does."""

RUNS_OF_THE_WORKER = Size(30, 1_000)
"""Sequences of commands that hypothesis makes up."""
COMMANDS = Size(20, 50)
"""Commands in each."""
STARTS = Size(6, 200)
"""Starts and stops of each lab."""
UPDATES = Size(6, 300)
"""Updates of each lab's networks, watched and not."""
DAMAGES = Size(500, 20_000)
"""Settings files with bytes damaged."""
KILLS = Size(50, 300)
"""Kill -9 of a process that saves, of each kind of file."""
PICTURES = Size(43, 3_000)
"""Damaged pictures of each format; the first number is that of tests/data/test_images.py."""
MINUTES = Size(0, 60)
"""Of training with every page shown in turn."""
ONCE = Size(1, 1)
"""What is the same in both parts, but for what its test looks up itself."""


class Scale(NamedTuple):
    """Which of the two parts a test is in."""

    is_long: bool

    def __call__(self, size: Size) -> int:
        return max(1, round(SHARE * size.long)) if self.is_long else size.fast


FAST, LONG = Scale(False), Scale(True)


def in_both_parts(size: Size = ONCE) -> pytest.MarkDecorator:
    """Run a test with `scale` FAST at each change, and LONG in the long part."""
    fast, long = pytest.param(FAST, marks=_short()), pytest.param(LONG, marks=_long(size))
    return pytest.mark.parametrize("scale", [fast, long], ids=["fast", "long"])


def with_seeds() -> pytest.MarkDecorator:
    """Run a test with every `seed` of a part, at the part's `scale`."""
    fast = [pytest.param(seed, FAST, id=f"fast-{seed}", marks=_short()) for seed in range(SEEDS.fast)]
    long = [pytest.param(seed, LONG, id=f"long-{seed}", marks=_long(SEEDS)) for seed in range(LONG(SEEDS))]
    return pytest.mark.parametrize(("seed", "scale"), [*fast, *long])


def _short() -> pytest.MarkDecorator:
    return pytest.mark.timeout(PATIENCE)


def _long(size: Size) -> list[pytest.MarkDecorator]:
    return [pytest.mark.soak, pytest.mark.timeout(size.patience)]
