"""A sequence and what the layers of a network make of it, all on one axis of positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gui.colour_maps import lookup
from gui.panels.colour_bar import short
from gui.panels.marks import cross, tag
from gui.panels.panel import Cell, Numbers
from gui.panels.reading_blocks import Block, Tiles, heat_image, lay_tiles, tiles_image
from gui.panels.reading_layout import Placed, beside_picture, downwards, stacked
from gui.panels.reading_letters import LEAST_LETTER, letters_image
from gui.panels.series import series_colour
from gui.panels.still import Still
from gui.panels.told_panel import Told, ToldPanel
from gui.theme import GRID, small_font, theme

FAR = 10
BAR = 4.0 * GRID
"""Length of the colour bar in a block's title line."""


class ReadingsPanel(ToldPanel):
    """The blocks; a cell is (block, *indices of its values)."""

    pointed = Signal(object)
    """The position under the pointer, so that another panel marks it too; None where it leaves."""
    nothing_yet = "Nothing has been read yet."
    help_text = "Arrow keys move by value and from layer to layer, with Shift by ten; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._blocks: tuple[Block, ...] = ()
        self._length, self._goes_down, self._noun = 1, False, "position"
        self._position: float | None = None
        self._images: dict[int, tuple[tuple[object, ...], QImage]] = {}
        self._still = Still(self.canvas)
        self.hovered.connect(self._tell_pointed)

    # What a view uses.

    def set_blocks(
        self, blocks: Sequence[Block], length: int, *, goes_down: bool = False, noun: str = "position"
    ) -> None:
        """Show these over a sequence of `length`. With `goes_down` the first is a picture whose rows are the
        positions, and the others stand beside it.
        """
        self._blocks, self._length, self._noun = tuple(blocks), max(1, length), noun
        self._goes_down = goes_down and bool(blocks) and blocks[0].kind == "pictures"
        self._still.forget()
        if self._blocks:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def rest(self) -> Iterator[None]:
        """Draw the blocks, one with each piece; without it they are drawn when all is painted."""
        if self._blocks and self.canvas.isVisible():
            yield from self._still.paint_in_pieces(self._parts())

    def set_position(self, position: float | None) -> None:
        """Mark a position of the sequence in every block."""
        if position != self._position:
            self._position = position
            self.canvas.update()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is shown."""
        return self._blocks

    def told(self, cell: Cell) -> Told:
        """What a cell is called: the block's array, and indices into it."""
        block, index = self._blocks[cell[0]], tuple(cell[1:])
        if block.is_input:
            index = (index[-1], index[0]) if block.kind != "pictures" else index[1:]
        return block.told, index

    def place(self, block: int) -> QRectF:
        """Where a block's values lie on the canvas."""
        return self._placed()[block].body

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a value lies on the canvas."""
        block, body = self._blocks[cell[0]], self._placed()[cell[0]].body
        if block.kind == "pictures":
            rect = self._tiles(block, body).rect(cell[1])
            rows, columns = block.values.shape[1:]
            width, height = rect.width() / columns, rect.height() / rows
            return QRectF(rect.left() + cell[3] * width, rect.top() + cell[2] * height, width, height)
        edges = block.edges(self._length)
        first, last = edges[cell[2]], edges[cell[2] + 1]
        rows = 1 if block.kind in ("curve", "letters") else len(block.values)
        row = 0 if rows == 1 else cell[1]
        if self._goes_down:
            width = body.width() / rows
            top = body.top() + first * body.height()
            return QRectF(body.left() + row * width, top, width, (last - first) * body.height())
        height, left = body.height() / rows, body.left() + first * body.width()
        return QRectF(left, body.top() + row * height, (last - first) * body.width(), height)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        for number, (block, placed) in enumerate(zip(self._blocks, self._placed(), strict=True)):
            if placed.body.contains(point):
                return self._cell_in(number, block, placed.body, point)
        return None

    def _cell_in(self, number: int, block: Block, body: QRectF, point: QPointF) -> Cell | None:
        if block.kind == "pictures":
            tiles = self._tiles(block, body)
            tile = tiles.at(point, len(block.values))
            if tile is None:
                return None
            rect, (rows, columns) = tiles.rect(tile), block.values.shape[1:]
            row = min(rows - 1, int((point.y() - rect.top()) / rect.height() * rows))
            return (
                number,
                tile,
                row,
                min(columns - 1, int((point.x() - rect.left()) / rect.width() * columns)),
            )
        along, across = (
            (point.x() - body.left()) / body.width(),
            (point.y() - body.top()) / body.height(),
        )
        if self._goes_down:
            along, across = across, along
        edges = block.edges(self._length)
        column = int(np.searchsorted(edges, along, side="right")) - 1
        if not (0 <= column < block.values.shape[-1] and along <= edges[-1]):
            return None
        rows = 1 if block.kind in ("curve", "letters") else len(block.values)
        return number, min(rows - 1, int(across * rows)), column

    def contains(self, cell: Cell) -> bool:
        if cell[0] >= len(self._blocks):
            return False
        shape = self._blocks[cell[0]].values.shape
        return len(cell) == len(shape) + 1 and all(
            0 <= at < size for at, size in zip(cell[1:], shape, strict=True)
        )

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._blocks:
            return None
        if cell is None:
            return (0, *(0 for _ in self._blocks[0].values.shape))
        stride = FAR if far else 1
        *lead, row, column = cell
        if self._goes_down and self._blocks[cell[0]].kind != "pictures":
            right, down = down, right
        shape = self._blocks[cell[0]].values.shape
        rows = 1 if self._blocks[cell[0]].kind == "curve" else shape[-2]
        wanted = row + down * stride
        if down and not 0 <= wanted < rows:
            return self._next_block(cell, 1 if down > 0 else -1)
        return (*lead, min(max(wanted, 0), rows - 1), min(max(column + right * stride, 0), shape[-1] - 1))

    def _next_block(self, cell: Cell, by: int) -> Cell:
        """The value nearest to a position in the picture or layer beside: the next picture first."""
        block = self._blocks[cell[0]]
        if block.kind == "pictures" and 0 <= cell[1] + by < len(block.values):
            return cell[0], cell[1] + by, 0 if by > 0 else block.values.shape[1] - 1, cell[3]
        number = cell[0] + by
        if not 0 <= number < len(self._blocks):
            return cell
        other = self._blocks[number]
        column = min(cell[-1], other.values.shape[-1] - 1)
        if other.kind == "pictures":
            return number, 0 if by > 0 else len(other.values) - 1, 0, column
        return number, 0 if by > 0 or other.kind == "curve" else len(other.values) - 1, column

    def summary(self) -> str:
        return " ".join(
            f"{block.title}: {' by '.join(map(str, block.values.shape))} values." for block in self._blocks
        )

    def numbers(self) -> Numbers:
        """A row for each row of each block: the block's title, the row, and its values."""
        widest = max(block.values.shape[-1] for block in self._blocks)
        rows = []
        for block in self._blocks:
            flat = block.values.reshape(-1, block.values.shape[-1])
            for number, values in enumerate(flat.tolist()):
                rows.append([block.title, number, *values, *[float("nan")] * (widest - len(values))])
        return ["layer", "row", *(f"{self._noun} {place}" for place in range(widest))], rows

    def paint(self, painter: QPainter) -> None:
        self._still.paint(painter, self._paint_still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_position(painter, self._placed())
        if self.cursor_cell is not None:
            self._paint_cursor(painter, self.cursor_cell)

    # Painting.

    def _paint_still(self, painter: QPainter) -> None:
        for paint in self._parts():
            paint(painter)

    def _parts(self) -> list[Callable[[QPainter], None]]:
        """What does not move with the pointer, a block each."""
        placed = self._placed()
        blocks = enumerate(zip(self._blocks, placed, strict=True))
        return [
            *(partial(self._paint_block, number, block, at) for number, (block, at) in blocks),
            partial(self._paint_ends, placed),
        ]

    def _paint_block(self, number: int, block: Block, at: Placed, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_title(painter, block, at.title)
        {
            "curve": self._paint_curve,
            "letters": self._paint_letters,
            "heat": self._paint_heat,
            "pictures": self._paint_pictures,
        }[block.kind](painter, number, block, at.body)

    def _paint_title(self, painter: QPainter, block: Block, line: QRectF) -> None:
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        baseline, room, title = line.top() + metrics.ascent(), line.width(), block.title
        if block.kind == "heat" or (block.kind == "pictures" and not block.is_input):
            room = self._paint_bar(painter, metrics, block, line) - line.left()
            if metrics.horizontalAdvance(title) > room:
                title = title.partition(",")[0]
        painter.setPen(QColor(series_colour(block.colour) if block.colour != "text" else theme().muted))
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, max(0.0, room))
        painter.drawText(QPointF(line.left(), baseline), shown)
        painter.restore()

    def _paint_bar(self, painter: QPainter, metrics: QFontMetricsF, block: Block, line: QRectF) -> float:
        """Which colour stands for which number, at the right end of a title; where that begins."""
        low, high = (short(end) for end in block.limits)
        title = metrics.horizontalAdvance(block.title.partition(",")[0])
        if metrics.horizontalAdvance(f"{low}{high}") + BAR + 2 * GRID + title > line.width():
            return line.right()
        painter.setPen(QColor(theme().muted))
        baseline = line.top() + metrics.ascent()
        right = line.right() - metrics.horizontalAdvance(high)
        painter.drawText(QPointF(right, baseline), high)
        bar = QRectF(right - GRID / 2 - BAR, line.center().y() - 3, BAR, 6)
        painter.drawImage(bar, _strip(block.colour_map))
        left = bar.left() - GRID / 2 - metrics.horizontalAdvance(low)
        painter.drawText(QPointF(left, baseline), low)
        return left - GRID

    def _paint_curve(self, painter: QPainter, number: int, block: Block, body: QRectF) -> None:
        painter.fillRect(body, QColor(theme().chrome))
        known = block.values[np.isfinite(block.values)]
        if not len(known):
            return
        low, high = float(known.min()), float(known.max())
        span = (high - low) or 1.0
        edges = block.edges(self._length)
        across = body.left() + (edges[:-1] + edges[1:]) / 2 * body.width()
        painter.save()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place, row in enumerate(block.values):
            down = body.bottom() - 3 - (np.nan_to_num(row) - low) / span * (body.height() - 6)
            ink = series_colour(block.colour if len(block.values) == 1 else place)
            painter.setPen(QPen(QColor(ink), 1.6))
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(across, down, strict=True)]))
        painter.restore()

    def _paint_letters(self, painter: QPainter, number: int, block: Block, body: QRectF) -> None:
        breadth, ratio = body.width() / self._length, painter.device().devicePixelRatioF()
        if breadth >= LEAST_LETTER:
            key = None, block.letters, body.width(), body.height(), ratio, theme()
            painter.drawImage(
                body.topLeft(), self._kept(number, key, partial(letters_image, block, body, breadth, ratio))
            )

    def _paint_heat(self, painter: QPainter, number: int, block: Block, body: QRectF) -> None:
        edges = block.edges(self._length)
        if self._goes_down:
            shown = QRectF(
                body.left(), body.top() + edges[0] * body.height(), body.width(),
                (edges[-1] - edges[0]) * body.height(),
            )  # fmt: skip
        else:
            left = body.left() + edges[0] * body.width()
            shown = QRectF(left, body.top(), (edges[-1] - edges[0]) * body.width(), body.height())
        ratio = painter.device().devicePixelRatioF()
        width, height = max(1, round(shown.width() * ratio)), max(1, round(shown.height() * ratio))
        image = self._kept(
            number,
            (block.values, width, height, self._goes_down),
            partial(heat_image, block, edges, width, height, downwards=self._goes_down),
        )
        painter.drawImage(shown, image)

    def _paint_pictures(self, painter: QPainter, number: int, block: Block, body: QRectF) -> None:
        tiles, ratio = self._tiles(block, body), painter.device().devicePixelRatioF()
        width, height = max(1, round(tiles.width * ratio)), max(1, round(tiles.height * ratio))
        image = self._kept(number, (block.values, width, height), partial(tiles_image, block, width, height))
        for place in range(len(block.values)):
            painter.drawImage(tiles.rect(place), image, QRectF(0, place * height, width, height))

    def _paint_ends(self, placed: Sequence[Placed], painter: QPainter) -> None:
        """The first and the last position, and what positions are."""
        flat = [at.body for block, at in zip(self._blocks, placed, strict=True) if block.kind != "pictures"]
        if self._goes_down or not flat:
            return
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QColor(theme().muted))
        body = flat[-1]
        baseline, last = body.bottom() + 2 + metrics.ascent(), f"{self._length:,}"
        painter.drawText(QPointF(body.left(), baseline), "1")
        painter.drawText(QPointF(body.right() - metrics.horizontalAdvance(last), baseline), last)
        middle = body.center().x() - metrics.horizontalAdvance(self._noun) / 2
        painter.drawText(QPointF(middle, baseline), self._noun)
        painter.restore()

    def _paint_position(self, painter: QPainter, placed: Sequence[Placed]) -> None:
        """A hairline at the marked position through everything that lies on the axis."""
        if self._position is None:
            return
        ink = QColor(theme().text)
        ink.setAlphaF(0.55)
        painter.setPen(QPen(ink, 1))
        share = (self._position + 0.5) / self._length
        for block, at in zip(self._blocks, placed, strict=True):
            if self._goes_down:
                down = at.body.top() + share * at.body.height()
                painter.drawLine(QLineF(at.body.left(), down, at.body.right(), down))
            elif block.kind != "pictures":
                across = at.body.left() + share * at.body.width()
                painter.drawLine(QLineF(across, at.body.top(), across, at.body.bottom()))

    def _paint_cursor(self, painter: QPainter, cell: Cell) -> None:
        block, near = self._blocks[cell[0]], self.value_rect(cell)
        cross(painter, near.center(), 9.0)
        value = self.value_text or short(float(block.values[tuple(cell[1:])]))
        if block.kind == "letters":
            value = f"“{block.letters[cell[2]]}”"
        row = "" if len(block.values) == 1 or block.kind == "curve" else f", {block.row} {cell[1] + 1}"
        if block.kind == "pictures":
            where = f"row {cell[2] + 1}, column {cell[3] + 1}"
        else:
            where = f"{self._noun} {self._position_of(cell) + 1:.0f}"
        tag(painter, f"{block.title.partition(',')[0]}{row}, {where}:  {value}", near, self._bounds())

    # Inside.

    def _bounds(self) -> QRectF:
        return QRectF(self.canvas.rect())

    def _position_of(self, cell: Cell) -> float:
        """The position of the sequence under a value."""
        block = self._blocks[cell[0]]
        if block.kind == "pictures":
            return cell[2] * self._length / block.values.shape[1]
        return block.offset + cell[2] * block.stride

    def _tell_pointed(self, at: tuple[str, Cell] | None) -> None:
        position = None if at is None else self._position_of(at[1])
        self.set_position(position)
        self.pointed.emit(position)

    def _kept(self, number: int, of: tuple[object, ...], make: Callable[[], QImage]) -> QImage:
        """A block as it was drawn last, as long as neither its values nor its size change."""
        before, image = self._images.get(number, ((), QImage()))
        if not before or before[0] is not of[0] or before[1:] != of[1:]:
            image = make()
            self._images[number] = of, image
        return image

    def _tiles(self, block: Block, body: QRectF) -> Tiles:
        return lay_tiles(body, *block.values.shape)

    def _placed(self) -> list[Placed]:
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        area = QRectF(self.canvas.rect()).adjusted(0, 0, 0, 0 if self._goes_down else -metrics.height() - 2)
        line = metrics.height() + 2
        if self._goes_down:
            return downwards(self._blocks, area, line)
        kinds = {block.kind for block in self._blocks}
        if kinds == {"pictures"} and len(self._blocks) > 1:
            return beside_picture(self._blocks, QRectF(self.canvas.rect()), line)
        return stacked(self._blocks, area, line)


@cache
def _strip(colour_map: str) -> QImage:
    """The map from low to high, one pixel high."""
    return QImage(lookup(colour_map).tobytes(), 256, 1, 1024, QImage.Format.Format_RGB32).copy()
