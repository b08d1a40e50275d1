"""Paths as data: points with labels in the order in which they were reached, and what of them to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gui.panels.plot_ticks import Floats

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Path:
    """One path, such as a hidden state on its way through a sentence."""

    name: str
    colour: str
    """A colour of the theme: "lstm", "gru", "muted" ..."""
    points: NDArray[np.floating]
    """(N, 3) principal components after each step; not a number where there is no point."""
    labels: Sequence[str]
    """(N,) what was read at each step, printable."""
    values: NDArray[np.floating] | None = None
    """(N,) a measured number at each step, such as surprise."""


@dataclass(frozen=True)
class Checked:
    """A path of our own arrays."""

    name: str
    colour: str
    points: Floats
    labels: tuple[str, ...]
    values: Floats | None
    known: Places
    """(k,) the places that have a point, ascending."""

    def __len__(self) -> int:
        return len(self.points)

    def has(self, place: int) -> bool:
        """Whether there is a point at this place."""
        return 0 <= place < len(self) and bool(np.isfinite(self.points[place, 0]))

    def step(self, place: int, by: int) -> int:
        """The place so many points further on or back, as far as the path goes."""
        at = int(np.searchsorted(self.known, place)) + by
        return int(self.known[min(max(at, 0), len(self.known) - 1)])


def check(path: Path) -> Checked:
    """Copy a path. Raises ValueError where its points, labels and values do not fit together."""
    points = np.array(path.points, np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"Path {path.name!r} has points of shape {points.shape}, not (N, 3).")
    if len(path.labels) != len(points):
        raise ValueError(f"Path {path.name!r} has {len(points)} points and {len(path.labels)} labels.")
    values = None if path.values is None else np.array(path.values, np.float64)
    if values is not None and values.shape != (len(points),):
        raise ValueError(f"Path {path.name!r} has {len(points)} points and values of shape {values.shape}.")
    points[~np.isfinite(points).all(1)] = np.nan
    known = np.flatnonzero(np.isfinite(points[:, 0]))
    labels = tuple(str(label) for label in path.labels)
    return Checked(path.name, path.colour, points, labels, values, known)


def thinned(across: Floats, down: Floats) -> Places:
    """The places that a line has to go through: those on another pixel than the one before, and gaps.

    `across`, `down`: (n,) pixels. The last place is always among them.
    """
    if not len(across):
        return np.empty(0, np.intp)
    moves = (np.diff(np.round(across)) != 0) | (np.diff(np.round(down)) != 0)
    return np.flatnonzero(np.concatenate([moves, [True]]))


def on_pixels_of_their_own(across: Floats, down: Floats) -> Places:
    """Of the points on one pixel the last: their places, ascending."""
    known = np.flatnonzero(np.isfinite(across))[::-1]
    pixels = np.round(across[known]).astype(np.int64) * 1_000_003 + np.round(down[known]).astype(np.int64)
    return np.sort(known[np.unique(pixels, return_index=True)[1]])
