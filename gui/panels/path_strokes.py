"""Strokes of paths: lines and dots from faint to full in few steps, so that thousands are quick to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui.panels.paths import Places, on_pixels_of_their_own, thinned
from gui.panels.plot_ticks import Floats
from gui.panels.projection import visible
from gui.theme import theme

LEVELS = 16
"""Steps from faint to full."""
OLDEST, FARTHEST = 0.2, 0.5
"""Strength of the first point's stroke against the last one's, and of the farthest against the nearest."""
STEADY = 0.2
"""Part of the strength that grows evenly along a path; the rest belongs to its tail, as a comet's does."""
TAIL = (3.0, 40.0)
"""Points over which the tail fades to a third: a third of the path, within these ends."""
SIZES = 3
"""Sizes of dots from far to near."""
MARGIN = 40.0
"""Pixels around the frame from which strokes are drawn."""


@dataclass(frozen=True)
class Placed:
    """A path on the canvas: pixels (n,) across and down, and nearness from 0 to 1 (None in a flat view)."""

    across: Floats
    down: Floats
    nearness: Floats | None = None

    def at(self, place: int) -> QPointF:
        """Where a point lies."""
        return QPointF(float(self.across[place]), float(self.down[place]))


@dataclass(frozen=True)
class Stroke:
    """What one path draws at one level of strength."""

    level: int
    path: int
    lines: list[QLineF]
    dots: list[list[QPointF]]
    """By size, from far to near."""


def strokes(paths: Sequence[Placed], frame: QRectF) -> list[Stroke]:
    """Everything there is to draw inside a frame, the faintest first."""
    found = [stroke for number, path in enumerate(paths) for stroke in _of_path(number, path, frame)]
    return sorted(found, key=lambda stroke: stroke.level)


def _of_path(number: int, path: Placed, frame: QRectF) -> Iterable[Stroke]:
    level = _levels(path)
    starts, ends = _segments(path, frame)
    places = on_pixels_of_their_own(path.across, path.down)
    places = places[visible(path.across[places], path.down[places], frame.adjusted(-9, -9, 9, 9))]
    order, parts = _sorted(level[ends], LEVELS)
    lines = _lines(path, starts[order], ends[order])
    order, groups = _sorted((level * SIZES + _sizes(path))[places], LEVELS * SIZES)
    dots = _dots(path, places[order])
    for step in range(LEVELS):
        by_size = [dots[groups[at] : groups[at + 1]] for at in range(step * SIZES, (step + 1) * SIZES)]
        here = lines[parts[step] : parts[step + 1]]
        if here or any(by_size):
            yield Stroke(step, number, here, by_size)


def _sorted(kinds: Places, count: int) -> tuple[Places, list[int]]:
    """The order that brings equal kinds (0 to `count` - 1) together, and where each kind begins in it."""
    order = np.argsort(kinds, kind="stable")
    return order, np.searchsorted(kinds[order], np.arange(count + 1)).tolist()


def _levels(path: Placed) -> Places:
    """(n,) the strength of each point: it grows along the path and towards the viewer."""
    strength = _ages(len(path.across))
    if path.nearness is not None:
        strength = strength * (FARTHEST + (1 - FARTHEST) * np.nan_to_num(path.nearness))
    return np.minimum((strength * LEVELS).astype(np.intp), LEVELS - 1)


def _ages(count: int) -> Floats:
    """(count,) the strength that points have by their age, from `OLDEST` or a little more to 1."""
    back = np.arange(count - 1, -1, -1.0)
    tail = np.exp(-back / min(max(count / 3, TAIL[0]), TAIL[1]))
    return OLDEST + STEADY * (1 - back / max(1, count - 1)) + (1 - OLDEST - STEADY) * tail


def _sizes(path: Placed) -> Places:
    """(n,) the size of each dot, from far to near; the middle one in a flat view."""
    nearness = np.full(len(path.across), 0.5) if path.nearness is None else np.nan_to_num(path.nearness)
    # Points keep to the middle of the box: its outer quarters hardly ever hold one.
    return np.clip(((nearness - 0.25) * 2 * SIZES).astype(np.intp), 0, SIZES - 1)


def _segments(path: Placed, frame: QRectF) -> tuple[Places, Places]:
    """First and last places of the lines that may be seen."""
    through = thinned(path.across, path.down)
    starts, ends = through[:-1], through[1:]
    around = frame.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
    across, down = path.across, path.down
    left, right = np.minimum(across[starts], across[ends]), np.maximum(across[starts], across[ends])
    top, bottom = np.minimum(down[starts], down[ends]), np.maximum(down[starts], down[ends])
    seen = (right >= around.left()) & (left <= around.right())
    seen &= (bottom >= around.top()) & (top <= around.bottom())  # false where not a number
    return starts[seen], ends[seen]


def _lines(path: Placed, starts: Places, ends: Places) -> list[QLineF]:
    corners = (path.across[starts], path.down[starts], path.across[ends], path.down[ends])
    return list(map(QLineF, *(corner.tolist() for corner in corners)))


def _dots(path: Placed, places: Places) -> list[QPointF]:
    return list(map(QPointF, path.across[places].tolist(), path.down[places].tolist()))


@dataclass(frozen=True)
class Pens:
    """How thick lines and dots are, in device-independent pixels."""

    line: float
    dot: float
    """Diameter of a dot of middle size."""


def pens(points: int) -> Pens:
    """Finer strokes for longer paths."""
    if points <= 120:
        return Pens(1.8, 5.0)
    return Pens(1.0, 3.4) if points <= 500 else Pens(1.0, 2.4)


def paint_strokes(painter: QPainter, drawn: Iterable[Stroke], colours: Sequence[str], using: Pens) -> None:
    """Draw paths in their colours ("#rrggbb")."""
    for stroke in drawn:
        ink = faded(colours[stroke.path], (stroke.level + 1) / LEVELS)
        painter.setPen(QPen(ink, using.line))
        painter.drawLines(stroke.lines)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        for size, dots in enumerate(stroke.dots):
            radius = using.dot / 2 * (0.75 + 0.25 * size)
            for dot in dots:
                painter.drawEllipse(dot, radius, radius)


def faded(colour: str, strength: float) -> QColor:
    """A colour mixed with the page's. Opaque, so that crossing strokes do not add up."""
    ink, page = QColor(colour), QColor(theme().page)
    pairs = ((ink.red(), page.red()), (ink.green(), page.green()), (ink.blue(), page.blue()))
    return QColor(*(round(other + (one - other) * strength) for one, other in pairs))
