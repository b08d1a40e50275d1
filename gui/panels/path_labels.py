"""Texts on paths where there is room: each path's name at its end, and its points' labels, newest first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QStaticText

from gui.panels.glyphs import CARRIER
from gui.panels.path_strokes import Placed
from gui.panels.paths import Places
from gui.panels.plot_ticks import Floats
from gui.panels.series import series_colour
from gui.theme import GRID, small_font, theme

CELL = 3
"""Pixels to a square of the map of what is taken."""
CONSIDERED = 300
"""Labels that are tried; older ones are shown under the pointer."""
RINGS = 7
"""How many lines above or below its point a name may move to find room."""
RECENT = 30
"""Points at a path's end whose lines are not written across."""
GAP, END_GAP = 5.0, 8.0
"""Pixels from the middle of a dot to its label, and from that of a path's last dot to the name."""
SIDES = 2
"""Places directly beside a point."""
WAYS = ((1, 0), (0, -1), (-1, 0), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
"""Where a label may stand from its point: steps right and down, the best first."""
LONGEST = 24 * GRID
"""Width of a name from which it is cut."""


class Room:
    """Which squares of a frame are taken. Rectangles are (..., 4): left, top, right and bottom in pixels."""

    def __init__(self, frame: QRectF) -> None:
        self._corner = np.array([frame.left(), frame.top()])
        self._size = np.array([frame.width(), frame.height()])
        columns, rows = np.maximum(1, np.ceil(self._size / CELL)).astype(np.intp)
        self._taken = np.zeros((rows, columns), bool)

    def choose(self, places: Floats) -> list[int | None]:
        """For each thing in turn the first of its places (n, m, 4) that is free, which it then takes."""
        count = places.shape[1]
        first, last, inside = self._squares(places.reshape(-1, 4))
        if len(places) > 1:  # to try one place after the other is slow
            inside &= self._are_free(first, last)
        fits = inside.reshape(-1, count)
        squares = np.hstack([first, last]).reshape(-1, count, 4)
        chosen: list[int | None] = [None] * len(places)
        for thing in np.flatnonzero(fits.any(1)).tolist():
            for place in np.flatnonzero(fits[thing]).tolist():
                left, top, right, bottom = squares[thing, place].tolist()
                taken = self._taken[top : bottom + 1, left : right + 1]
                if not taken.any():
                    taken[:] = True
                    chosen[thing] = place
                    break
        return chosen

    def take(self, rect: Floats) -> None:
        """Take a rectangle (4,), as far as it lies in the frame."""
        if (rect[2:] < self._corner).any() or (rect[:2] > self._corner + self._size).any():
            return
        (first,), (last,), _ = self._squares(rect[None])
        self._taken[first[1] : last[1] + 1, first[0] : last[0] + 1] = True

    def take_points(self, across: Floats, down: Floats) -> None:
        """Take the squares in which points lie: (n,) pixels; those out of the frame are left out."""
        column, row = (across - self._corner[0]) / CELL, (down - self._corner[1]) / CELL
        rows, columns = self._taken.shape
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        self._taken[row[inside].astype(np.intp), column[inside].astype(np.intp)] = True

    def _are_free(self, first: Places, last: Places) -> NDArray[np.bool_]:
        """(n,) whether nothing is taken between first and last squares (n, 2)."""
        counts = np.zeros(np.add(self._taken.shape, 1), np.int32)  # of what is taken above and left
        np.cumsum(np.cumsum(self._taken, 0, np.int32), 1, out=counts[1:, 1:])
        (left, top), (right, bottom) = first.T, (last + 1).T
        held = counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
        return held == 0

    def _squares(self, rects: Floats) -> tuple[Places, Places, NDArray[np.bool_]]:
        """First and last (column, row) of n rectangles, (n, 2) each, and whether they lie in the frame."""
        starts, ends = rects[:, :2] - self._corner, rects[:, 2:] - self._corner
        inside = ((starts >= 0) & (ends <= self._size)).all(1)
        limit = np.array(self._taken.shape[::-1]) - 1
        first, last = (np.minimum(np.maximum(edge // CELL, 0), limit) for edge in (starts, ends))
        return first.astype(np.intp), last.astype(np.intp), inside


@dataclass(frozen=True)
class End:
    """What stands at a path's last point: its name, and that point's label."""

    name: str
    label: str
    colour: str
    """A colour of the theme."""
    at: QPointF


@dataclass(frozen=True)
class Written:
    """A text and where it goes."""

    text: str
    rect: QRectF
    colour: str
    """A colour of the theme."""
    leads_to: QPointF | None = None
    """A point that the text is not beside, but joined to by a line."""
    after: str = ""
    """What is written after it, in the colour of texts."""


class PathLabels:
    """Finds places for texts in a font. Each label is measured and shaped once."""

    def __init__(self, font: QFont) -> None:
        self.base, self.font = font, small_font(font)
        self._metrics = QFontMetricsF(self.font)
        self._laid_out: dict[str, QStaticText] = {}

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self._metrics.height()

    def width(self, text: str) -> float:
        """Width of a line of text."""
        return self._metrics.horizontalAdvance(text)

    def name_ends(self, ends: Sequence[End], free: Room, crossed: Room) -> list[Written]:
        """Write each path's name near its end: where all is free, else across lines (`crossed` has none)."""
        written = []
        for end in ends:
            name = self._metrics.elidedText(end.name, Qt.TextElideMode.ElideRight, LONGEST)
            after = f" “{end.label}”" if end.label else ""
            places = self._beside(end.at, self.width(name) + self.width(after))
            rooms = [free, crossed]
            chosen = next((one for room in rooms if (one := room.choose(places[None])[0]) is not None), None)
            if chosen is not None:
                for room in rooms:
                    room.take(places[chosen])
                leads_to = None if chosen < SIDES else end.at
                written.append(Written(name, _rect(places[chosen]), end.colour, leads_to, after))
        return written

    def label_points(
        self,
        paths: Sequence[Placed],
        labels: Sequence[Sequence[str]],
        counts: Sequence[int],
        colours: Sequence[str],
        free: Room,
    ) -> list[Written]:
        """Write labels of each path's first `counts` points where there is room, the newest first."""
        cells = [(path, place) for path, place in _newest_first(counts) if labels[path][place]]
        if not cells:
            return []
        at = np.array([(paths[path].across[place], paths[path].down[place]) for path, place in cells])
        widths = np.array([self._text(labels[path][place]).size().width() for path, place in cells])
        places = _around(np.nan_to_num(at, nan=-1e6), widths, self.line)
        return [
            Written(labels[path][place], _rect(places[number, chosen]), colours[path])
            for number, ((path, place), chosen) in enumerate(zip(cells, free.choose(places), strict=True))
            if chosen is not None
        ]

    def paint(self, painter: QPainter, written: Iterable[Written]) -> None:
        """Draw the points' labels."""
        painter.save()
        painter.setFont(self.font)
        for one in written:
            painter.setPen(QColor(series_colour(one.colour)))
            painter.drawStaticText(one.rect.topLeft(), self._text(one.text))
        painter.restore()

    def paint_names(self, painter: QPainter, written: Iterable[Written]) -> None:
        """Draw the paths' names on grounds that keep them readable."""
        painter.save()
        painter.setFont(self.font)
        ground = QColor(theme().page)
        ground.setAlphaF(0.8)
        for one in written:
            if one.leads_to is not None:
                _paint_leader(painter, one, one.leads_to)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(one.rect.adjusted(-2, 0, 2, 0), 3, 3)
            baseline = one.rect.top() + self._metrics.ascent()
            painter.setPen(QColor(series_colour(one.colour)))
            painter.drawText(QPointF(one.rect.left(), baseline), one.text)
            painter.setPen(QColor(theme().text))
            painter.drawText(QPointF(one.rect.left() + self.width(one.text), baseline), one.after)
        painter.restore()

    def _beside(self, at: QPointF, width: float) -> Floats:
        """(n, 4) places right and left of a point, then ever further above and below it."""
        rises = [0.0] + [side * ring * self.line for ring in range(1, RINGS + 1) for side in (-1, 1)]
        lefts = (at.x() + END_GAP, at.x() - END_GAP - width)
        corners = np.array([(left, at.y() + rise - self.line / 2) for rise in rises for left in lefts])
        return np.hstack([corners, corners + np.array([width, self.line])])

    def _text(self, label: str) -> QStaticText:
        """A label, laid out once."""
        found = self._laid_out.get(label)
        if found is None:
            found = self._laid_out[label] = QStaticText(printed(label))
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.prepare(font=self.font)
        return found


def printed(label: str) -> str:
    """A label as it can be drawn alone: what combines with a character before it is given a carrier."""
    return CARRIER + label if unicodedata.category(label[:1] or " ").startswith("M") else label


def take_strokes(room: Room, paths: Iterable[Placed]) -> None:
    """Take what paths' dots cover, and their newest lines; older ones are faint enough to write across."""
    for path in paths:
        if len(path.across):
            room.take_points(path.across, path.down)
            room.take_points(*_along(path.across[-RECENT:], path.down[-RECENT:]))


def _along(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Places along a line, no two in a row further apart than a square: (m,) across and down."""
    right, below = np.diff(across), np.diff(down)
    parts = np.nan_to_num(np.ceil(np.maximum(np.abs(right), np.abs(below)) / CELL))
    count = np.clip(parts, 1, 4096).astype(np.intp)  # longer lines mostly lie out of sight
    line = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)) / count[line]
    x, y = across[line] + share * right[line], down[line] + share * below[line]
    return np.append(x, across[-1]), np.append(y, down[-1])


def _newest_first(counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(path, place) of the newest points, `CONSIDERED` at most: of all paths in turn, the end first."""
    given = 0
    for back in range(1, max(counts, default=0) + 1):
        for path, count in enumerate(counts):
            if back <= count and given < CONSIDERED:
                given += 1
                yield path, count - back


def _around(at: Floats, widths: Floats, line: float) -> Floats:
    """(n, 8, 4) the places around points (n, 2) for texts (n,) wide, the best first."""
    ways = np.array(WAYS)
    sizes = np.stack([widths, np.full(len(widths), line)], 1)[:, None]
    away = np.where(ways.all(1, keepdims=True), GAP - 2, GAP)
    corners = at[:, None] + ways * away + (ways - 1) / 2 * sizes
    return np.concatenate([corners, corners + sizes], 2)


def _rect(rect: Floats) -> QRectF:
    left, top, right, bottom = rect.tolist()
    return QRectF(left, top, right - left, bottom - top)


def _paint_leader(painter: QPainter, one: Written, start: QPointF) -> None:
    """A thin line from a point to its name."""
    ink = QColor(series_colour(one.colour))
    ink.setAlphaF(0.5)
    painter.setPen(QPen(ink, 1))
    side = one.rect.left() - 2 if one.rect.left() > start.x() else one.rect.right() + 2
    line = QLineF(start, QPointF(side, one.rect.center().y()))
    if line.length() > END_GAP:
        painter.drawLine(QLineF(line.pointAt((END_GAP - 2) / line.length()), line.p2()))
