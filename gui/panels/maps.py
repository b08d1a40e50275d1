"""All feature maps of a layer as one mosaic: one picture, one tile a map, the value under the pointer."""

from __future__ import annotations

from functools import lru_cache
from math import floor

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import SEQUENTIAL
from gui.panels.colour_bar import ColourBar, bar_room, number_bar, paint_colour_bar, short
from gui.panels.marks import cross, outline, tag
from gui.panels.mosaic import Coloured, Mosaic
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.scrolling import BREADTH, SCROLL_ROOM, scroll_bar
from gui.panels.tiles import Tiles, best_columns, fit
from gui.theme import theme


class MapsPanel(Panel):
    """The mosaic; a cell is (channel, row, column)."""

    columns_changed = Signal(int)
    """The panel's size changed so that the maps would be larger in this many columns."""
    help_text = "Arrow keys move by value, with Shift by map; Enter chooses the map."
    nothing_yet = "No feature maps yet."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._mosaic: Mosaic | None = None
        self._tiles: Tiles | None = None
        self._laid_out: object = None
        self._bar_room = bar_room(self.canvas.font())
        self._selected: int | None = None
        self._values: NDArray[np.float32] | None = None
        self._coloured = Coloured()
        self._scroll = scroll_bar(Qt.Orientation.Vertical, self.canvas, f"Scroll {title}")
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._resized)

    # What a view uses.

    def set_mosaic(
        self,
        pixels: NDArray[np.uint8],
        rows: int,
        cols: int,
        height: int,
        width: int,
        count: int,
        order: ArrayLike,
        low: ArrayLike,
        high: ArrayLike,
        colour_map: str = SEQUENTIAL,
    ) -> None:
        """Show `count` maps of height x width values.

        `pixels`: (rows * height, cols * width) uint8, the maps side by side, row after row, their values
        scaled to 0..255 from `low` to `high` (a number each for all maps, or (count,) in tile order).
        `order`: (count,) channel number of each tile. Raises ValueError where the shapes do not agree.
        """
        channels = np.asarray(order, np.int64)
        if channels.shape != (count,):
            raise ValueError(f"{channels.shape} channel numbers for {count} maps.")
        ends = np.asarray(low, np.float64), np.asarray(high, np.float64)
        self._mosaic = Mosaic(pixels, rows, cols, height, width, channels, *ends, colour_map)
        self._values = None
        self._settle()
        self.refresh()

    def set_values(self, values: NDArray[np.float32]) -> None:
        """The maps' own values (channels, height, width), for whoever wants the numbers; call it last.

        Without them the numbers are the values as drawn: one of 256 steps, cut off at low and high.
        """
        self._values = values

    def set_selected(self, channel: int | None) -> None:
        """Mark a channel's map as the chosen one."""
        if channel != self._selected:
            self._selected = channel
            self.canvas.update()

    @property
    def selected(self) -> int | None:
        """The chosen channel."""
        return self._selected

    def preferred_columns(self, count: int, height: int, width: int) -> int:
        """In how many columns `count` maps of height x width would be largest in the panel as it is."""
        ratio = self.canvas.devicePixelRatioF()
        columns = best_columns(count, height, width, self._room(), ratio)
        rows = -(-count // columns)
        if fit(rows, columns, height, width, count, self._room(), ratio).full_height > self._room().height():
            columns = best_columns(count, height, width, self._room(SCROLL_ROOM), ratio)
        return columns

    def tile_rect(self, channel: int) -> QRectF:
        """Where a channel's map is drawn, in pixels of the canvas; empty if it is not shown."""
        position = None if self._mosaic is None else self._mosaic.position(channel)
        if position is None or self._tiles is None:
            return QRectF()
        return self._on_canvas(QRectF(self._tiles.tile(position)))

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a value is drawn, in pixels of the canvas; empty if it is not shown."""
        channel, row, column = cell
        position = None if self._mosaic is None else self._mosaic.position(channel)
        if position is None or self._tiles is None:
            return QRectF()
        return self._on_canvas(self._tiles.value(position, row, column))

    # What the panel asks.

    def covered(self) -> QRect:
        if self._tiles is None:
            return QRect()
        whole = self._on_canvas(QRectF(0, 0, self._tiles.full_width, self._tiles.full_height))
        return QRect(0, 0, floor(whole.right()), floor(whole.bottom()))

    def cell_at(self, point: QPointF) -> Cell | None:
        ratio = self.canvas.devicePixelRatioF()
        x, y = floor(point.x() * ratio), floor(point.y() * ratio)
        if self._mosaic is None or self._tiles is None or not 0 <= y < self._room().height():
            return None
        found = self._tiles.at(x, y + self._offset())
        return None if found is None else (int(self._mosaic.order[found[0]]), *found[1:])

    def contains(self, cell: Cell) -> bool:
        mosaic = self._mosaic
        return (
            mosaic is not None
            and cell[1] < mosaic.height
            and cell[2] < mosaic.width
            and mosaic.position(cell[0]) is not None
        )

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        mosaic = self._mosaic
        if mosaic is None:
            return None
        start = mosaic.position(self._selected if cell is None else cell[0]) or 0
        if cell is None:
            return int(mosaic.order[start]), mosaic.height // 2, mosaic.width // 2
        tile_row, tile_column = divmod(start, mosaic.columns)
        y = tile_row * mosaic.height + cell[1] + down * (mosaic.height if far else 1)
        x = tile_column * mosaic.width + cell[2] + right * (mosaic.width if far else 1)
        position = y // mosaic.height * mosaic.columns + x // mosaic.width
        if y < 0 or not 0 <= x < mosaic.columns * mosaic.width or position >= mosaic.count:
            return cell
        return int(mosaic.order[position]), y % mosaic.height, x % mosaic.width

    def reveal(self, cell: Cell) -> None:
        place = self.tile_rect(cell[0])
        if place.top() < 0:
            self._scroll.setValue(self._scroll.value() + floor(place.top()))
        elif place.bottom() > self.canvas.height():
            self._scroll.setValue(self._scroll.value() + floor(place.bottom() - self.canvas.height()) + 1)

    def wheel(self, at: QPointF, notches: float) -> bool:
        return self._scroll_by(-round(notches * 3 * self._scroll.singleStep()))

    def key(self, event: QKeyEvent) -> bool:
        pages = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()), 0)
        return bool(pages) and self._scroll_by(pages * self._scroll.pageStep())

    def summary(self) -> str:
        mosaic = self._mosaic
        if mosaic is None:
            return ""
        size = f"{mosaic.count} maps of {mosaic.height} × {mosaic.width} values"
        if not mosaic.is_shared:
            return f"{size}, one colour scale for each map."
        low, high = mosaic.scale(0)
        return f"{size}, coloured from {short(low)} to {short(high)}."

    def numbers(self) -> Numbers:
        """A row for each row of each map: its channel, its scale, and its values."""
        mosaic = self._mosaic
        if mosaic is None:
            return [], []
        rows: list[list[object]] = []
        for position, channel in enumerate(mosaic.order.tolist()):
            ends = mosaic.scale(position)
            exact = None if self._values is None else self._values[channel]
            lines = (mosaic.values(position) if exact is None else exact).tolist()
            rows += [[channel, row, *ends, *line] for row, line in enumerate(lines)]
        columns = [f"column {column}" for column in range(mosaic.width)]
        return ["map", "row", "low", "high", *columns], rows

    def paint(self, painter: QPainter) -> None:
        mosaic, tiles = self._mosaic, self._tiles
        if mosaic is None or tiles is None:
            return
        ratio = self.canvas.devicePixelRatioF()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.translate(0, -self._offset())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, tiles.is_shrunk)
        place = QRect(0, 0, tiles.full_width, tiles.full_height)
        painter.drawImage(place, self._coloured.image(mosaic, tiles))
        _paint_gaps(painter, tiles, ratio)
        painter.restore()
        self._paint_marks(painter)
        self._paint_bar(painter, mosaic, tiles.full_width / ratio, tiles.full_height / ratio)

    def _paint_marks(self, painter: QPainter) -> None:
        """The chosen tile, the one under the cursor with its name, and the value itself."""
        if self._selected is not None and not (chosen := self.tile_rect(self._selected)).isEmpty():
            outline(painter, chosen.adjusted(2, 2, -2, -2), theme().accent, 2)
        if self.cursor_cell is None:
            return
        tile, value = self.tile_rect(self.cursor_cell[0]), self.value_rect(self.cursor_cell)
        outline(painter, tile.adjusted(1, 1, -1, -1), theme().text)
        if min(value.width(), value.height()) >= 5:
            outline(painter, value, theme().text)
        else:
            cross(painter, value.center(), min(8.0, tile.width() / 4))
        name = f"map {self.cursor_cell[0]}"
        tag(painter, f"{name}  {self.value_text}".rstrip(), tile, QRectF(self.canvas.rect()))

    def _paint_bar(self, painter: QPainter, mosaic: Mosaic, left: float, height: float) -> None:
        area = QRectF(left, 0, self._bar_room, min(height, self.canvas.height()))
        if mosaic.is_shared:
            bar = number_bar(mosaic.colour_map, *mosaic.scale(0), "all maps")
        elif self.cursor_cell and (position := mosaic.position(self.cursor_cell[0])) is not None:
            bar = number_bar(mosaic.colour_map, *mosaic.scale(position), f"map {mosaic.order[position]}")
        else:
            bar = ColourBar(mosaic.colour_map, "low", "high", caption="of each map")
        paint_colour_bar(painter, bar, area)

    # Layout and scrolling.

    def _room(self, scroll_room: int = 0) -> QSize:
        """Device pixels there are for tiles."""
        ratio = self.canvas.devicePixelRatioF()
        width = self.canvas.width() - self._bar_room - scroll_room
        return QSize(max(1, floor(width * ratio)), max(1, floor(self.canvas.height() * ratio)))

    def _offset(self) -> int:
        """Device pixels scrolled away above."""
        return round(self._scroll.value() * self.canvas.devicePixelRatioF())

    def _on_canvas(self, rect: QRectF) -> QRectF:
        ratio = self.canvas.devicePixelRatioF()
        top = (rect.top() - self._offset()) / ratio
        return QRectF(rect.left() / ratio, top, rect.width() / ratio, rect.height() / ratio)

    def _settle(self) -> None:
        """Lay the tiles out for the present size, with a scroll bar only where they need one."""
        mosaic, canvas = self._mosaic, self.canvas
        if mosaic is None:
            return
        maps = (mosaic.rows, mosaic.columns, mosaic.height, mosaic.width, mosaic.count)
        ratio = canvas.devicePixelRatioF()
        if self._laid_out == (key := (maps, canvas.size(), ratio, canvas.font())):
            return
        self._laid_out, self._bar_room = key, bar_room(canvas.font())
        room = self._room()
        tiles = fit(*maps, room, ratio)
        if scrolls := tiles.full_height > room.height():
            tiles = fit(*maps, self._room(SCROLL_ROOM), ratio)
        self._tiles = tiles
        self._scroll.setRange(0, max(0, -floor((room.height() - tiles.full_height) / ratio)))
        self._scroll.setPageStep(canvas.height())
        self._scroll.setSingleStep(max(1, round(tiles.tile_height / ratio / 3)))
        self._scroll.setGeometry(canvas.width() - BREADTH, 0, BREADTH, canvas.height())
        self._scroll.setVisible(scrolls)

    def _resized(self) -> None:
        self._settle()
        mosaic = self._mosaic
        if mosaic is not None and not self.is_empty:
            columns = self.preferred_columns(mosaic.count, mosaic.height, mosaic.width)
            if columns != mosaic.columns:
                self.columns_changed.emit(columns)

    def _scroll_by(self, pixels: int) -> bool:
        if self._scroll.isHidden():
            return False
        self._scroll.setValue(self._scroll.value() + pixels)
        return True

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)


def _paint_gaps(painter: QPainter, tiles: Tiles, ratio: float) -> None:
    """Lines in the page's colour between the tiles, and the page where the last row has none."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme().page))
    painter.drawRects(_gaps(tiles, ratio))


@lru_cache(maxsize=4)
def _gaps(tiles: Tiles, ratio: float) -> list[QRect]:
    """The places of the mosaic that show the page, in device pixels; listing takes longer than filling."""
    breadth = max(1, round(ratio * (2 if tiles.tile_width >= 40 * ratio else 1)))
    half, wide, high = breadth // 2, tiles.full_width, tiles.full_height
    page = [QRect(column * tiles.tile_width - half, 0, breadth, high) for column in range(1, tiles.columns)]
    page += [QRect(0, row * tiles.tile_height - half, wide, breadth) for row in range(1, tiles.rows)]
    full_rows, rest = divmod(tiles.count, tiles.columns)
    across, down = rest * tiles.tile_width, full_rows * tiles.tile_height
    if tiles.count < tiles.rows * tiles.columns:
        below = down + tiles.tile_height
        page += [QRect(across, down, wide - across, tiles.tile_height), QRect(0, below, wide, high - below)]
    return page
