"""Files in a folder of which each belongs to one process, and those whose process has ended."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.file_lock import FileLock

PLACES = 4
"""Files at most: of so many processes at a time, or left behind by them."""


@dataclass(frozen=True)
class Place:
    """One file, there or not there yet, and the lock that makes it ours."""

    path: Path
    lock: FileLock

    @property
    def written(self) -> float:
        """When it was written last, in seconds since 1970; 0 where it is not there."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0


class Shelf:
    """Holds a place of its own to write to, and every file that a process which has ended left behind.

    Another process sees neither while this one lives. What a killed one was just writing is removed. Where
    every place is taken by a file that was left behind, the oldest makes room. Raises UserError where the
    folder cannot be written, or all places belong to others.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Files are called `name`-1.safetensors and so on."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = [place for number in range(1, PLACES + 1) if (place := _taken(folder, f"{name}-{number}"))]
        except OSError as error:
            why = error.strerror or "the disk refuses it"
            raise UserError(f"{folder} cannot be used", why, details=repr(error)) from error
        if not free:
            raise UserError(f"{folder} cannot be used", f"{PLACES} windows use it already", "Close one")
        free.sort(key=lambda place: place.written)
        self.own = free.pop(0)
        """An empty place, or the oldest file."""
        self.left = [place for place in reversed(free) if place.written]
        """What was left behind, newest first."""
        for place in free:
            if place not in self.left:
                place.lock.release()

    def take(self, place: Place) -> None:
        """Go on with a file that was left behind, in the place of one's own, which is given up."""
        self.left.remove(place)
        former, self.own = self.own, place
        _remove(former)

    def forget(self, place: Place) -> None:
        """Remove a file that was left behind."""
        self.left.remove(place)
        _remove(place)

    def put_aside(self, place: Place) -> str:
        """Keep a file that is of no use here as `.bak`, whose name is returned."""
        self.left.remove(place)
        aside = place.path.with_name(f"{place.path.name}.bak")
        with contextlib.suppress(OSError):
            os.replace(place.path, aside)
        place.lock.release()
        return aside.name

    def clear(self) -> None:
        """Remove the file in one's own place."""
        with contextlib.suppress(OSError):
            self.own.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let others see what is left."""
        for place in (self.own, *self.left):
            place.lock.release()


def _remove(place: Place) -> None:
    with contextlib.suppress(OSError):
        place.path.unlink(missing_ok=True)
    place.lock.release()


def _taken(folder: Path, name: str) -> Place | None:
    """The place of that name, unless it belongs to another process."""
    lock = FileLock.take(folder / f"{name}.lock")
    if lock is None:
        return None
    path = folder / f"{name}.safetensors"
    for torn in folder.glob(f".{path.name}.*.partial"):
        torn.unlink(missing_ok=True)
    return Place(path, lock)
