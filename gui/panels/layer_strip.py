"""The network as a strip from image to logits: blocks that unfold into their layers, with their maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gui.panels.layer_tiles import Bracket, LayerTile, Tile, lay_tiles
from gui.panels.layers import picture_image
from gui.panels.marks import outline
from gui.panels.panel import Cell, Numbers
from gui.panels.strip import StripPanel
from gui.panels.thumbnail import Thumbnail, drawn
from gui.theme import GRID, small_font, theme

__all__ = ["LayerStrip", "LayerTile", "Thumbnail"]

LARGEST, LEGIBLE = 84.0, 57.0
"""Side of a tile's picture in device-independent pixels, and from where on text may take room from it."""
LINES = 2
"""Of text that a tile keeps however low the strip is."""
WIDEST = 150.0
"""A tile; longer lines are elided."""
EDGE = GRID / 2
"""Around a tile's picture and texts."""
INPUT = -1
"""Stands for the picture that goes in, where others are numbers of layers."""


class LayerStrip(StripPanel):
    """Blocks and, of the unfolded one, the layers. A cell is (layer,), in the order they run."""

    help_text = "Left and right move along, Enter unfolds a block or chooses a layer, minus folds the block."
    nothing_yet = "The network is being opened."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._layers: tuple[LayerTile, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._block_lines: Mapping[str, tuple[str, ...]] = {}
        self._thumbnails: dict[int, Thumbnail] = {}
        self._images: dict[int, tuple[tuple[object, ...], QImage]] = {}
        self._input: NDArray[np.uint8] | None = None
        self._is_grey = False
        self._selected: int | None = None
        self._open = ""
        self._tiles: list[Tile] = []
        self._bracket: Bracket | None = None
        self._side = LARGEST
        self._shown_lines = 1
        self.canvas.resized.connect(self._resized)

    # What a view uses.

    def set_layers(
        self,
        layers: Iterable[LayerTile],
        block_lines: Mapping[str, tuple[str, ...]],
        columns: Iterable[str],
    ) -> None:
        """Show these layers, in order, all blocks folded and none chosen.

        `block_lines` stand under a folded block, `columns` head the numbers.
        """
        self._layers, self._block_lines, self._columns = tuple(layers), block_lines, tuple(columns)
        self._thumbnails.clear()
        self._selected, self._open = None, ""
        self._lay_tiles()
        self._scroll.setValue(0)
        self.refresh()

    def set_thumbnails(self, thumbnails: Mapping[int, Thumbnail]) -> None:
        """Draw small maps for these layers; the others keep theirs."""
        if thumbnails:
            self._thumbnails.update(thumbnails)
            self.canvas.update()

    def clear_thumbnails(self) -> None:
        """Draw no maps: they are about to come anew."""
        self._thumbnails.clear()
        self.canvas.update()

    def set_input(self, picture: NDArray[np.uint8], *, is_grey: bool = False) -> None:
        """The picture (H, W, 3) uint8 that goes in, drawn before the first layer; `is_grey` as one map."""
        before, self._input, self._is_grey = self._input, picture, is_grey
        if before is None or before.shape != picture.shape:
            self._lay_tiles()
            self.canvas.update()
        else:
            self.canvas.update(self.tile_rect(0).toAlignedRect())  # alone, because every new look changes it

    def set_selected(self, layer: int | None) -> None:
        """Mark a layer as the shown one and unfold its block."""
        if layer == self._selected:
            return
        self._selected = layer
        if layer is not None:
            self._unfold(self._layers[layer].group)
            self.reveal((layer,))
        self.canvas.update()
        self._describe()

    @property
    def open_block(self) -> str:
        """The unfolded block; "" where all are folded."""
        return self._open

    def layer_rect(self, layer: int) -> QRectF:
        """Where a layer's picture, or that of its folded block, is drawn, in pixels of the canvas."""
        return self._picture_rect(self.tile_rect(self._place_of(layer)))

    def bracket_rect(self) -> QRectF:
        """Where the unfolded block's name is, in pixels of the canvas: a click there folds it."""
        if self._bracket is None:
            return QRectF()
        first, last = self.tile_rect(self._bracket.first), self.tile_rect(self._bracket.last)
        whole = QRectF(first.left(), 0, last.right() - first.left(), self._head_height())
        return whole.intersected(QRectF(self.canvas.rect()))

    # What the panel asks: cells are layers here, tiles are places in the row.

    def cell_at(self, point: QPointF) -> Cell | None:
        place = super().cell_at(point)
        if place is None or self._tiles[place[0]].layer == INPUT or self.bracket_rect().contains(point):
            return None
        return (self._tiles[place[0]].layer,)

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._layers)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._layers:
            return None
        if cell is None:
            return (self._tiles[self._place_of(self._selected or 0)].layer,)
        found = super().neighbour((self._place_of(cell[0]),), right, down, far)
        layer = INPUT if found is None else self._tiles[found[0]].layer
        return cell if layer == INPUT else (layer,)

    def reveal(self, cell: Cell) -> None:
        super().reveal((self._place_of(cell[0]),))

    def choose(self) -> None:
        """A folded block unfolds, and its last layer is chosen with it; the bracket's name folds it."""
        cell = self.cursor_cell
        if cell is None:
            if self._pointer is not None and self.bracket_rect().contains(self._pointer):
                self._unfold("")
            return
        super().choose()
        if self._layers[cell[0]].group != self._open:
            self._unfold(self._layers[cell[0]].group)
            self.reveal(cell)

    def key(self, event: QKeyEvent) -> bool:
        if event.text() == "-" and self._open:
            self._unfold("")
            if self.cursor_cell is not None:
                self.reveal(self.cursor_cell)
            return True
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._layers) - 1}
        layer = ends.get(Qt.Key(event.key()))
        if layer is None or not self._layers:
            return False
        layer = self._tiles[self._place_of(layer)].layer
        self.point(None)
        self.reveal((layer,))
        self.move_cursor((layer,))
        return True

    def tip(self, point: QPointF) -> str:
        if self.bracket_rect().contains(point):
            return f"Fold {self._open}"
        cell = self.cell_at(point)
        if cell is not None:
            tile = self._tiles[self._place_of(cell[0])]
            return (
                f"Unfold {tile.folds}: {', '.join(tile.lines)}" if tile.folds else self._layers[cell[0]].tip
            )
        return "The picture as the network gets it" if super().cell_at(point) else ""

    def summary(self) -> str:
        chosen = "" if self._selected is None else f" {self._layers[self._selected].tip}"
        return f"{len(self._layers)} layers.{chosen}"

    def numbers(self) -> Numbers:
        """A row for each layer."""
        return list(self._columns), [list(layer.row) for layer in self._layers]

    # Painting.

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._bracket is not None:
            self._paint_bracket(painter, self._bracket)
        super().paint(painter)

    def paint_tile(self, painter: QPainter, place: int, rect: QRectF) -> None:
        tile, picture = self._tiles[place], self._picture_rect(rect)
        is_chosen = self._is_chosen(tile)
        is_hovered = self.cursor_cell == (tile.layer,)
        self._paint_picture(painter, tile, picture)
        if is_chosen:
            outline(painter, picture.adjusted(-1, -1, 1, 1), theme().accent, 2)
        elif is_hovered:
            outline(painter, picture.adjusted(-1, -1, 1, 1), theme().text)
        ink = QColor(theme().text if is_chosen or is_hovered else theme().muted)
        painter.setFont(small_font(self.canvas.font()))
        metrics = QFontMetricsF(painter.font())
        if tile.head:
            self._paint_head(painter, tile.head, rect, "right" if tile.folds else "")
        top = picture.bottom() + EDGE + metrics.ascent()
        for number, text in enumerate(tile.lines[: self._shown_lines]):
            is_name = number == 0 and not tile.head
            painter.setPen(QColor(theme().text) if is_name else ink)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, rect.width() - 2 * EDGE)
            painter.drawText(QPointF(rect.left() + EDGE, top + number * metrics.height()), shown)

    def _is_chosen(self, tile: Tile) -> bool:
        """Whether a tile is the chosen layer or the folded block that hides it."""
        if self._selected is None or tile.layer == INPUT:
            return False
        return tile.layer == self._selected or tile.folds == self._layers[self._selected].group

    def _paint_bracket(self, painter: QPainter, bracket: Bracket) -> None:
        """One ground and one head for the unfolded block's layers; the head stays while they scroll."""
        first, last = self.tile_rect(bracket.first), self.tile_rect(bracket.last)
        whole = QRectF(first.left(), 0, last.right() - first.left(), first.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().chrome))
        painter.drawRoundedRect(whole, 6, 6)
        painter.setPen(QPen(QColor(theme().muted), 1))
        under, left, right = self._head_height() - 3.5, whole.left() + EDGE + 0.5, whole.right() - EDGE - 0.5
        corners = [(left, under + 3), (left, under), (right, under), (right, under + 3)]
        painter.drawPolyline(QPolygonF([QPointF(*corner) for corner in corners]))
        text = f"{bracket.name}, {bracket.last - bracket.first + 1} layers"
        painter.setFont(small_font(self.canvas.font()))
        room = 2 * GRID + QFontMetricsF(painter.font()).horizontalAdvance(text)
        left = min(max(0.0, whole.left()), whole.right() - room)
        self._paint_head(painter, text, QRectF(left, 0, room, 0), "down")

    def _paint_head(self, painter: QPainter, text: str, rect: QRectF, chevron: str) -> None:
        """A block's name, and a chevron that says whether it is folded."""
        metrics = QFontMetricsF(painter.font())
        left, middle = rect.left() + EDGE, self._head_height() / 2 - 1.5
        painter.setPen(QColor(theme().text))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - 2 * EDGE)
        if chevron:
            _paint_chevron(painter, QPointF(left + 3, middle), chevron == "down")
            left += 1.25 * GRID
        painter.drawText(QPointF(left, middle + metrics.capHeight() / 2), shown)

    def _paint_picture(self, painter: QPainter, tile: Tile, rect: QRectF) -> None:
        image = self._image(tile.layer)
        if image is None:
            painter.fillRect(rect, QColor(theme().raised))
            return
        painter.drawImage(rect.topLeft(), image)

    def _image(self, layer: int) -> QImage | None:
        """What is drawn for a layer or the picture, kept as long as source and size stay."""
        source = self._input if layer == INPUT else self._thumbnails.get(layer)
        if source is None:
            return None
        ratio = self.canvas.devicePixelRatioF()
        side = round(self._side * ratio)
        key, image = self._images.get(layer, ((), QImage()))
        if not key or key[0] is not source or key[1:] != (side, ratio):
            if isinstance(source, Thumbnail):
                image = drawn(source, side, ratio)
            else:
                image = _square(picture_image(source), side, ratio)
            self._images[layer] = ((source, side, ratio), image)
        return image

    # Layout.

    def _head_height(self) -> float:
        return ceil(QFontMetricsF(small_font(self.canvas.font())).height()) + 6.0

    def _picture_rect(self, tile: QRectF) -> QRectF:
        """A tile's picture, on whole device pixels so that it stays crisp while it scrolls."""
        return QRectF(round(tile.left() + EDGE), self._head_height() + 2, self._side, self._side)

    def _lay_tiles(self) -> None:
        picture = None
        if self._input is not None:
            height, width = self._input.shape[:2]
            count, colours = (1, "grey") if self._is_grey else (3, "red, green, blue")
            size = f"{count} × {height}²" if height == width else f"{count} × {height} × {width}"
            picture = Tile(INPUT, "image", (size, colours))
        self._tiles, self._bracket = lay_tiles(self._layers, self._block_lines, self._open, picture)
        self._share_height()
        widths = [self._width(tile) for tile in self._tiles]
        if self._bracket is not None:
            first, last = self._bracket.first, self._bracket.last + 1
            widths[first:last] = [max(widths[first:last])] * (last - first)
        self.set_widths(widths)

    def _share_height(self) -> None:
        """As many lines of text as leave the picture a good size, then the largest picture."""
        line = QFontMetricsF(small_font(self.canvas.font())).height()
        room = self.canvas.height() - self._bar_height - self._head_height() - 2 - 2 * EDGE
        most = max((len(tile.lines) for tile in self._tiles), default=1)
        lines = min(most, max(LINES, int((room - LEGIBLE) / line)))
        self._shown_lines = lines
        self._side = float(int(min(LARGEST, max(GRID, room - lines * line))))

    def _width(self, tile: Tile) -> float:
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        texts = [metrics.horizontalAdvance(text) for text in tile.lines[: self._shown_lines]]
        head = metrics.horizontalAdvance(tile.head) + (1.25 * GRID if tile.folds else 0)
        widest = max([self._side, head, *texts])
        return ceil(min(WIDEST, widest + 0.5)) + 2 * EDGE + GRID / 2

    def _place_of(self, layer: int) -> int:
        """The place of a layer's tile, or of the folded block that hides it."""
        group = self._layers[layer].group
        tiles = enumerate(self._tiles)
        return next(
            (n for n, tile in tiles if tile.layer == layer or (tile.folds and tile.folds == group)), 0
        )

    def _unfold(self, group: str) -> None:
        """Unfold a block (""; none) and fold the other, the chosen block staying where it is."""
        if group == self._open:
            return
        anchor = group or self._open
        before = self._left_of(anchor)
        self._open = group
        self._lay_tiles()
        self._scroll.setValue(round(self._scroll.value() + self._left_of(anchor) - before))
        self.point(self._pointer)

    def _left_of(self, group: str) -> float:
        """Where a block begins on the canvas."""
        layers = (number for number, layer in enumerate(self._layers) if layer.group == group)
        return max(0.0, self.tile_rect(self._place_of(next(layers, 0))).left()) if self._layers else 0.0

    def _resized(self) -> None:
        self._lay_tiles()
        if self._selected is not None:
            self.reveal((self._selected,))


def _square(image: QImage, side: int, ratio: float) -> QImage:
    """A picture shrunk by averaging into a square of device pixels."""
    kept, averaged = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    square = image.scaled(side, side, kept, averaged)
    square.setDevicePixelRatio(ratio)
    return square


def _paint_chevron(painter: QPainter, at: QPointF, down: bool) -> None:
    """A small open arrow around `at`, pointing down or right."""
    painter.save()
    pen = QPen(QColor(theme().muted), 1.5)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    corners = [(-3, -1.5), (0, 1.5), (3, -1.5)] if down else [(-1.5, -3), (1.5, 0), (-1.5, 3)]
    painter.drawPolyline(QPolygonF([QPointF(at.x() + x, at.y() + y) for x, y in corners]))
    painter.restore()
