"""Reads many pictures of any size into one array of squares, several at a time, each failure by itself."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.data.images import FORMATS, MAX_BYTES, decode_image
from engine.data.pictures.files import Files
from engine.data.pictures.naming import printable
from engine.data.pictures.pulse import Pulse
from engine.data.quiet_warnings import warnings_off
from engine.errors import UserError

SIDES = (32, 64, 96, 128, 224)
MOST_BYTES = 1_000_000_000
"""Of all pictures together."""
LOOKED_AT = 256
"""Pictures, evenly spaced, whose sizes decide the side."""
GAP = 3
"""A picture that is more than so many times as large is first averaged over whole pixels, down to no less:
what the bicubic filter then makes of it can't be told from what it makes of the original."""
LEFT_OUT = " is left out"
"""What is said of a picture that can't be read, after its name."""
_CHUNK = 32
_MOST_THREADS = 8


@dataclass(frozen=True, eq=False)
class Squares:
    """What became of each picture that was asked for."""

    rgb: np.ndarray
    """(N, 3, S, S) uint8; where `read` is false there is nothing."""
    read: np.ndarray
    """(N,) bool."""
    grey: np.ndarray
    """(N,) bool: its three channels are the same."""
    skipped: tuple[UserError, ...]
    """In order; each calls the picture by its path."""


def fitting_side(files: Files, names: Sequence[str], pulse: Pulse) -> int:
    """The smallest of SIDES in which half of the pictures needn't be reduced; the largest where none is."""
    step = -(-len(names) // LOOKED_AT)
    sides = []
    for done, name in enumerate(names[::step]):
        pulse("Looking at the sizes of the pictures", done, len(names[::step]))
        if (size := _short_side(files, name)) is not None:
            sides.append(size)
    median = float(np.median(sides)) if sides else SIDES[-1]
    return next((side for side in SIDES if side >= median), SIDES[-1])


def affordable_side(side: int, count: int) -> int:
    """`side`, or the largest of SIDES in which `count` pictures fit in MOST_BYTES; at least the smallest."""
    if count * 3 * side * side <= MOST_BYTES:
        return side
    smaller = [each for each in SIDES if each < side and count * 3 * each * each <= MOST_BYTES]
    return max(smaller, default=min(side, SIDES[0]))


def read_squares(files: Files, names: Sequence[str], side: int, pulse: Pulse) -> Squares:
    """Every picture as `side` x `side` pixels: its short side resized, its centre cropped.

    Decoding and resizing let go of the interpreter, so threads share the work. What can't be read is
    skipped. Raises UserError where there is not enough memory.
    """
    count = len(names)
    try:
        rgb = np.empty((count, 3, side, side), np.uint8)
    except MemoryError as error:
        what = f"{count:,} pictures of {side} × {side} pixels do not fit in memory"
        raise UserError(what, "", "Choose fewer pictures, or a smaller side", details=repr(error)) from error
    read, grey = np.zeros(count, bool), np.zeros(count, bool)
    failures: dict[int, UserError] = {}

    def read_some(start: int) -> int:
        indices = range(start, min(start + _CHUNK, count))
        for index in indices:
            try:
                square = _read_one(files, names[index], side)
            except UserError as error:
                failures[index] = _without_traceback(names[index], error)
            else:
                rgb[index] = square.transpose(2, 0, 1)
                read[index], grey[index] = True, _is_grey(square)
        return len(indices)

    pool = ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS), "pictures")
    try:
        _wait(pool, [pool.submit(read_some, start) for start in range(0, count, _CHUNK)], count, pulse)
    finally:
        pool.shutdown(cancel_futures=True)
    return Squares(rgb, read, grey, tuple(failures[index] for index in sorted(failures)))


def square(rgb: np.ndarray, side: int) -> np.ndarray:
    """`rgb` (H, W, 3) uint8 as (side, side, 3), by torchvision's Resize (antialiased bicubic) and CenterCrop.

    Only the crop is computed, so that single values may differ by one level.
    """
    height, width = rgb.shape[:2]
    if height == width == side:
        return rgb
    short = min(height, width)
    across, down = (_span(length, int(side * length / short), side) for length in (width, height))
    box = (across[0], down[0], across[1], down[1])
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BICUBIC, box=box))


def _span(length: int, resized: int, side: int) -> tuple[float, float]:
    """Where in the original the `side` pixels in the middle of the resized length begin and end."""
    start = round((resized - side) / 2)
    return start * length / resized, min(float(length), (start + side) * length / resized)


def _wait(pool: ThreadPoolExecutor, futures: list[Future[int]], count: int, pulse: Pulse) -> None:
    done = 0
    pulse("Reading pictures", 0, count)
    for future in as_completed(futures):
        done += future.result()
        pulse("Reading pictures", done, count)


def _read_one(files: Files, name: str, side: int) -> np.ndarray:
    data = files.read(name, MAX_BYTES)
    return square(decode_image(data, name, short_side=GAP * side).rgb, side)


def _without_traceback(name: str, error: UserError) -> UserError:
    """A new error that was never raised: a raised one keeps the picture's bytes in memory."""
    return UserError(f"{printable(name)}{LEFT_OUT}", error.why or error.what, details=error.details)


def _is_grey(rgb: np.ndarray) -> bool:
    return bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())


def _short_side(files: Files, name: str) -> int | None:
    """From the picture's header alone; None where that can't be read."""
    try:
        with warnings_off(), Image.open(io.BytesIO(files.read(name, MAX_BYTES)), formats=FORMATS) as image:
            return min(image.size)
    except Exception:  # Pillow raises at least nine types; reading the picture will say what is wrong
        return None
