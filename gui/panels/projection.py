"""Points of three numbers on a flat canvas: limits that hold, turning, zooming, and the orthographic view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import cos, hypot, pi, radians, sin

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from gui.panels.plot_ticks import Floats, Scale

SLIGHTEST, CLOSEST = 0.5, 60.0
"""How many times the picture may be made smaller and larger."""
PAD = 14.0
"""Least distance of the limits from the frame, in device-independent pixels."""
EXTENDS = 0.1
"""Limits are extended in steps of this share of their span, so that they do not creep with every point."""
STRETCH = 2.0
"""How many times longer a unit may be along one axis of the plane than along the other, to fill its frame."""
PER_PIXEL = 0.01
"""Radians that the box turns while the pointer moves by a pixel."""


@dataclass(frozen=True)
class Limits:
    """The part of space that is looked at: (3,) low and (3,) high ends, low < high."""

    low: Floats
    high: Floats

    @property
    def middle(self) -> Floats:
        return (self.low + self.high) / 2

    @property
    def span(self) -> Floats:
        return self.high - self.low

    @property
    def corners(self) -> Floats:
        """(8, 3), the last coordinate varying fastest."""
        return np.array(list(product(*zip(self.low, self.high, strict=True))))

    def extended(self, points: Floats) -> Limits:
        """Limits that contain the points (n, 3) as well, in whole steps of `EXTENDS`."""
        step = self.span * EXTENDS
        below = np.ceil((self.low - points.min(0, initial=np.inf)) / step - 1e-9)
        above = np.ceil((points.max(0, initial=-np.inf) - self.high) / step - 1e-9)
        return Limits(self.low - np.maximum(below, 0) * step, self.high + np.maximum(above, 0) * step)

    def beyond(self, other: Limits) -> list[int]:
        """The coordinates in which these reach further than `other`."""
        return np.flatnonzero((self.low < other.low) | (self.high > other.high)).tolist()


def limits(low: Floats, high: Floats) -> Limits:
    """Limits with some room in every coordinate. Raises ValueError where they are none."""
    low, high = np.array(low, np.float64), np.array(high, np.float64)
    if low.shape != (3,) or high.shape != (3,):
        raise ValueError(f"Limits of three numbers each are needed, not {low.shape} and {high.shape}.")
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise ValueError(f"There is nothing between {low.tolist()} and {high.tolist()}.")
    widest = float((high - low).max()) or 1.0
    around = np.where(high - low < widest * 1e-3, widest / 4, 0.0)
    return Limits(low - around, high + around)


def limits_around(points: Floats) -> Limits:
    """Limits a little wider than the points (n, 3), of which there is one at least."""
    found = limits(points.min(0), points.max(0))
    return Limits(found.low - found.span * EXTENDS / 2, found.high + found.span * EXTENDS / 2)


@dataclass(frozen=True)
class Turn:
    """How the box is turned, in radians: `yaw` around its second coordinate, `pitch` towards the viewer."""

    yaw: float = radians(-35)
    pitch: float = radians(22)

    @property
    def matrix(self) -> Floats:
        """(3, 3) rows: what points right, up, and towards the viewer."""
        around = [[cos(self.yaw), 0.0, sin(self.yaw)], [0.0, 1.0, 0.0], [-sin(self.yaw), 0.0, cos(self.yaw)]]
        tilt = [[1.0, 0.0, 0.0], [0.0, cos(self.pitch), -sin(self.pitch)]]
        tilt.append([0.0, sin(self.pitch), cos(self.pitch)])
        return np.array(tilt) @ np.array(around)

    def dragged(self, by: QPointF) -> Turn:
        """Turned as if its front had been taken by the pointer; never upside down."""
        pitch = self.pitch + by.y() * PER_PIXEL
        return Turn(self.yaw + by.x() * PER_PIXEL, min(max(-pi / 2, pitch), pi / 2))


@dataclass(frozen=True)
class Look:
    """What of the picture is seen: how large, and what of the screen's plane lies in the middle of it."""

    zoom: float = 1.0
    right: float = 0.0
    """In units of the data from the middle of the limits, as the next one."""
    up: float = 0.0

    def zoomed(self, factor: float, right: float, up: float) -> Look:
        """Larger or smaller, with what lies at (right, up) staying where it is."""
        zoom = min(max(SLIGHTEST, self.zoom * factor), CLOSEST)
        share = self.zoom / zoom
        return Look(zoom, right + (self.right - right) * share, up + (self.up - up) * share)

    def kept(self, across: float, along: float) -> Look:
        """Looking no further from the middle than this, so that nothing gets lost."""
        right, up = min(max(-across, self.right), across), min(max(-along, self.up), along)
        return replace(self, right=right, up=up)


