"""Work that pauses between its slices, done at once where nobody waits for anything else."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

_Result = TypeVar("_Result")


def at_once(slices: Generator[None, None, _Result]) -> _Result:
    """Goes through all slices; returns what the generator returns in the end."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value
