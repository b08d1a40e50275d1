"""All feature maps of a layer as one mosaic, coloured through a lookup table and drawn as one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from gui.colour_maps import SEQUENTIAL, lookup
from gui.panels.colour_bar import ColourBar, bar_room, number_bar, paint_colour_bar, short
from gui.panels.marks import cross, outline, tag
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.tiles import Tiles, best_columns, fit
from gui.theme import GRID, theme


@dataclass(frozen=True)
class Mosaic:
    """What is shown: pixels (rows * height, columns * width) uint8, levels 0..255 from low to high."""

    pixels: NDArray[np.uint8]
    rows: int
    columns: int
    height: int
    width: int
    order: NDArray[np.int64]
    """Channel numbers in the order of the tiles: (count,)."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Ends of the colour scale: () shared by all, or (count,) in the order of the tiles."""
    colour_map: str

    @property
    def is_shared(self) -> bool:
        """Whether all maps have one colour scale."""
        return self.low.ndim == 0

    def scale(self, position: int) -> tuple[float, float]:
        """Low and high end of the colour scale of the tile at `position`."""
        if self.is_shared:
            return float(self.low), float(self.high)
        return float(self.low[position]), float(self.high[position])

    def tile(self, position: int) -> NDArray[np.uint8]:
        """The levels of one map: (height, width)."""
        row, column = divmod(position, self.columns)
        down, right = row * self.height, column * self.width
        return self.pixels[down : down + self.height, right : right + self.width]


class MapsPanel(Panel):
    """The mosaic; a cell is (channel, row, column)."""

    columns_changed = Signal(int)
    """The panel's size changed so that the maps would be larger in this many columns."""
    help_text = "Arrow keys move by value, with Shift by map; Enter chooses the map."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._mosaic: Mosaic | None = None
        self._positions: dict[int, int] = {}
        self._selected: int | None = None
        self._image: QImage | None = None
        self._buffer = np.empty((0, 0), np.uint32)
        self._image_key: object = None
        self._scroll = QScrollBar(Qt.Orientation.Vertical, self.canvas)
        self._scroll.hide()
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._resized)
        self.set_empty("No feature maps yet.")

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
        ends = np.asarray(low, np.float64), np.asarray(high, np.float64)
        if pixels.shape != (rows * height, cols * width) or not 0 < count <= rows * cols:
            raise ValueError(f"{count} maps in {rows} x {cols} tiles of {height} x {width}: {pixels.shape}")
        if channels.shape != (count,) or any(end.shape not in ((), (count,)) for end in ends):
            raise ValueError(f"order, low and high do not fit {count} maps.")
        if self._mosaic is None or not np.array_equal(channels, self._mosaic.order):
            self._positions = {int(channel): position for position, channel in enumerate(channels)}
        self._mosaic = Mosaic(pixels, rows, cols, height, width, channels, *ends, colour_map)
        self._image_key = None
        self._settle()
        self.refresh()

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
        return best_columns(count, height, width, self._room(), self.canvas.devicePixelRatioF())

    def tile_rect(self, channel: int) -> QRectF:
        """Where a channel's map is drawn, in pixels of the canvas (empty if it is not shown)."""
        position = self._positions.get(channel)
        if position is None:
            return QRectF()
        return self._on_canvas(QRectF(self._tiles().tile(position)))

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a value is drawn, in pixels of the canvas."""
        channel, row, column = cell
        return self._on_canvas(self._tiles().value(self._positions[channel], row, column))

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        mosaic = self._mosaic
        ratio = self.canvas.devicePixelRatioF()
        x, y = int(np.floor(point.x() * ratio)), int(np.floor(point.y() * ratio))
        if mosaic is None or not 0 <= y < self._room().height():
            return None
        found = self._tiles().at(x, y + self._offset())
        return None if found is None else (int(mosaic.order[found[0]]), *found[1:])

    def contains(self, cell: Cell) -> bool:
        mosaic = self._mosaic
        return (
            mosaic is not None
            and cell[0] in self._positions
            and cell[1] < mosaic.height
            and cell[2] < mosaic.width
        )

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        mosaic = self._mosaic
        if mosaic is None:
            return None
        if cell is None:
            channel = self._selected if self._selected in self._positions else int(mosaic.order[0])
            return channel, mosaic.height // 2, mosaic.width // 2
        tile_row, tile_column = divmod(self._positions[cell[0]], mosaic.columns)
        y = tile_row * mosaic.height + cell[1] + down * (mosaic.height if far else 1)
        x = tile_column * mosaic.width + cell[2] + right * (mosaic.width if far else 1)
        position = y // mosaic.height * mosaic.columns + x // mosaic.width
        if y < 0 or not 0 <= x < mosaic.columns * mosaic.width or position >= len(mosaic.order):
            return cell
        return int(mosaic.order[position]), y % mosaic.height, x % mosaic.width

    def reveal(self, cell: Cell) -> None:
        place = self.tile_rect(cell[0])
        if place.top() < 0:
            self._scroll.setValue(self._scroll.value() + int(place.top()))
        elif place.bottom() > self.canvas.height():
            self._scroll.setValue(self._scroll.value() + int(place.bottom() - self.canvas.height() + 1))

    def wheel(self, at: QPointF, notches: float) -> bool:
        if self._scroll.isHidden():
            return False
        self._scroll.setValue(self._scroll.value() - round(notches * 3 * self._scroll.singleStep()))
        return True

    def key(self, event: QKeyEvent) -> bool:
        page = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()))
        if page is None or self._scroll.isHidden():
            return False
        self._scroll.setValue(self._scroll.value() + page * self._scroll.pageStep())
        return True

    def summary(self) -> str:
        mosaic = self._mosaic
        if mosaic is None:
            return ""
        size = f"{len(mosaic.order)} maps of {mosaic.height} × {mosaic.width} values"
        if not mosaic.is_shared:
            return f"{size}, one colour scale for each map."
        low, high = mosaic.scale(0)
        return f"{size}, coloured from {short(low)} to {short(high)}."

    def numbers(self) -> Numbers:
        """One row per row of each map: its channel, its scale, and its values as drawn.

        A drawn value is one of 256 levels from low to high; what lies beyond is drawn as the end.
        """
        mosaic = self._mosaic
        if mosaic is None:
            return [], []
        rows: list[list[object]] = []
        for position, channel in enumerate(mosaic.order):
            low, high = mosaic.scale(position)
            values = low + mosaic.tile(position) * ((high - low) / 255)
            rows += [[int(channel), row, low, high, *line] for row, line in enumerate(values.tolist())]
        columns = [f"column {column}" for column in range(mosaic.width)]
        return ["map", "row", "low", "high", *columns], rows
