"""Small heat maps side by side on one colour scale: time across, training downwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import SEQUENTIAL, colours
from gui.panels.colour_bar import ColourBar, bar_room, paint_colour_bar, short
from gui.panels.levels import check_scale, levels
from gui.panels.marks import cross, tag
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.resample import borders, resampled
from gui.panels.series import series_colour
from gui.panels.still import Still, pixel_ratio
from gui.theme import GRID, small_font, theme

FAR = 10
"""Rows or columns that Shift with an arrow key moves by."""
MAPS_AT_ONCE = 2
"""Drawn in one piece: some 4 ms."""
LEAST_SIDE = 3 * GRID
"""Of a map, in device-independent pixels."""


WIDER = 1.4
"""How many times wider than tall a map is at best."""


@dataclass(frozen=True)
class HeatMap:
    """One of the maps."""

    name: str
    values: np.ndarray
    """(R, C); NaN is left blank."""
    starts: np.ndarray
    """(R,) ascending: where each row begins on the axis downwards."""
    stop: float
    """Where the last row ends on it; below, the map is blank."""
    colour: str | int = "text"
    """Of its name."""
    note: str = ""
    """A few words beside its name."""


@dataclass(frozen=True)
class _Kept:
    """A map as it was drawn last, and what it was drawn from."""

    of: np.ndarray
    starts: np.ndarray
    key: tuple[object, ...]
    image: QImage


class HeatMapsPanel(Panel):
    """The maps; a cell is (map, row, column)."""

    nothing_yet = "Nothing measured yet."
    help_text = "Arrow keys move by value and from map to map, with Shift by ten; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._maps: tuple[HeatMap, ...] = ()
        self._end, self._low, self._high = 1.0, 0.0, 1.0
        self._bar = ColourBar(SEQUENTIAL, "", "")
        self._text: Callable[[float], str] = short
        self._words = "column", "row"
        self._images: dict[int, _Kept] = {}
        self._still = Still(self.canvas)
        self._laid_out: tuple[tuple[object, ...], tuple[int, float, float, float, float]] | None = None

    # What a view uses.

    def set_maps(
        self,
        maps: Sequence[HeatMap],
        end: float,
        low: float,
        high: float,
        *,
        words: tuple[str, str] = ("column", "row"),
        text: Callable[[float], str] = short,
        bar: ColourBar | None = None,
    ) -> None:
        """Show these maps, whose axis downwards goes from 0 to `end`, coloured from `low` to `high`.

        `words` name the axes across and downwards; `text` writes a value. Raises ValueError where the scale
        has no ends or a map's rows do not agree.
        """
        check_scale(low, high)
        for one in maps:
            if one.values.ndim != 2 or len(one.starts) != len(one.values):
                raise ValueError(f"{len(one.starts)} rows for values of {one.values.shape} of {one.name}.")
        self._maps = tuple(one for one in maps if one.values.size)
        self._end, self._low, self._high, self._words, self._text = end, low, high, words, text
        self._bar = bar or ColourBar(SEQUENTIAL, text(low), text(high))
        self._still.forget()
        if self._maps:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def place(self, which: int) -> QRectF:
        """Where a map lies on the canvas."""
        columns, left, top, breadth, height = self._layout()
        down, across = divmod(which, columns)
        return (
            QRectF(left + across * (breadth + 1.5 * GRID), top + down * (height + top), breadth, height)
            .toAlignedRect()
            .toRectF()
        )

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a value lies on the canvas."""
        which, row, column = cell
        one, place = self._maps[which], self.place(which)
        edges, breadth = self._edges(one), place.width() / one.values.shape[1]
        top, bottom = (place.top() + place.height() * edges[at] / self._end for at in (row, row + 1))
        return QRectF(place.left() + column * breadth, top, breadth, bottom - top)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        for which, one in enumerate(self._maps):
            place = self.place(which)
            if place.contains(point):
                share = (point.y() - place.top()) / place.height() * self._end
                row = int(np.searchsorted(self._edges(one), share, side="right")) - 1
                column = int((point.x() - place.left()) / place.width() * one.values.shape[1])
                cell = which, row, min(column, one.values.shape[1] - 1)
                return cell if self.contains(cell) else None
        return None

    def contains(self, cell: Cell) -> bool:
        which, row, column = cell
        if which >= len(self._maps):
            return False
        rows, columns = self._maps[which].values.shape
        return 0 <= row < rows and 0 <= column < columns

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._maps:
            return None
        if cell is None:
            return 0, len(self._maps[0].values) - 1, 0
        which, row, column = cell
        rows, columns = self._maps[which].values.shape
        stride = FAR if far else 1
        wanted = column + right * stride
        if 0 <= wanted < columns or not 0 <= which + right < len(self._maps):
            return which, min(max(row + down * stride, 0), rows - 1), min(max(wanted, 0), columns - 1)
        rows, columns = self._maps[which + right].values.shape
        return which + right, min(row, rows - 1), 0 if right > 0 else columns - 1

    def summary(self) -> str:
        across, down = self._words
        parts = (f"{one.name}{f', {one.note}' if one.note else ''}" for one in self._maps)
        scale = f"coloured from {self._text(self._low)} to {self._text(self._high)}"
        return f"{'; '.join(parts)}: {across} across, {down} downwards, {scale}."

    def numbers(self) -> Numbers:
        """A row for each row of each map: the map's name, where the row begins, and its values."""
        across, down = self._words
        columns = max(one.values.shape[1] for one in self._maps)
        header = ["map", f"first {down}", *(f"{across} {place}" for place in range(columns))]
        rows = [
            [one.name, start, *row, *[float("nan")] * (columns - len(row))]
            for one in self._maps
            for start, row in zip(one.starts.tolist(), one.values.tolist(), strict=True)
        ]
        return header, rows

    def paint(self, painter: QPainter) -> None:
        self._still.paint(painter, self._paint_still)
        if self.cursor_cell is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_cursor(painter, self.cursor_cell)

    def _paint_still(self, painter: QPainter) -> None:
        """All but what moves with the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = pixel_ratio(painter)
        for which, one in enumerate(self._maps):
            place = self.place(which)
            painter.fillRect(place, QColor(theme().chrome))
            painter.drawImage(place, self._image(which, one, place, ratio))
            self._paint_name(painter, one, place)
            self._paint_ends(painter, which, one, place)
        room = bar_room(self.canvas.font())
        top, bottom = self.place(0).top(), self.place(len(self._maps) - 1).bottom()
        paint_colour_bar(painter, self._bar, QRectF(self.canvas.width() - room, top, room, bottom - top))

    def _paint_name(self, painter: QPainter, one: HeatMap, place: QRectF) -> None:
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        baseline = place.top() - metrics.descent() - 2
        name = metrics.elidedText(one.name, Qt.TextElideMode.ElideRight, place.width())
        painter.setPen(QColor(series_colour(one.colour)))
        painter.drawText(QPointF(place.left(), baseline), name)
        left = place.left() + metrics.horizontalAdvance(f"{name} ") + 2
        note = metrics.elidedText(one.note, Qt.TextElideMode.ElideRight, max(0.0, place.right() - left))
        if note and note != "…":
            painter.setPen(QColor(theme().muted))
            painter.drawText(QPointF(left, baseline), note)
        painter.restore()

    def _paint_ends(self, painter: QPainter, which: int, one: HeatMap, place: QRectF) -> None:
        """The ends of both axes: at the left of the first column of maps, and below the last row."""
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QColor(theme().muted))
        columns = self._layout()[0]
        if which % columns == 0:
            for text, baseline in (
                ("0", place.top() + metrics.ascent()),
                (f"{self._end:,.0f}", place.bottom() - metrics.descent()),
            ):
                left = place.left() - GRID / 2 - metrics.horizontalAdvance(text)
                painter.drawText(QPointF(left, baseline), text)
        if which + columns >= len(self._maps):
            baseline = place.bottom() + metrics.ascent() + 2
            last = f"{one.values.shape[1] - 1}"
            painter.drawText(QPointF(place.left(), baseline), "0")
            painter.drawText(QPointF(place.right() - metrics.horizontalAdvance(last), baseline), last)
            if metrics.horizontalAdvance(f"0 {self._words[0]} {last}") + 2 * GRID < place.width():
                middle = place.center().x() - metrics.horizontalAdvance(self._words[0]) / 2
                painter.drawText(QPointF(middle, baseline), self._words[0])
        painter.restore()

    def _paint_cursor(self, painter: QPainter, cell: Cell) -> None:
        which, row, column = cell
        one, near = self._maps[which], self.value_rect(cell)
        painter.setClipRect(self.place(which))
        cross(painter, near.center(), 10.0)
        painter.setClipping(False)
        across, down = self._words
        value = self.value_text or self._text(float(one.values[row, column]))
        text = f"{one.name}, {down} {one.starts[row]:,.0f}, {across} {column}:  {value}"
        tag(painter, text, near, QRectF(self.canvas.rect()))

    def rest(self) -> Iterator[None]:
        """Draw the maps, a few with each piece; without it they are drawn when all is painted."""
        if not self._maps or not self.canvas.isVisible():
            return
        ratio = self.canvas.devicePixelRatioF()
        pending = [
            (which, one) for which, one in enumerate(self._maps) if not self._is_drawn(which, one, ratio)
        ]
        if not pending:
            return
        with self._still.held():
            yield
            for place, (which, one) in enumerate(pending, start=1):
                self._image(which, one, self.place(which), ratio)
                if place % MAPS_AT_ONCE == 0:
                    yield

    def _image(self, which: int, one: HeatMap, place: QRectF, ratio: float) -> QImage:
        """A map at the size it is drawn in; kept as long as nothing about it changes."""
        if not self._is_drawn(which, one, ratio):
            width, height = round(place.width() * ratio), round(place.height() * ratio)
            image = self._drawn(one, width, height)
            self._images[which] = _Kept(one.values, one.starts, self._key(which, one, ratio), image)
        return self._images[which].image

    def _is_drawn(self, which: int, one: HeatMap, ratio: float) -> bool:
        kept = self._images.get(which)
        is_of_it = kept is not None and kept.of is one.values and kept.starts is one.starts
        return is_of_it and kept.key == self._key(which, one, ratio)

    def _key(self, which: int, one: HeatMap, ratio: float) -> tuple[object, ...]:
        place = self.place(which)
        width, height = round(place.width() * ratio), round(place.height() * ratio)
        return self._low, self._high, one.stop, self._end, width, height, theme()

    def _drawn(self, one: HeatMap, width: int, height: int) -> QImage:
        values = np.clip(np.asarray(one.values, np.float32), self._low, self._high)
        columns = borders(np.arange(values.shape[1] + 1), width, values.shape[1])
        means = resampled(values, borders(self._edges(one), height, self._end), columns)
        pixels = np.empty(means.shape, np.uint32)
        colours(levels(means, self._low, self._high), self._bar.colour_map, pixels)
        unknown = np.isnan(means)
        if unknown.any():
            pixels[unknown] = QColor(theme().chrome).rgb()
        return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()

    def _edges(self, one: HeatMap) -> np.ndarray:
        """(R + 1,) where the rows begin and end."""
        return np.append(one.starts, one.stop).astype(np.float64)

    # Layout.

    def _layout(self) -> tuple[int, float, float, float, float]:
        """Columns of maps; room at the left and above each; a map's width and height."""
        canvas = self.canvas
        key = (canvas.width(), canvas.height(), len(self._maps), self._end, canvas.font().key())
        if self._laid_out is None or self._laid_out[0] != key:
            self._laid_out = key, self._arranged()
        return self._laid_out[1]

    def _arranged(self) -> tuple[int, float, float, float, float]:
        """As many columns as make the maps the most nearly square."""
        count = max(1, len(self._maps))
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        line, bar = metrics.height(), bar_room(self.canvas.font())
        left, top = metrics.horizontalAdvance(f"{self._end:,.0f}") + GRID, line + GRID

        def size(columns: int) -> tuple[float, float]:
            rows = ceil(count / columns)
            breadth = (self.canvas.width() - left - bar - (columns - 1) * 1.5 * GRID) / columns
            height = (self.canvas.height() - line - GRID / 2 - rows * top) / rows
            return max(LEAST_SIDE, breadth), max(LEAST_SIDE, height)

        columns = max(range(1, count + 1), key=lambda many: min(size(many)[0], WIDER * size(many)[1]))
        return columns, left, top, *size(columns)
