"""Curves as data: their values, where one is known, and which one lies where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gui.panels.plot_ticks import Floats, Kind

NEAR = 3.0
"""Points this much further from the pointer along x than the nearest are as near (pixels)."""


@dataclass(frozen=True)
class Curve:
    """One curve of a plot."""

    name: str
    x: ArrayLike
    """(n,) ascending."""
    y: ArrayLike
    """(n,), NaN where not measured (yet)."""
    colour: str | int = "accent"
    """A colour of the theme, or the place of a series without one: see `gui.panels.series`."""
    dashed: bool = False
    low: ArrayLike | None = None
    """(n,) lower edge of a band around the curve, such as the smallest value behind a mean."""
    high: ArrayLike | None = None
    """(n,) its upper edge; both or neither."""
    labelled: bool = True
    """Whether its name stands at its end; without, it is named only under the pointer."""


@dataclass(frozen=True)
class Level:
    """A horizontal line with a name: a threshold, or what guessing scores."""

    value: float
    name: str
    reached: bool = True
    """Whether the y axis reaches it even where no curve does."""
    inside: bool = False
    """Whether its name stands in the plot, under the line's left end, and not beside it among the curves'."""


@dataclass(frozen=True)
class Track:
    """A curve with checked arrays: `y` is NaN where nothing can be drawn."""

    name: str
    x: Floats
    y: Floats
    colour: str | int
    dashed: bool
    band: tuple[Floats, Floats] | None = None
    """Lower and upper edge, (n,) each, NaN where not known."""
    labelled: bool = True

    @property
    def known(self) -> NDArray[np.intp]:
        """Places where there is a value, ascending: (k,) indices."""
        return np.flatnonzero(np.isfinite(self.y))

    @property
    def last(self) -> int | None:
        """The last place where there is a value."""
        known = self.known
        return int(known[-1]) if len(known) else None

    def at(self, x: float) -> int | None:
        """The place of the value measured at `x`; None where none was."""
        place = int(np.searchsorted(self.x, x))
        is_there = place < len(self.x) and self.x[place] == x and np.isfinite(self.y[place])
        return place if is_there else None


def track(curve: Curve, kind: Kind) -> Track:
    """Check a curve; on a logarithmic axis zero and less cannot be drawn. Raises ValueError for its shape."""
    x, y = np.array(curve.x, np.float64), np.array(curve.y, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"Curve {curve.name!r} has x of shape {x.shape} and y of shape {y.shape}.")
    y[~np.isfinite(y) | ~np.isfinite(x)] = np.nan
    if kind == "log":
        y[~(y > 0)] = np.nan
    return Track(curve.name, x, y, curve.colour, curve.dashed, _band(curve, x), curve.labelled)


def _band(curve: Curve, x: Floats) -> tuple[Floats, Floats] | None:
    if curve.low is None or curve.high is None:
        return None
    low, high = np.array(curve.low, np.float64), np.array(curve.high, np.float64)
    if low.shape != x.shape or high.shape != x.shape:
        raise ValueError(f"The band of {curve.name!r} has edges of shape {low.shape} and {high.shape}.")
    return low, high


def extent(values: Iterable[Floats]) -> tuple[float, float] | None:
    """The least and the largest finite one of all values."""
    finite = [part[np.isfinite(part)] for part in values]
    finite = [part for part in finite if len(part)]
    if not finite:
        return None
    return float(min(part.min() for part in finite)), float(max(part.max() for part in finite))


def nearest(points: list[tuple[Floats, Floats]], x: float, y: float) -> tuple[int, int] | None:
    """(curve, place) of the point nearest along x and, among those as near, along y.

    `points` holds each curve's x and y (n,) on the screen, NaN where there is none.
    """
    best: tuple[float, float, int, int] | None = None
    apart = [np.abs(across - x) + np.where(np.isnan(down), np.nan, 0) for across, down in points]
    least = extent(apart)
    if least is None:
        return None
    for curve, (_, down) in enumerate(points):
        for place in np.flatnonzero(apart[curve] <= least[0] + NEAR):
            far = (abs(float(down[place]) - y), float(apart[curve][place]), curve, int(place))
            best = far if best is None else min(best, far)
    return None if best is None else best[2:]


def runs(across: Floats, down: Floats) -> list[tuple[int, int]]:
    """First and last place of each unbroken run of points that have both coordinates."""
    has = np.isfinite(across) & np.isfinite(down)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], has, [False]]).astype(np.int8)))
    return [(int(first), int(after) - 1) for first, after in edges.reshape(-1, 2)]
