"""The network as a strip from image to logits: blocks that unfold into their layers, with their maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import lookup
from gui.panels.layers import picture_image
from gui.panels.marks import outline
from gui.panels.panel import Cell, Numbers
from gui.panels.strip import StripPanel
from gui.theme import GRID, small_font, theme

PICTURE = 80
"""Side of a tile's picture in device-independent pixels, where there is room."""
TILE = 96
"""Width of a tile."""


@dataclass(frozen=True)
class LayerTile:
    """What the strip says of one layer."""

    group: str
    name: str
    """Within the group: "0.expand.conv"."""
    lines: tuple[str, ...]
    """Below the picture, most important first: shape, kernel and stride, counts."""
    tip: str
    row: tuple[object, ...]
    """The layer's row in the table of numbers."""


@dataclass(frozen=True)
class Thumbnail:
    """A few small maps: `pixels` (rows * height, columns * width) uint8, of which `count` tiles hold one."""

    pixels: NDArray[np.uint8]
    rows: int
    columns: int


@dataclass(frozen=True)
class _Tile:
    """One tile as drawn: a layer, or a folded block shown by its last layer."""

    layer: int
    title: str
    lines: tuple[str, ...]
    folds: str = ""
    """The group that clicking it unfolds."""


class LayerStrip(StripPanel):
    """Blocks and, of the unfolded one, the layers. A cell is (layer,), in the order they run."""

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._layers: tuple[LayerTile, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._block_lines: Mapping[str, tuple[str, ...]] = {}
        self._images: dict[int, QImage] = {}
        self._input: QImage | None = None
        self._selected: int | None = None
        self._open = ""
        self._tiles: list[_Tile] = []
        self.set_empty("The network is being opened.")

    # What a view uses.

    def set_layers(
        self,
        layers: Iterable[LayerTile],
        block_lines: Mapping[str, tuple[str, ...]],
        columns: Iterable[str],
    ) -> None:
        """Show these layers, in order; `block_lines` stand under a folded block, `columns` head the numbers."""
        self._layers, self._block_lines, self._columns = tuple(layers), block_lines, tuple(columns)
        self._images.clear()
        self._selected, self._open = None, ""
        self._lay_tiles()
        self.refresh()

    def set_thumbnails(self, thumbnails: Mapping[int, Thumbnail]) -> None:
        """Draw small maps for these layers; the others keep theirs."""
        table = lookup()
        for layer, thumbnail in thumbnails.items():
            self._images[layer] = _image(thumbnail, table)
        self.canvas.update()

    def set_input(self, picture: NDArray[np.uint8]) -> None:
        """The picture (H, W, 3) uint8 that goes in, drawn before the first layer."""
        if self._input is None:
            self._input = picture_image(picture)
            self._lay_tiles()
        self._input = picture_image(picture)
        self.canvas.update()

    def set_selected(self, layer: int | None) -> None:
        """Mark a layer as the shown one and unfold its block."""
        if layer == self._selected:
            return
        self._selected = layer
        if layer is not None:
            self._open = self._layers[layer].group
            self._lay_tiles()
            self.reveal((self._tile_of(layer),))
        self.canvas.update()

    @property
    def open_block(self) -> str:
        """The unfolded block."""
        return self._open

    # What the panel asks: cells are layers here, tiles are places in the row.

    def cell_at(self, point: QPointF) -> Cell | None:
        place = super().cell_at(point)
        return None if place is None or self._tiles[place[0]].layer < 0 else (self._tiles[place[0]].layer,)

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._layers)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._tiles:
            return None
        place = self._tile_of(cell[0] if cell is not None else (self._selected or 0))
        found = super().neighbour((place,), right, down, far)
        return None if found is None else (max(0, self._tiles[found[0]].layer),)

    def reveal(self, cell: Cell) -> None:
        super().reveal((self._tile_of(cell[0]),))

    def choose(self) -> None:
        """A folded block unfolds; its last layer is chosen with it."""
        cell = self.cursor_cell
        if cell is not None:
            self._open = self._layers[cell[0]].group
            self._lay_tiles()
        super().choose()

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        return "" if cell is None else self._layers[cell[0]].tip

    def summary(self) -> str:
        chosen = "" if self._selected is None else f" {self._layers[self._selected].tip}"
        return f"{len(self._layers)} layers.{chosen}"

    def numbers(self) -> Numbers:
        """A row for each layer."""
        return list(self._columns), [list(layer.row) for layer in self._layers]

    # Tiles.

    def _lay_tiles(self) -> None:
        tiles: list[_Tile] = []
        if self._input is not None:
            size = f"3 × {self._input.height()}²"
            tiles.append(_Tile(-1, "image", (size, "red, green, blue")))
        for first, last in _blocks(self._layers):
            group = self._layers[first].group
            if group == self._open or first == last:
                tiles += [
                    _Tile(layer, self._layers[layer].name, self._layers[layer].lines)
                    for layer in range(first, last + 1)
                ]
            else:
                tiles.append(_Tile(last, group, self._block_lines.get(group, ()), folds=group))
        self._tiles = tiles
        self.set_widths([float(TILE)] * len(tiles))

    def _tile_of(self, layer: int) -> int:
        for place, tile in enumerate(self._tiles):
            if tile.layer == layer or (tile.folds and tile.folds == self._layers[layer].group):
                return place
        return 0

    def paint_tile(self, painter: QPainter, place: int, rect: QRectF) -> None:
        tile, colours = self._tiles[place], theme()
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        side = min(PICTURE, rect.height() - metrics.height() * (len(tile.lines) + 1) - GRID)
        picture = QRectF(rect.left() + 3, rect.top() + 3, side, side)
        if self._is_unfolded(tile):
            self._paint_bracket(painter, place, rect)
        self._paint_picture(painter, tile, picture)
        if tile.layer == self._selected and not tile.folds:
            outline(painter, picture.adjusted(-1, -1, 1, 1), colours.accent, 2)
        elif self.cursor_cell == (tile.layer,):
            outline(painter, picture, colours.text)
        self._paint_lines(painter, tile, QRectF(rect.left() + 3, picture.bottom() + 4, TILE - 8, 999))

    def _is_unfolded(self, tile: _Tile) -> bool:
        return tile.layer >= 0 and not tile.folds and self._layers[tile.layer].group == self._open

    def _paint_bracket(self, painter: QPainter, place: int, rect: QRectF) -> None:
        """A ground behind the layers of the unfolded block, so that they are seen to belong together."""
        painter.fillRect(rect.adjusted(-1, 0, 1, 0), QColor(theme().chrome))

    def _paint_picture(self, painter: QPainter, tile: _Tile, rect: QRectF) -> None:
        image = self._input if tile.layer < 0 else self._images.get(tile.layer)
        if image is None:
            painter.fillRect(rect, QColor(theme().raised))
            return
        ratio = self.canvas.devicePixelRatioF()
        is_shrunk = image.width() > rect.width() * ratio or tile.layer < 0
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_shrunk)
        scale = min(rect.width() / image.width(), rect.height() / image.height())
        painter.drawImage(
            QRectF(rect.left(), rect.top(), image.width() * scale, image.height() * scale), image
        )

    def _paint_lines(self, painter: QPainter, tile: _Tile, rect: QRectF) -> None:
        colours = theme()
        painter.setFont(small_font(self.canvas.font()))
        metrics = painter.fontMetrics()
        chosen = tile.layer == self._selected and not tile.folds
        for line, text in enumerate((tile.title, *tile.lines)):
            painter.setPen(QColor(colours.text if line == 0 or chosen else colours.muted))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, int(rect.width()))
            painter.drawText(
                QPointF(rect.left(), rect.top() + metrics.ascent() + line * metrics.height()), shown
            )


def _blocks(layers: tuple[LayerTile, ...]) -> list[tuple[int, int]]:
    """First and last layer of each run of layers of one group."""
    found: list[tuple[int, int]] = []
    for place, layer in enumerate(layers):
        if found and layers[found[-1][0]].group == layer.group:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _image(thumbnail: Thumbnail, table: NDArray[np.uint32]) -> QImage:
    """The maps side by side with a line of the page's colour between them."""
    rows, columns = thumbnail.rows, thumbnail.columns
    height, width = thumbnail.pixels.shape[0] // rows, thumbnail.pixels.shape[1] // columns
    gap = 1 if min(height, width) >= 12 else 0
    coloured = table.take(thumbnail.pixels)
    ground = np.uint32(QColor(theme().page).rgb())
    spread = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), ground, np.uint32)
    for row in range(rows):
        for column in range(columns):
            part = coloured[row * height : (row + 1) * height, column * width : (column + 1) * width]
            top, left = row * (height + gap), column * (width + gap)
            spread[top : top + height, left : left + width] = part
    image = QImage(
        spread.data, spread.shape[1], spread.shape[0], spread.strides[0], QImage.Format.Format_RGB32
    )
    return image.copy()