@dataclass(frozen=True)
class Projection:
    """Space on the canvas: an orthographic view."""

    frame: QRectF
    middle: Floats
    """(3,) what the frame's middle shows unless one looks elsewhere."""
    matrix: Floats
    """(3, 3) rows: what points right, up, and towards the viewer."""
    scale: tuple[float, float]
    """Device-independent pixels to a unit, across and along."""
    look: Look
    reach: float
    """Half the depth of the limits, in units."""

    def place(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Where points (n, 3) lie: (n,) across and (n,) down in pixels, (n,) nearness from 0 to 1."""
        right, up, towards = self.matrix @ (points - self.middle).T
        across = self.frame.center().x() + (right - self.look.right) * self.scale[0]
        down = self.frame.center().y() - (up - self.look.up) * self.scale[1]
        return across, down, np.clip(0.5 + towards / (2 * self.reach), 0, 1)

    def plane(self, at: QPointF) -> tuple[float, float]:
        """What lies at a point of the canvas: units right of the middle, and above it."""
        by = at - self.frame.center()
        return self.look.right + by.x() / self.scale[0], self.look.up - by.y() / self.scale[1]

    def scales(self) -> tuple[Scale, Scale]:
        """The first two coordinates along the frame's edges, where the view is not turned."""
        left, bottom = self.plane(self.frame.bottomLeft())
        right, top = self.plane(self.frame.topRight())
        x, y = float(self.middle[0]), float(self.middle[1])
        return Scale(x + left, x + right), Scale(y + bottom, y + top)


def flat(frame: QRectF, shown: Limits, look: Look) -> Projection:
    """The first coordinate against the second, filling the frame as far as `STRETCH` allows."""
    wide, high, deep = shown.span.tolist()
    room = _room(frame)
    across, along = room[0] / wide, room[1] / high
    scale = min(across, along * STRETCH) * look.zoom, min(along, across * STRETCH) * look.zoom
    return Projection(frame, shown.middle, np.eye(3), scale, look.kept(wide / 2, high / 2), deep / 2)


def turned(frame: QRectF, shown: Limits, turn: Turn, look: Look) -> Projection:
    """The box as it is turned, of one size at every yaw and of one scale in all coordinates.

    Seen from steeply above, its corners may be cut.
    """
    wide, high, deep = shown.span.tolist()
    across = hypot(wide, deep)
    pitch = Turn().pitch
    along = high * cos(pitch) + across * sin(pitch)
    room = _room(frame)
    scale = min(room[0] / across, room[1] / along) * look.zoom
    reach = hypot(wide, high, deep) / 2
    kept = look.kept(across / 2, along / 2)
    return Projection(frame, shown.middle, turn.matrix, (scale, scale), kept, reach)


def _room(frame: QRectF) -> tuple[float, float]:
    """Width and height for the limits inside a frame."""
    return _padded(frame.width()), _padded(frame.height())


def _padded(side: float) -> float:
    return max(1.0, side - 2 * min(PAD, side / 8))


def visible(across: Floats, down: Floats, frame: QRectF) -> NDArray[np.bool_]:
    """(n,) whether points of the canvas lie in a frame; what is not a number does not."""
    inside = (across >= frame.left()) & (across <= frame.right())
    return inside & (down >= frame.top()) & (down <= frame.bottom())


def nearest(places: Floats, at: QPointF, within: float) -> int | None:
    """Which of the places (n, 2) is nearest to a point, the last of equals; None if none is `within` it."""
    if not len(places):
        return None
    apart = np.hypot(places[:, 0] - at.x(), places[:, 1] - at.y())
    apart[np.isnan(apart)] = np.inf
    found = len(apart) - 1 - int(np.argmin(apart[::-1]))
    return found if apart[found] <= within else None
