"""A matrix as a heat map, unit by character: a row a unit, a column a step, growing as one types."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import DIVERGING
from gui.panels.colour_bar import ColourBar, bar_room, number_bar, paint_colour_bar, short
from gui.panels.heat import Heat
from gui.panels.levels import check_scale
from gui.panels.marks import tag
from gui.panels.matrix_edges import Edges
from gui.panels.matrix_grid import Grid
from gui.panels.matrix_marks import mark_column, mark_cursor, mark_row
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.scrolled_grid import Margins, ScrolledGrid
from gui.panels.scrolling import scroll_by, stays_at_end
from gui.theme import GRID, small_font, theme

FAR = 10
"""Rows or columns that Shift with an arrow key moves by."""
ZOOM_STEP = 1.25
ZOOMS = {"+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP}
PAGES = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
MENU_KEYS = (QKeySequence(Qt.Key.Key_Menu), QKeySequence("Shift+F10"))


class MatrixPanel(Panel):
    """The heat map; a cell is (unit, step): the unit's number, not the row it is shown in."""

    nothing_yet = "No values yet."
    help_text = (
        "Arrow keys move by value, with Shift by ten; Enter chooses; plus and minus make rows higher "
        "and lower, Home shows all; End goes to the newest; Shift+F10 opens the menu of the value."
    )

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._values: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._units: NDArray[np.int64] = np.empty(0, np.int64)
        self._columns: list[str] = []
        self._names: list[str] = []
        self._least_room = 0
        self._row_name, self._column_name = "unit", "character"
        self._bar = ColourBar(DIVERGING, "", "")
        self._low, self._high = 0.0, 1.0
        self._selected: int | None = None
        self._step: int | None = None
        self._heat, self._edges = Heat(), Edges(small_font(self.canvas.font()))
        self._scroll = ScrolledGrid(self.canvas, title, self._scrolled)
        self.canvas.resized.connect(self._resized)

    # What a view uses.

    def set_matrix(
        self,
        values: NDArray[np.float32],
        low: float,
        high: float,
        *,
        rows: ArrayLike,
        columns: Sequence[str],
        colour_map: str = DIVERGING,
        row_name: str = "unit",
        column_name: str = "character",
        unit: str = "",
        names: Sequence[str] = (),
    ) -> None:
        """Show a row for each unit and a column for each step.

        `values`: (units, steps) in `unit`, in the order shown, coloured from `low` to `high`; it is kept,
        not copied. `rows`: (units,) the unit number of each row. `columns`: a printable label of each
        step. `names`: what each row is called, its number unless given. The last steps stay in sight if they
        were and the text goes on. Raises ValueError where the
        shapes do not agree or the scale has no ends.
        """
        shown, units = np.asarray(values, np.float32), np.asarray(rows, np.int64)
        if shown.shape != (len(units), len(columns)) or units.ndim != 1 or len(names) not in (0, len(units)):
            raise ValueError(f"{len(units)} rows and {len(columns)} columns for values of {shown.shape}.")
        check_scale(low, high)
        stays = stays_at_end(self._scroll.across, self._columns, columns)
        self._values, self._units, self._columns = shown, units, list(columns)
        self._names = list(names) or [str(number) for number in units.tolist()]
        self._row_name, self._column_name = row_name, column_name
        self._low, self._high, self._bar = low, high, number_bar(colour_map, low, high, unit)
        self._heat.set(shown, low, high, colour_map)
        self._settle(stays)
        if shown.size:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def keep_room(self, left: int) -> None:
        """Keep at least so many pixels at the left, so that two matrices stand column under column."""
        self._least_room = left
        self._settle()

    @property
    def left_room(self) -> int:
        """Pixels that the names of the rows take."""
        return self._edges.left_room(self._names)

    def set_selected(self, unit: int | None) -> None:
        """Mark a unit's row as the chosen one."""
        if unit != self._selected:
            self._selected = unit
            self.canvas.update()

    def set_step(self, step: int | None) -> None:
        """Mark a step's column."""
        if step != self._step:
            self._step = step
            self.canvas.update()

    @property
    def selected(self) -> int | None:
        """The chosen unit."""
        return self._selected

    @property
    def step(self) -> int | None:
        """The marked step."""
        return self._step

    @property
    def zoom(self) -> float:
        """How many times taller than the panel all rows together are."""
        return self._scroll.zoom

    @property
    def _grid(self) -> Grid | None:
        return self._scroll.grid

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a value lies, in pixels of the canvas, in sight or not; empty if there is no such one."""
        row = self._row_of(cell[0])
        if self._grid is None or row is None or not 0 <= cell[1] < len(self._columns):
            return QRectF()
        return self._grid.value(row, cell[1])

    # What the panel asks.

    def covered(self) -> QRect:
        if self._grid is None:
            return QRect()
        place, ratio = self._grid.picture, self._grid.ratio
        left, top = ceil(place.left() / ratio), ceil(place.top() / ratio)
        right, bottom = (place.left() + place.width()) / ratio, (place.top() + place.height()) / ratio
        return QRect(left, top, floor(right) - left, floor(bottom) - top)

    def cell_at(self, point: QPointF) -> Cell | None:
        ratio = self.canvas.devicePixelRatioF()
        x, y = floor(point.x() * ratio), floor(point.y() * ratio)
        found = None if self._grid is None else self._grid.at(x, y)
        return None if found is None else (int(self._units[found[0]]), found[1])

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[1] < len(self._columns) and self._row_of(cell[0]) is not None

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        last_row, last_step = len(self._units) - 1, len(self._columns) - 1
        if min(last_row, last_step) < 0:
            return None
        if cell is None:
            row = self._row_of(self._selected) or 0
            return int(self._units[row]), last_step if self._step is None else min(self._step, last_step)
        stride = FAR if far else 1
        row = min(max((self._row_of(cell[0]) or 0) + down * stride, 0), last_row)
        return int(self._units[row]), min(max(cell[1] + right * stride, 0), last_step)

    def reveal(self, cell: Cell) -> None:
        row = self._row_of(cell[0])
        if row is not None:
            self._scroll.reveal(row, cell[1])

    def wheel(self, at: QPointF, notches: float) -> bool:
        keys, sideways, scroll = self.canvas.wheel_keys, self.canvas.is_wheel_sideways, self._scroll
        if keys & Qt.KeyboardModifier.ControlModifier:
            scroll.zoom_to(scroll.zoom * ZOOM_STEP**notches, at.y())
            return self._grid is not None
        goes_down = scroll.zoom > 1 and not sideways and not keys & Qt.KeyboardModifier.ShiftModifier
        return scroll_by(scroll.down if goes_down else scroll.across, -round(notches * 12 * GRID))

    def drag(self, by: QPointF) -> None:
        scroll_by(self._scroll.across, -round(by.x()))
        scroll_by(self._scroll.down, -round(by.y()))

    def key(self, event: QKeyEvent) -> bool:
        key, factor, scroll = Qt.Key(event.key()), ZOOMS.get(event.text()), self._scroll
        if self._grid is None:
            return False
        if factor is not None:
            at = self._grid.seen if self.cursor_cell is None else self.value_rect(self.cursor_cell)
            scroll.zoom_to(scroll.zoom * factor, at.center().y())
        elif key == Qt.Key.Key_Home:
            scroll.zoom_to(1.0, 0.0)
        elif key == Qt.Key.Key_End:
            scroll.across.setValue(scroll.across.maximum())
        elif key in PAGES:
            return scroll_by(scroll.across, PAGES[key] * scroll.across.pageStep())
        elif QKeySequence(event.keyCombination()) in MENU_KEYS:
            self._open_menu()
        else:
            return False
        return True

    def _open_menu(self) -> None:
        """Open the menu at the cursor, which is there again when the menu is gone."""
        cell = self.cursor_cell or self.neighbour(None, 0, 0, False)
        if cell is None:
            return
        self.reveal(cell)
        self.move_cursor(cell)
        self.menu.popup(self.canvas.mapToGlobal(self.value_rect(cell).center().toPoint()))
        once = Qt.ConnectionType.SingleShotConnection
        self.menu.aboutToHide.connect(lambda: self.move_cursor(cell if self.contains(cell) else None), once)

    def summary(self) -> str:
        units, steps = len(self._units), len(self._columns)
        size = f"{_counted(units, self._row_name)} by {_counted(steps, self._column_name)}"
        return f"{size}, coloured from {short(self._low)} to {short(self._high)}."

    def numbers(self) -> Numbers:
        """A row for each unit in the order shown: its number, then its value at each step."""
        labels = [f"{self._column_name} {step} {label}" for step, label in enumerate(self._columns)]
        numbered = self._names == [str(number) for number in self._units.tolist()]
        rows = zip(self._units.tolist() if numbered else self._names, self._values.tolist(), strict=True)
        return [self._row_name, *labels], [[first, *values] for first, values in rows]

    def paint(self, painter: QPainter) -> None:
        grid = self._grid
        if grid is None:
            return
        self._paint_values(painter, grid)
        self._edges.paint_columns(painter, grid, self._columns)
        marked = [self._row_of(unit) for unit in (self._selected, (self.cursor_cell or (None,))[0])]
        caption = _counted(len(self._units), self._row_name)
        self._edges.paint_rows(painter, grid, self._names, caption, marked)
        self._paint_chosen(painter, grid)
        self._paint_cursor(painter, grid)
        left = self.canvas.width() - bar_room(self.canvas.font()) - self._scroll.down_room
        area = QRectF(left, grid.seen.top(), bar_room(self.canvas.font()), grid.seen.height())
        paint_colour_bar(painter, self._bar, area)

    def _paint_values(self, painter: QPainter, grid: Grid) -> None:
        seen = grid.seen_columns
        left = grid.view.left() + seen.start * grid.column_width - grid.across
        painter.save()
        painter.scale(1 / grid.ratio, 1 / grid.ratio)
        painter.setClipRect(grid.picture)
        place = QRect(left, grid.view.top(), len(seen) * grid.column_width, grid.view.height())
        painter.drawImage(place, self._heat.image(grid))
        painter.restore()

    def _paint_chosen(self, painter: QPainter, grid: Grid) -> None:
        """The chosen unit's row and the marked step's column."""
        row = self._row_of(self._selected)
        if row is not None:
            mark_row(painter, grid, row, theme().accent, 2)
            self._edges.paint_row(painter, grid, row, self._names[row], theme().accent_text)
        if self._step is not None and 0 <= self._step < grid.columns:
            mark_column(painter, grid, self._step, theme().accent, 2)
            self._edges.paint_column(painter, grid, self._step, self._columns, theme().accent_text)

    def _paint_cursor(self, painter: QPainter, grid: Grid) -> None:
        """The value under the cursor, with its number, its unit and its step at the edges."""
        row = None if self.cursor_cell is None else self._row_of(self.cursor_cell[0])
        if self.cursor_cell is None or row is None:
            return
        unit, step = self.cursor_cell
        mark_cursor(painter, grid, row, step)
        self._edges.paint_row(painter, grid, row, self._names[row], theme().text)
        self._edges.paint_column(painter, grid, step, self._columns, theme().text)
        text = self.value_text or short(float(self._values[row, step]))
        row_name = f"{self._row_name} {unit}" if self._names[row] == str(unit) else self._names[row]
        name = f"{row_name}, “{self._columns[step]}”"
        tag(painter, f"{name}  {text}", grid.value(row, step), grid.seen)

    # Layout and scrolling.

    def _row_of(self, unit: int | None) -> int | None:
        """The row that a unit is shown in."""
        found = [] if unit is None else np.flatnonzero(self._units == unit)
        return int(found[0]) if len(found) else None

    def _settle(self, stays_at_end: bool = False) -> None:
        """Lay rows and columns out for the present size."""
        if not self._values.size:
            self._scroll.clear()
            return
        base = self.canvas.font()
        if self._edges.font != (font := small_font(base)):
            self._edges = Edges(font)
        left = max(self.left_room, self._least_room)
        margins = Margins(left, bar_room(base), self._edges.below_room)
        self._scroll.lay_out(*self._values.shape, margins, stays_at_end)

    def _resized(self) -> None:
        self._settle()
        self._scrolled()

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)


def _counted(count: int, name: str) -> str:
    several = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{count} {name if count == 1 else several}"
