"""Curves over a shared x: named at their ends, read off under the pointer, live while they are measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.bars import percent
from gui.panels.colour_bar import short
from gui.panels.curves import Curve, Level, Track, extent, nearest, track
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.plot_axes import Axes, Window, Words, lay_out, paint_axes, zoomed_axes
from gui.panels.plot_bands import Band, level_place, paint_bands, paint_level
from gui.panels.plot_labels import Entry, Label, label_room, paint_labels, paint_tag
from gui.panels.plot_strokes import Shape, paint_curve, paint_dot, shape
from gui.panels.plot_ticks import Floats, Kind, Scale, power_text, steady
from gui.panels.series import series_colour
from gui.panels.still import Still
from gui.theme import GRID, theme

__all__ = ["Curve", "Level", "LinePlotPanel"]

ZOOM_STEP = 1.25
FAR = 10
"""Points that Shift with an arrow key moves by."""


class LinePlotPanel(Panel):
    """The curves; a cell is (curve, point), in the order given."""

    is_vector = True
    nothing_yet = "Nothing measured yet."
    help_text = (
        "Left and right move along a curve, with Shift by ten; up and down change the curve; "
        "Enter chooses; plus, minus and zero zoom."
    )

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._tracks: list[Track] = []
        self._words = Words()
        self._x, self._y = Scale(0.0, 1.0), Scale(0.0, 1.0)
        self._kind: Kind = "linear"
        self._keeps: object = None
        self._mark: float | None = None
        self._levels: tuple[Level, ...] = ()
        self._seen_part = Window()
        self._axes: Axes | None = None
        self._points: list[tuple[Floats, Floats]] = []
        self._shapes: list[Shape] | None = None
        self._still = Still(self.canvas)
        self.canvas.resized.connect(self._settle)

    # What a view uses.

    def set_curves(
        self,
        curves: Iterable[Curve],
        x_label: str,
        y_label: str,
        x_unit: str = "",
        y_range: tuple[float, float] | None = None,
        log_y: bool = False,
        cursor: float | None = None,
        y_percent: bool = False,
        x_names: Sequence[str] | None = None,
        power_y: bool = False,
        levels: Sequence[Level] = (),
    ) -> None:
        """Show these curves.

        `y_range` fixes the y axis; without it, it fits the values and stays as long as they go on filling
        it. `cursor` is the x that is in force, such as a slider's present value. With `y_percent` y is a
        share (0 to 1) written in percent; with `power_y` it is a base-10 logarithm, written as a power of
        ten. `x_names` names x = 0, 1, ... where x counts things. `levels` are lines across. Raises
        ValueError where a curve's x and y are not of one length.
        """
        self._kind = kind = _kind(log_y, power_y)
        self._tracks = [track(curve, kind) for curve in curves]
        self._levels = tuple(levels)
        all_x = [one.x for one in self._tracks]
        whole = all(bool((x == np.round(x)).all()) for x in all_x)
        self._words = Words(x_label, y_label, x_unit, y_percent, tuple(x_names or ()), whole)
        self._mark = cursor
        values, places = extent(self._fitted()), extent(all_x)
        if values is None or places is None:
            self._tracks = []
            self.set_empty(self.nothing_yet)
            return
        low, high = places
        self._x = Scale(low, high) if high > low else Scale(low - 0.5, low + 0.5)
        self._fit_y(values, y_range, kind)
        self._settle()
        self.refresh()

    def set_cursor(self, x: float | None) -> None:
        """Move the line that marks the x in force."""
        if x != self._mark:
            self._mark = x
            self._still.forget()
            self._describe()

    @property
    def zoom(self) -> float:
        """How many times the x axis is enlarged."""
        return self._seen_part.zoom

    @property
    def y_range(self) -> tuple[float, float]:
        """Low and high end of the y axis."""
        return self._y.low, self._y.high

    def place_of(self, cell: Cell) -> QPointF:
        """Where a point lies, in pixels of the canvas; not a number where it has no value."""
        across, down = self._points[cell[0]]
        return QPointF(float(across[cell[1]]), float(down[cell[1]]))

    def x_place(self, x: float) -> float:
        """Where a value of x lies, in pixels of the canvas."""
        return 0.0 if self._axes is None else self._axes.across(x)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        if self._axes is None or not self._axes.frame.adjusted(-8, -8, 8, 8).contains(point):
            return None
        return nearest(self._seen_points(), point.x(), point.y())

    def contains(self, cell: Cell) -> bool:
        curve, place = cell
        if curve >= len(self._tracks):
            return False
        values = self._tracks[curve].y
        return place < len(values) and bool(np.isfinite(values[place]))

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if cell is None:
            return self._first_cell()
        curve, place = cell
        if down:
            return self._other_curve(curve, place, down)
        known = self._tracks[curve].known
        at = int(np.searchsorted(known, place)) + right * (FAR if far else 1)
        return curve, int(known[min(max(at, 0), len(known) - 1)])

    def reveal(self, cell: Cell) -> None:
        share = float(self._x.share(self._tracks[cell[0]].x[[cell[1]]])[0])
        by = min(0.0, share - self._seen_part.start) or max(0.0, share - self._seen_part.end)
        self._look(self._seen_part.moved(by))

    def drag(self, by: QPointF) -> None:
        if self._axes is not None:
            width = self._axes.frame.width()
            self._look(self._seen_part.moved(-by.x() / width / self._seen_part.zoom))

    def wheel(self, at: QPointF, notches: float) -> bool:
        if self._axes is None:
            return False
        frame = self._axes.frame
        share = min(1.0, max(0.0, (at.x() - frame.left()) / frame.width()))
        self._look(self._seen_part.zoomed(ZOOM_STEP**notches, share))
        self.point(self._pointer)
        return True

    def double_click(self) -> None:
        self._look(Window())

    def key(self, event: QKeyEvent) -> bool:
        factor = {"+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP, "0": 0.0}.get(event.text())
        if factor is None or self._axes is None:
            return False
        at, frame = 0.5, self._axes.frame
        if self.cursor_cell is not None:
            at = (self.place_of(self.cursor_cell).x() - frame.left()) / frame.width()
        self._look(self._seen_part.zoomed(factor, min(1.0, max(0.0, at))))
        return True

    def summary(self) -> str:
        return " ".join(self._sum_up(one) for one in self._tracks)

    def numbers(self) -> Numbers:
        """A row for each x, with each curve's value there; not a number where none was measured."""
        words = self._words
        every = np.unique(np.concatenate([one.x for one in self._tracks] or [np.empty(0)]))
        columns = []
        for one in self._tracks:
            column = np.full(len(every), np.nan)
            column[np.searchsorted(every, one.x)] = one.y
            columns.append(column.tolist())
        first = [words.x_text(x) for x in every] if words.names else every.tolist()
        header = [words.x_title or "x", *(one.name for one in self._tracks)]
        return header, [list(row) for row in zip(first, *columns, strict=True)]

    def paint(self, painter: QPainter) -> None:
        axes = self._axes
        if axes is None:
            return
        self._still.paint(painter, lambda painter: self.paint_still(painter, axes))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_values(painter, axes)

    def paint_still(self, painter: QPainter, axes: Axes) -> None:
        """Draw all but what moves with the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_axes(painter, axes, self._mark, self.area().height())
        painter.save()
        painter.setClipRect(axes.frame.adjusted(-4, -4, 4, 4))
        self._paint_mark(painter, axes)
        self.paint_below(painter, axes)
        for one, drawn in reversed(list(zip(self._tracks, self._drawn(), strict=True))):
            paint_curve(painter, drawn, series_colour(one.colour))
        for level in self._levels:
            paint_level(painter, axes, level)
        painter.restore()
        self._paint_names(painter, axes)

    def paint_below(self, painter: QPainter, axes: Axes) -> None:
        """Draw what lies under the curves."""
        bands = [
            Band(one.x, *one.band, series_colour(one.colour)) for one in self._tracks if one.band is not None
        ]
        paint_bands(painter, axes, bands)

    def _paint_mark(self, painter: QPainter, axes: Axes) -> None:
        """A line at the x in force, which is written under it among the ticks."""
        if self._mark is not None:
            at = round(axes.across(self._mark)) + 0.5
            painter.setPen(QPen(QColor(theme().muted), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(at, axes.frame.top(), at, axes.frame.bottom()))

    def _paint_names(self, painter: QPainter, axes: Axes) -> None:
        """Names at the last seen point of each curve, and at the end of each level."""
        labels = []
        for one, (across, down) in zip(self._tracks, self._seen_points(), strict=True):
            known = np.flatnonzero(np.isfinite(down))
            if len(known) and one.labelled:
                at = float(across[known[-1]]), float(down[known[-1]])
                labels.append(_label(one.name, *at, axes.frame, series_colour(one.colour)))
        for level in self._levels:
            at = None if level.inside else level_place(axes, level)
            if at is not None:
                labels.append(Label(level.name, QPointF(axes.frame.right(), at), theme().reference))
        if self._label_room() > GRID:
            paint_labels(painter, labels, axes.frame, self.canvas.width())

    def _paint_values(self, painter: QPainter, axes: Axes) -> None:
        """All values at the x under the pointer or the keyboard's cursor."""
        if self.cursor_cell is None:
            return
        curve, place = self.cursor_cell
        x, at = float(self._tracks[curve].x[place]), self.place_of(self.cursor_cell)
        ink = QColor(theme().muted)
        ink.setAlphaF(0.6)
        painter.setPen(QPen(ink, 1))
        middle = round(at.x()) + 0.5
        painter.drawLine(QLineF(middle, axes.frame.top(), middle, axes.frame.bottom()))
        found: list[tuple[float, Entry]] = []
        for number, one in enumerate(self._tracks):
            if (there := one.at(x)) is not None:
                colour, is_pointed_at = series_colour(one.colour), number == curve
                paint_dot(painter, self.place_of((number, there)), colour, 5.0 if is_pointed_at else 3.5)
                value = float(one.y[there])
                found.append((value, Entry(one.name, self._text(value), colour, is_pointed_at)))
        rows = [entry for _, entry in sorted(found, key=lambda pair: -pair[0])]
        title = self._words.x_text(x)
        if not self._words.names and self._words.x:
            title = f"{self._words.x} {title}"
        paint_tag(painter, title, rows, at, QRectF(self.canvas.rect()), self.value_text)

    # Layout.

    def area(self) -> QRectF:
        """The part of the canvas that the plot fills with its axes."""
        return QRectF(self.canvas.rect())

    def fitted(self) -> list[Floats]:
        """Values besides the curves' that the y axis is to reach."""
        bands = [edge for one in self._tracks if one.band is not None for edge in one.band]
        return [*bands, np.array([one.value for one in self._levels if one.reached])]

    def _fitted(self) -> list[Floats]:
        """Everything that the y axis is to reach; nothing where there is no curve."""
        curves = [one.y for one in self._tracks]
        others = [np.where(part > 0, part, np.nan) if self._kind == "log" else part for part in self.fitted()]
        return curves if extent(curves) is None else [*curves, *others]

    def _fit_y(self, values: tuple[float, float], fixed: tuple[float, float] | None, kind: Kind) -> None:
        """Keep the y axis, and the zoom, as long as the same is shown and the values fill it."""
        keeps = (self._words.x, self._words.y, self._words.in_percent, kind, fixed)
        before = self._y
        if keeps != self._keeps:
            self._keeps, self._seen_part, before = keeps, Window(), None
        self._y = Scale(*fixed, kind) if fixed is not None else steady(before, *values, kind)

    def _settle(self) -> None:
        """Lay axes and curves out for the present size, values and zoom."""
        if not self._tracks:
            self._axes = None
            return
        axes = lay_out(self.area(), self.canvas.font(), self._x, self._y, self._words, self._label_room())
        self._axes = axes = zoomed_axes(axes, self._seen_part)
        self._points = [axes.place(one.x, one.y) for one in self._tracks]
        self._shapes = None
        self._still.forget()

    def _drawn(self) -> list[Shape]:
        """The curves on the canvas, made when they are first painted."""
        if self._shapes is None:
            pairs = zip(self._tracks, self._points, strict=True)
            self._shapes = [shape(*points, one.dashed) for one, points in pairs]
        return self._shapes

    def _label_room(self) -> float:
        levels = [level.name for level in self._levels if not level.inside]
        return label_room(
            [*(one.name for one in self._tracks if one.labelled), *levels],
            self.canvas.font(),
            self.canvas.width(),
        )

    def _look(self, window: Window) -> None:
        if window != self._seen_part:
            self._seen_part = window
            self._settle()

    def _seen_points(self) -> list[tuple[Floats, Floats]]:
        """Each curve's points, NaN where zoomed out of sight."""
        if self._axes is None:
            return []
        left, right = self._axes.frame.left() - 1, self._axes.frame.right() + 1
        return [
            (across, np.where((across >= left) & (across <= right), down, np.nan))
            for across, down in self._points
        ]

    # Words and steps.

    def _text(self, value: float) -> str:
        if self._kind == "power":
            return power_text(value)
        return percent(value) if self._words.in_percent else short(value)

    def _sum_up(self, one: Track) -> str:
        known = one.y[one.known]
        if not len(known):
            return f"{one.name}: nothing measured."
        text = f"{one.name} from {self._text(known.min())} to {self._text(known.max())}"
        if self._mark is not None and (there := one.at(self._mark)) is not None:
            text += f", {self._text(one.y[there])} at {self._words.x_text(self._mark)}"
        return f"{text.replace('%', 'percent')}."

    def _first_cell(self) -> Cell | None:
        """Where the keyboard begins: at the x in force, else at the first curve's first point."""
        for curve, one in enumerate(self._tracks):
            there = None if self._mark is None else one.at(self._mark)
            if there is not None:
                return curve, there
        return next(((n, int(one.known[0])) for n, one in enumerate(self._tracks) if len(one.known)), None)

    def _other_curve(self, curve: int, place: int, down: int) -> Cell:
        """The next curve above or below at the same x; the same one where there is none."""
        x = float(self._tracks[curve].x[place])
        there = [(number, at) for number, one in enumerate(self._tracks) if (at := one.at(x)) is not None]
        there.sort(key=lambda cell: -self._tracks[cell[0]].y[cell[1]])
        at = there.index((curve, place)) + down
        return there[min(max(at, 0), len(there) - 1)]


def _label(name: str, x: float, y: float, frame: QRectF, colour: str) -> Label:
    """A curve's name at its end; at the edge of the frame, and pointing there, where that lies beyond it."""
    if frame.top() - 1 <= y <= frame.bottom() + 1:
        return Label(name, QPointF(x, y), colour)
    is_above = y < frame.top()
    edge = frame.top() if is_above else frame.bottom()
    return Label(f"{'↑' if is_above else '↓'} {name}", QPointF(x, edge), colour, is_joined=False)


def _kind(log: bool, power: bool) -> Kind:
    return "log" if log else "power" if power else "linear"
