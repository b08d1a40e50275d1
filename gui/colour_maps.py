"""Colour maps as 32-bit lookup tables, read from the files that pyqtgraph bundles."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

SEQUENTIAL = "viridis"
"""For magnitudes: perceptually uniform (Smith and van der Walt, 2015)."""

DIVERGING = "CET-D1A"
"""For signed values, centred on zero: blue, white, red (Kovesi, 2015, arXiv:1509.03700)."""

OPAQUE = np.uint32(0xFF000000)


@cache
def lookup(name: str = SEQUENTIAL) -> NDArray[np.uint32]:
    """The map's 256 colours as QImage.Format_RGB32 pixels (0xffRRGGBB): (256,), read-only.

    Raises ValueError for a map that is not there.
    """
    stops = _stops(name)
    places, wanted = np.linspace(0, 1, len(stops)), np.linspace(0, 1, 256)
    red, green, blue = (
        (np.interp(wanted, places, stops[:, part]) * 255 + 0.5).astype(np.uint32) for part in range(3)
    )
    table = OPAQUE | red << np.uint32(16) | green << np.uint32(8) | blue
    table.flags.writeable = False
    return table


def colours(levels: NDArray[np.uint8], name: str, out: NDArray[np.uint32]) -> None:
    """Write the map's colour of every level into `out`, of the same shape and contiguous."""
    flat, pixels = np.ascontiguousarray(levels).reshape(-1), out.reshape(-1)
    even = flat.size & ~1
    # No index can leave the table, so "clip" changes none; it lets numpy write without a second copy.
    _pairs(name).take(flat[:even].view(np.uint16), out=pixels[:even].view(np.uint64), mode="clip")
    pixels[even:] = lookup(name)[flat[even:]]


@cache
def _pairs(name: str) -> NDArray[np.uint64]:
    """The colours of two levels side by side, read as one number: half as many to look up."""
    two_levels = np.arange(65536, dtype=np.uint16).view(np.uint8)
    return lookup(name)[two_levels].view(np.uint64)


def colour(name: str, fraction: float) -> QColor:
    """The map's colour at `fraction` of its way from low (0) to high (1); beyond the ends, the end's."""
    level = round(min(1.0, max(0.0, fraction)) * 255)
    return QColor.fromRgb(int(lookup(name)[level]))


def _stops(name: str) -> NDArray[np.float64]:
    """The colours in the map's file: (stops, 3) in 0..1."""
    file = _folder() / f"{name}.csv"
    if not file.is_file():
        raise ValueError(f"There is no colour map called {name!r}.")
    return np.loadtxt(file, delimiter=",", comments=";", usecols=(0, 1, 2), ndmin=2)


@cache
def _folder() -> Path:
    """Where pyqtgraph keeps its maps, found without importing it: that would hold the window up for 0.8 s."""
    found = find_spec("pyqtgraph")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pyqtgraph, whose colour maps are used, is not installed.")
    return Path(found.origin).parent / "colors" / "maps"
