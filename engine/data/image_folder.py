"""The pictures in a folder, for the film strip: their paths in a person's order, and their thumbnails."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.file_bytes import display_name
from engine.data.images import looks_like_image, read_image
from engine.errors import UserError

DEEPEST = 4
"""Levels of folders below the given one that are looked into."""
MOST_ENTRIES = 200_000
"""Names looked at before the search stops, so that a whole disk dropped on the window ends too."""


def find_images(folder: Path, limit: int = 5000) -> list[Path]:
    """The first `limit` pictures in `folder`: its own, then those of its folders, each in natural order.

    Told by name, not opened. Hidden files and folders are skipped, and a folder reached twice (through a
    link) is visited once. Raises UserError where `folder` can't be read or holds no picture.
    """
    folder = Path(folder)
    try:
        os.listdir(folder)
    except (OSError, ValueError) as error:
        raise unreadable_folder(folder, error) from error
    found = []
    for path in _walk(folder):
        found.append(path)
        if len(found) == limit:
            break
    if not found:
        raise UserError(
            f"There is no picture in the folder {display_name(folder)}",
            "none of its files is a PNG, JPEG, WebP, BMP, GIF, TIFF, PPM, AVIF or HEIC",
            "Open a folder with pictures in it",
        )
    return found


def natural_key(name: str) -> list[tuple[bool, int, str]]:
    """Sorts "img2" before "img10", and upper case among lower case."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(True, int(part), "") if part.isdecimal() else (False, 0, part) for part in parts]


def thumbnails(paths: Iterable[Path], size: int = 56) -> Iterator[tuple[int, np.ndarray | UserError]]:
    """Lazily, (index, picture) for each path: the middle square as (size, size, 3) uint8.

    A file that can't be shown gives its UserError instead, and the others go on.
    """
    for index, path in enumerate(paths):
        try:
            rgb = read_image(path, short_side=2 * size).rgb
        except UserError as error:
            yield index, error
        else:
            yield index, thumbnail(rgb, size)


def thumbnail(rgb: np.ndarray, size: int) -> np.ndarray:
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(np.ascontiguousarray(rgb[top : top + side, left : left + side]))
    return np.array(square.resize((size, size), Image.Resampling.BILINEAR))


def _walk(folder: Path) -> Iterator[Path]:
    """Every picture below `folder`, depth first; what can't be read on the way is passed over."""
    pending, visited, looked_at = [(folder, 0)], set(), 0
    while pending and looked_at < MOST_ENTRIES:
        here, depth = pending.pop()
        try:
            with os.scandir(here) as scan:
                entries = [entry for entry in scan if not entry.name.startswith(".")]
            found = os.stat(here)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in visited:
            continue
        visited.add((found.st_dev, found.st_ino))
        looked_at += len(entries)
        entries.sort(key=lambda entry: (natural_key(entry.name), entry.name))
        yield from (Path(e.path) for e in entries if looks_like_image(Path(e.name)) and _holds(e.is_file))
        if depth < DEEPEST:
            pending += [(Path(e.path), depth + 1) for e in reversed(entries) if _holds(e.is_dir)]


def _holds(question: Callable[[], bool]) -> bool:
    """The answer, or no where the system can't tell (a link that leads nowhere, or to itself)."""
    try:
        return question()
    except OSError:
        return False


def unreadable_folder(folder: Path, error: OSError | ValueError) -> UserError:
    """The sentence for a folder that the system does not list."""
    if isinstance(error, PermissionError):
        why = "reading it is not allowed"
    elif isinstance(error, NotADirectoryError):
        why = "it is not a folder"
    elif isinstance(error, FileNotFoundError):
        why = "there is no such folder any more"
    else:
        why = "the system refuses to list it"
    what = f"The folder {display_name(folder)} can't be read"
    return UserError(what, why, "Check where it is and that it may be read", details=repr(error))
