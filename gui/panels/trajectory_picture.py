"""Paths in their space as they are drawn at one size and view: axes or box, strokes, marks and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPaintEngine, QPainter, QPen

from gui.panels.axes_cross import cross_rect, paint_box, paint_cross
from gui.panels.marks import stroke
from gui.panels.path_labels import End, PathLabels, Room, take_strokes
from gui.panels.path_strokes import Placed, faded, paint_strokes, pens, strokes
from gui.panels.paths import Checked
from gui.panels.plot_axes import APART, LOW, Axes, Words, paint_axes, x_ticks
from gui.panels.plot_strokes import paint_dot
from gui.panels.plot_ticks import round_step, tick_texts
from gui.panels.projection import Limits, Look, Projection, Turn, flat, nearest, turned, visible
from gui.panels.series import series_colour
from gui.theme import GRID, Theme, small_font, theme

END, START, CHOSEN = 4.5, 3.5, 7.0
"""Radii of the marks at a path's last point, its first one, and the chosen one."""
STARTED = 0.65
"""Strength of the mark at a path's first point."""
CROSS_FROM = 26 * GRID
"""Height of the canvas from which the axes cross has room in it."""
HINT = "Drag to turn"


@dataclass(frozen=True)
class Space:
    """What is looked at, and how."""

    axes: tuple[str, ...]
    """The three components' names."""
    titles: tuple[str, ...]
    """What is written at the axes."""
    held: Limits
    shown: Limits
    look: Look
    turn: Turn | None
    """None in a flat view."""
    note: str = ""


