"""Paths of hidden states through a text in principal components, in the plane or in a box to turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.colour_bar import short
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.path_labels import PathLabels
from gui.panels.paths import Checked, Path, check
from gui.panels.plot_labels import Entry, paint_tag
from gui.panels.plot_strokes import paint_dot
from gui.panels.projection import PER_PIXEL, Limits, Look, Turn, limits, limits_around
from gui.panels.series import series_colour
from gui.panels.trajectory_picture import Picture, Space
from gui.theme import GRID

__all__ = ["Path", "TrajectoryPanel"]

NEAR = 12.0
"""Pixels within which the pointer finds a point."""
ZOOM_STEP = 1.25
FAR = 10
"""Points that Shift with an arrow key moves by in 2-D."""
TURN_STEP = 0.15 / PER_PIXEL
"""Pixels of a drag that Shift with an arrow key stands for in 3-D."""
POINTED_AT = 6.0
"""Radius of the dot under the cursor."""
COORDINATES = 3


class TrajectoryPanel(Panel):
    """The paths; a cell is (path, point), in the order given.

    The view's limits hold, whatever the paths do: a point that leaves them extends the view, which is said
    and lasts until `reset_view` or `set_limits`.
    """

    three_d_changed = Signal(bool)
    """Whether the picture is now a box to turn, whoever asked for it."""
    is_vector = True
    nothing_yet = "No states yet: the path appears with the first character that is read."
    help_text = (
        "Left and right move along a path, up and down between paths, Enter chooses. 3 shows a box, which "
        "Shift with the arrow keys turns, 2 the plane. Plus, minus and zero zoom, Home shows all."
    )

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._paths: list[Checked] = []
        self._axes: tuple[str, ...] = ()
        self._shares: tuple[float, ...] = ()
        self._held: Limits | None = None
        self._shown: Limits | None = None
        self._look, self._turn, self._three_d = Look(), Turn(), False
        self._selected: int | None = None
        self._drawn: Picture | None = None
        self._texts = PathLabels(self.canvas.font())
        self.canvas.resized.connect(self._settle)
        self.menu.addSeparator()
        self._action = self.menu.addAction("Three dimensions")
        self._action.setCheckable(True)
        self._action.triggered.connect(self.set_three_d)

    # What a view uses.

    def set_paths(
        self,
        paths: Sequence[Path],
        axes: Sequence[str],
        share: Sequence[float],
        between: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> None:
        """Show these paths.

        `axes`: three names such as "PC 1"; `share`: their shares (0 to 1) of the variance. `between` are the
        limits from now on, as in `set_limits`; where none were ever set, those of the first paths are held.
        Raises ValueError where lengths do not fit together.
        """
        if not len(axes) == len(share) == COORDINATES:
            raise ValueError(f"{len(axes)} axes with {len(share)} shares; three of each are needed.")
        self._paths = [check(path) for path in paths]
        self._axes, self._shares = tuple(axes), tuple(float(one) for one in share)
        if between is not None:
            self._held = self._shown = _limits(*between)
        if not any(len(path.known) for path in self._paths):
            self._drawn = None
            self.set_empty(self.nothing_yet)
            return
        if self._held is None:
            self._held = self._shown = limits_around(self._all_points())
        self._extend()
        self._settle()
        self.refresh()

    def set_limits(self, low: ArrayLike, high: ArrayLike) -> None:
        """Hold the view to what lies between (3,) `low` and (3,) `high`.

        Raises ValueError where that is nothing.
        """
        self._held = self._shown = _limits(low, high)
        self._extend()
        self._settle()

    def set_three_d(self, three_d: bool) -> None:
        """Show a box to turn instead of the first two components."""
        if three_d != self._three_d:
            self._three_d, self._look = three_d, Look()
            self._action.setChecked(three_d)
            self._settle()
            self.point(self._pointer)
            self.three_d_changed.emit(three_d)

    def set_selected(self, point: int | None) -> None:
        """Mark this point on every path."""
        if point != self._selected:
            self._selected = point
            self.canvas.update()

    def reset_view(self) -> None:
        """Look at the held limits again, extended only where a point lies beyond them now."""
        self._look, self._turn, self._shown = Look(), Turn(), self._held
        self._extend()
        self._settle()
        self.point(self._pointer)

    @property
    def three_d(self) -> bool:
        return self._three_d

    @property
    def selected(self) -> int | None:
        """The point that is marked on every path."""
        return self._selected

    @property
    def zoom(self) -> float:
        """How many times the picture is enlarged."""
        return self._look.zoom

    @property
    def note(self) -> str:
        """What is said about the view where it reaches beyond its limits; "" where it does not."""
        if self._held is None or self._shown is None:
            return ""
        seen = self._axes[: COORDINATES if self._three_d else 2]
        names = [name for axis, name in enumerate(seen) if axis in self._shown.beyond(self._held)]
        return f"View extended beyond its limits along {', '.join(names)}" if names else ""

    def place_of(self, cell: Cell) -> QPointF:
        """Where a point lies, in pixels of the canvas; not a number where there is none."""
        return QPointF() if self._drawn is None else self._drawn.place_of(*cell)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        return None if self._drawn is None else self._drawn.nearest(point, NEAR)

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._paths) and self._paths[cell[0]].has(cell[1])

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        """As in `Panel`; in 3-D `far` turns the box instead."""
        if far and self._three_d:
            self.drag(QPointF(right, down) * TURN_STEP)
            return None
        if cell is None:
            return self._first_cell()
        path, place = cell
        if right:
            return path, self._paths[path].step(place, right * (FAR if far else 1))
        others = [number for number, one in enumerate(self._paths) if len(one.known)]
        at = others.index(path) + down
        other = others[min(max(at, 0), len(others) - 1)]
        return other, self._paths[other].step(place, 0)

    def reveal(self, cell: Cell) -> None:
        drawn = self._drawn
        if drawn is None:
            return
        at, frame = self.place_of(cell), drawn.projection.frame.adjusted(GRID, GRID, -GRID, -GRID)
        if frame.isValid() and not frame.contains(at):
            right, up = drawn.projection.plane(at)
            self._see(Look(self._look.zoom, right, up))

    def drag(self, by: QPointF) -> None:
        if self._drawn is None:
            return
        if self._three_d:
            self._turn = self._turn.dragged(by)
            self._settle()
        else:
            right, up = self._drawn.projection.plane(self._drawn.projection.frame.center() - by)
            self._see(Look(self._look.zoom, right, up))

    def wheel(self, at: QPointF, notches: float) -> bool:
        if self._drawn is None:
            return False
        self._zoom(ZOOM_STEP**notches, at)
        self.point(self._pointer)
        return True

    def double_click(self) -> None:
        self.reset_view()

    def key(self, event: QKeyEvent) -> bool:
        factor = {"+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP}.get(event.text())
        if event.text() in ("2", "3"):
            self.set_three_d(event.text() == "3")
        elif event.key() == Qt.Key.Key_Home or event.text() == "0":
            self.reset_view()
        elif factor is not None and self._drawn is not None:
            frame = self._drawn.projection.frame
            self._zoom(
                factor, frame.center() if self.cursor_cell is None else self.place_of(self.cursor_cell)
            )
        else:
            return False
        return True

    def summary(self) -> str:
        axes = ", ".join(map(_axis_text, self._axes, self._shares)).replace("%", "percent of the variance")
        return " ".join(
            [f"{axes}.", *map(self._sum_up, self._paths), *([f"{self.note}."] if self.note else [])]
        )

    def numbers(self) -> Numbers:
        """A row for each point: its path, its position from 0, its label, its components, and its value."""
        valued = any(path.values is not None for path in self._paths)
        rows = []
        for path in self._paths:
            values = np.full(len(path), np.nan) if path.values is None else path.values
            cells = zip(path.labels, path.points.tolist(), values.tolist(), strict=True)
            rows += [
                [path.name, place, label, *point, *([value] if valued else [])]
                for place, (label, point, value) in enumerate(cells)
            ]
        return ["path", "position", "label", *self._axes, *(["value"] if valued else [])], rows

    def paint(self, painter: QPainter) -> None:
        if self._drawn is None:
            return
        self._drawn.paint(painter, self._selected)
        if self.cursor_cell is not None:
            self._paint_cursor(painter, *self.cursor_cell)

    def _paint_cursor(self, painter: QPainter, number: int, place: int) -> None:
        """The point under the cursor, with its components."""
        path, at = self._paths[number], self.place_of((number, place))
        colour, seen = series_colour(path.colour), COORDINATES if self._three_d else 2
        paint_dot(painter, at, colour, POINTED_AT)
        rows = [
            Entry(axis, short(value), colour, is_pointed_at=axis in self._axes[:seen])
            for axis, value in zip(self._axes, path.points[place].tolist(), strict=True)
        ]
        if path.values is not None:
            rows.append(Entry("value", short(float(path.values[place])), colour))
        named = f"{path.name}, " if path.name else ""
        title = f"{named}“{path.labels[place]}” at {place}{', start' if place == path.known[0] else ''}"
        paint_tag(painter, title, rows, at, QRectF(self.canvas.rect()), self.value_text)

    # Layout.

    def _settle(self) -> None:
        """Draw anew for the present size, view and points."""
        self._drawn = None
        if self._held is not None and self._shown is not None and any(len(one.known) for one in self._paths):
            if self._texts.base != self.canvas.font():
                self._texts = PathLabels(self.canvas.font())
            turn = self._turn if self._three_d else None
            titles = tuple(map(_axis_text, self._axes, self._shares))
            space = Space(self._axes, titles, self._held, self._shown, self._look, turn, self.note)
            self._drawn = Picture(self._paths, space, QRectF(self.canvas.rect()), self._texts)
            self._look = self._drawn.projection.look
        self.canvas.update()

    def _see(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._settle()

    def _zoom(self, factor: float, at: QPointF) -> None:
        if self._drawn is not None:
            self._see(self._look.zoomed(factor, *self._drawn.projection.plane(at)))

    def _extend(self) -> None:
        """Let the view contain all points."""
        if self._shown is not None:
            self._shown = self._shown.extended(self._all_points())

    def _all_points(self) -> np.ndarray:
        """(n, 3) all points that there are."""
        return np.concatenate([path.points[path.known] for path in self._paths] or [np.empty((0, 3))])

    # Words and steps.

    def _first_cell(self) -> Cell | None:
        """Where the keyboard begins: at the chosen point, else where the first path is now."""
        if self._selected is not None:
            for number, path in enumerate(self._paths):
                if path.has(self._selected):
                    return number, self._selected
        return next(((n, int(one.known[-1])) for n, one in enumerate(self._paths) if len(one.known)), None)

    def _sum_up(self, path: Checked) -> str:
        if not len(path.known):
            return f"{path.name}: no points."
        last = int(path.known[-1])
        parts = zip(self._axes, path.points[last].tolist(), strict=True)
        where = ", ".join(f"{axis} {short(value)}" for axis, value in parts)
        count = f"{len(path.known)} {'point' if len(path.known) == 1 else 'points'}"
        return f"{path.name}: {count}, now after “{path.labels[last]}” at {where}."


def _limits(low: ArrayLike, high: ArrayLike) -> Limits:
    return limits(np.asarray(low, np.float64), np.asarray(high, np.float64))


def _axis_text(name: str, share: float) -> str:
    """An axis and its share of the variance: "PC 1, 31 %"."""
    percent = share * 100
    return f"{name}, {percent:.0f} %" if percent >= 1 or not percent else f"{name}, {percent:.1g} %"