class Picture:
    """The paths on a canvas of one size; nothing in it depends on the theme."""

    def __init__(self, paths: Sequence[Checked], space: Space, size: QRectF, texts: PathLabels) -> None:
        self._paths, self._space, self._size, self._texts = paths, space, size, texts
        self._kept: tuple[Theme, float, QImage] | None = None
        self.projection = _project(space, size, texts.font)
        self._placed = [self._place(path) for path in paths]
        self._strokes = strokes(self._placed, self.projection.frame)
        self._write()

    def place_of(self, path: int, point: int) -> QPointF:
        """Where a point lies; not a number where there is none."""
        return self._placed[path].at(point)

    def nearest(self, at: QPointF, within: float) -> tuple[int, int] | None:
        """(path, point) of the point that is seen nearest to `at`."""
        frame = self.projection.frame
        places = np.concatenate([np.column_stack([one.across, one.down]) for one in self._placed])
        places[~visible(places[:, 0], places[:, 1], frame.adjusted(-1, -1, 1, 1))] = np.nan
        found = nearest(places, at, within)
        if found is None:
            return None
        ends = np.cumsum([len(path) for path in self._paths])
        path = int(np.searchsorted(ends, found, side="right"))
        return path, found - int(ends[path]) + len(self._paths[path])

    def paint(self, painter: QPainter, chosen: int | None) -> None:
        """Draw everything, with the point `chosen` marked on every path."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if painter.paintEngine().type() == QPaintEngine.Type.Raster:
            painter.drawImage(QPointF(), self._image(painter.deviceTransform().m11()))
        else:
            self._draw(painter)
        painter.save()
        painter.setClipRect(self._inside)
        self._paint_chosen(painter, chosen)
        painter.restore()
        self._texts.paint_names(painter, self._names)

    @property
    def _inside(self) -> QRectF:
        """Where points may be drawn."""
        return self.projection.frame.adjusted(-END, -END, END, END)

    def _image(self, ratio: float) -> QImage:
        """What lies under marks and names, kept: the pointer moves more often than the paths do."""
        if self._kept is None or self._kept[:2] != (theme(), ratio):
            image = QImage(self._size.size().toSize() * ratio, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            image.fill(QColor(theme().page))
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)
            painter.end()
            self._kept = theme(), ratio, image
        return self._kept[2]

    def _draw(self, painter: QPainter) -> None:
        painter.setFont(self._texts.base)
        if self._space.turn is None:
            self._paint_plane(painter)
        else:
            self._paint_box(painter)
        painter.save()
        painter.setClipRect(self._inside)
        colours = [series_colour(path.colour) for path in self._paths]
        paint_strokes(painter, self._strokes, colours, pens(max(map(len, self._paths), default=0)))
        self._paint_ends(painter, colours)
        painter.restore()
        self._texts.paint(painter, self._labels)

    def _place(self, path: Checked) -> Placed:
        across, down, nearness = self.projection.place(path.points)
        return Placed(across, down, None if self._space.turn is None else nearness)

    # Texts.

    def _write(self) -> None:
        """Find places for the names at the paths' ends and, where room is left, for the points' labels."""
        free, crossed = Room(self.projection.frame), Room(self.projection.frame)
        if (corner := self._cross_rect()) is not None:
            _take(corner, free, crossed)
        take_strokes(free, self._placed)
        ends = self._ends()
        for end in ends:
            _take(_square(end.at, END), free, crossed)
        for _, start in self._starts():
            _take(_square(start, START + 1), free)
        self._names = self._texts.name_ends(ends, free, crossed)
        counts = [int(path.known[-1]) if len(path.known) else 0 for path in self._paths]
        labels, colours = [path.labels for path in self._paths], [path.colour for path in self._paths]
        self._labels = self._texts.label_points(self._placed, labels, counts, colours, free)

    def _ends(self) -> list[End]:
        """The last points of all paths that are in sight."""
        frame = self.projection.frame
        lasts = [(number, int(path.known[-1])) for number, path in enumerate(self._paths) if len(path.known)]
        return [
            End(self._paths[path].name, self._paths[path].labels[last], self._paths[path].colour, at)
            for path, last in lasts
            if frame.contains(at := self.place_of(path, last))
        ]

    def _starts(self) -> list[tuple[int, QPointF]]:
        """(path, its first point) of all paths that have gone on from there."""
        firsts = [(number, path.known) for number, path in enumerate(self._paths) if len(path.known) > 1]
        return [(number, self.place_of(number, int(known[0]))) for number, known in firsts]

    # Drawing.

    def _paint_plane(self, painter: QPainter) -> None:
        x, y = self.projection.scales()
        axes = Axes(self.projection.frame, x, y, Words(self._space.titles[0], self._space.titles[1]))
        _paint_columns(painter, axes)
        paint_axes(painter, axes, None, self._size.height())
        if self._space.note:
            self._paint_limits(painter)
        room = QRectF(axes.frame.left(), 0, axes.frame.width(), axes.frame.top())
        title = self._texts.width(self._space.titles[1]) + 2 * GRID
        _say(painter, self._space.note, room.adjusted(max(0.0, title - room.left()), 0, 0, 0))

    def _paint_limits(self, painter: QPainter) -> None:
        """The limits that were left, as a dashed outline."""
        (left, right), (bottom, top), _ = self.projection.place(
            np.array([self._space.held.low, self._space.held.high])
        )
        painter.save()
        painter.setClipRect(self.projection.frame)
        painter.setPen(QPen(faded(theme().muted, 0.6), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(QPointF(left, top), QPointF(right, bottom)))
        painter.restore()

    def _paint_box(self, painter: QPainter) -> None:
        frame = self.projection.frame
        painter.save()
        painter.setClipRect(frame)
        paint_box(painter, self.projection, self._space.held)
        painter.restore()
        _say(painter, "   ".join(self._space.titles), QRectF(0, 0, frame.width(), frame.top()), left=True)
        corner = self._cross_rect()
        if corner is not None:
            paint_cross(painter, self.projection.matrix, self._space.axes, corner)
        line = self._texts.line
        below = QRectF(frame.left(), frame.bottom() - line, frame.width(), line)
        below.setLeft(frame.left() if corner is None else corner.right() + GRID)
        _say(painter, self._space.note or HINT, below)

    def _cross_rect(self) -> QRectF | None:
        """Where the axes cross is, if there is one."""
        if self._space.turn is None or self._size.height() < CROSS_FROM:
            return None
        return cross_rect(self.projection.frame, self._space.axes, QFontMetricsF(self._texts.font))

    def _paint_ends(self, painter: QPainter, colours: Sequence[str]) -> None:
        """An open square where a path starts, a large dot where it is now."""
        painter.setBrush(QColor(theme().page))
        for number, at in self._starts():
            painter.setPen(QPen(faded(colours[number], STARTED), 1.5))
            painter.drawRect(_square(at, START))
        for number, path in enumerate(self._paths):
            if len(path.known):
                paint_dot(painter, self.place_of(number, int(path.known[-1])), colours[number], END)

    def _paint_chosen(self, painter: QPainter, chosen: int | None) -> None:
        """The chosen point of every path, all joined."""
        if chosen is None:
            return
        having = [number for number, path in enumerate(self._paths) if path.has(chosen)]
        places = [self.place_of(number, chosen) for number in having]
        for one, other in pairwise(places):
            stroke(painter, QLineF(one, other), theme().accent, 2)
        for number, at in zip(having, places, strict=True):
            painter.setPen(QPen(QColor(theme().accent), 2))
            painter.setBrush(QColor(theme().page))
            painter.drawEllipse(at, CHOSEN, CHOSEN)
            paint_dot(painter, at, series_colour(self._paths[number].colour), END)


def _project(space: Space, size: QRectF, font: QFont) -> Projection:
    """The space in what the axes' texts leave of a canvas."""
    metrics = QFontMetricsF(font)
    line = metrics.height()
    if space.turn is not None:
        frame = QRectF(0, line + GRID / 2, size.width(), max(1.0, size.height() - line - GRID / 2))
        return turned(frame, space.shown, space.turn, space.look)
    top, bottom = line + GRID / 2, line + 4 + (line if size.height() >= LOW else 0)
    frame = QRectF(0, top, size.width() - GRID, max(1.0, size.height() - top - bottom))
    room = _tick_room(flat(frame, space.shown, space.look), space.shown, metrics)
    frame.setLeft(min(room, size.width() / 3))
    return flat(frame, space.shown, space.look)


def _tick_room(projection: Projection, shown: Limits, metrics: QFontMetricsF) -> float:
    """Room for texts along y, of one width wherever one looks at this zoom: panning does not jump."""
    height = projection.frame.height()
    step = round_step(height / projection.scale[1] / max(1, min(5, int(height / APART))))
    furthest = ceil(float(max(abs(shown.low[1]), abs(shown.high[1]))) / step) * step
    texts = tick_texts([-furthest, step - furthest])
    return max(map(metrics.horizontalAdvance, texts)) + GRID


def _paint_columns(painter: QPainter, axes: Axes) -> None:
    """Grid lines across, to go with those along."""
    painter.setPen(QPen(QColor(theme().line), 1))
    for tick in x_ticks(axes, QFontMetricsF(small_font(painter.font()))):
        at = round(axes.frame.left() + tick.share * axes.frame.width()) + 0.5
        painter.drawLine(QLineF(at, axes.frame.top(), at, axes.frame.bottom()))


def _say(painter: QPainter, text: str, room: QRectF, left: bool = False) -> None:
    """A quiet line of text, cut to its room, at the right end of it unless `left`."""
    painter.save()
    painter.setFont(small_font(painter.font()))
    painter.setPen(QColor(theme().muted))
    shown = QFontMetricsF(painter.font()).elidedText(
        text, Qt.TextElideMode.ElideRight, max(0.0, room.width())
    )
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    painter.drawText(room, int(side | Qt.AlignmentFlag.AlignTop), shown)
    painter.restore()


def _square(middle: QPointF, half: float) -> QRectF:
    return QRectF(middle.x() - half, middle.y() - half, 2 * half, 2 * half)


def _take(rect: QRectF, *rooms: Room) -> None:
    for room in rooms:
        room.take(np.array([rect.left(), rect.top(), rect.right(), rect.bottom()]))
