"""Draws the products of one sum: input × kernel = products, in coloured cells with their numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QImage, QPainter, QPen

from engine.ask import Products
from engine.explain.arithmetic_format import number
from gui.ask_text import product_text
from gui.product_cells import LEVELS, cell_text, hatch_brush, level, picture, select, shades
from gui.theme import theme

CELL, GAP, SIGN = 20, 8, 16
"""Height of a cell, room between blocks, and room for × and =, in pixels."""


@dataclass(frozen=True)
class Fonts:
    """The fonts of a table: words, and figures of equal width."""

    words: QFont
    figures: QFont


@dataclass(frozen=True)
class _Label:
    left: float
    baseline: float
    text: str
    strong: bool = False


@dataclass(frozen=True)
class _Matrix:
    """One table on screen: (rows, columns) values of the channel at `place`."""

    place: int
    left: int
    top: int
    cell: tuple[int, int]
    """Width and height of a cell."""
    values: list[list[float]]
    inside: list[list[bool]] | None
    scale: float
    outlined: tuple[int, int] | None = None

    @property
    def box(self) -> QRect:
        rows, columns = len(self.values), len(self.values[0])
        return QRect(self.left, self.top, columns * self.cell[0], rows * self.cell[1])


class ProductsTable:
    """Lays `products` out for a width in pixels; `height` says how much room it takes.

    The layout follows the room: the three tables side by side, the products below, all below each
    other, or, where not even one fits with its numbers, the colours alone.
    """

    def __init__(self, products: Products, noun: str, width: int, fonts: Fonts) -> None:
        self._products, self._noun, self._width, self._fonts = products, noun, width, fonts
        self._words, self._figures = QFontMetrics(fonts.words), QFontMetrics(fonts.figures)
        self._digit = QFontMetricsF(fonts.figures).horizontalAdvance("0")
        self._least = math.ceil(5 * self._digit) + 3
        self._labels: list[_Label] = []
        self._matrices: list[_Matrix] = []
        self._images: list[tuple[QRect, QImage]] = []
        self._scales = tuple(
            float(abs(a).max()) for a in (products.patch, products.kernel, products.products)
        )
        self._chosen = select(products)
        self.height = self._lay_out()

    # Layout ----------------------------------------------------------------------------------------

    def _lay_out(self) -> int:
        count, rows, columns = self._products.products.shape
        y = 0
        if self._chosen.others:
            shown = len(self._chosen.places)
            y = self._write(0, y, f"The {shown} of {count} {self._noun}s that weigh most")
        y = self._lay_out_list(y) if rows == columns == 1 else self._lay_out_matrices(y)
        if not self._products.inside.all():
            y = self._write(0, y + 2, self._padding_note())
        return y

    def _padding_note(self) -> str:
        outside = self._products.patch[~self._products.inside]
        return "Hatched: 0 (padding)" if not outside.any() else "Hatched: in the padding"

    def _lay_out_list(self, y: int) -> int:
        """One row for each channel: its number, input × weight = product."""
        first = max(self._words.horizontalAdvance(self._noun) + GAP, 40)
        cell = min(72, (self._width - first - 2 * SIGN) // 3)
        lefts = [first + k * (cell + SIGN) for k in range(3)]
        heads = zip((0, *lefts), (self._noun, "input", "weight", "product"), strict=True)
        bottom = max(self._write(left, y, text) for left, text in heads)
        for place in self._chosen.places:
            self._label_row(bottom, str(self._products.channels[place]))
            for k, left in enumerate(lefts):
                self._add(k, place, left, bottom, (cell, CELL))
                if k < 2:
                    self._sign(left + cell, bottom, "×="[k])
            bottom += CELL
        return self._write_others(bottom, lefts[2] + cell)

    def _label_row(self, top: int, text: str) -> None:
        self._labels.append(_Label(0, self._baseline(top), text, strong=True))

    def _write_others(self, y: int, right: int) -> int:
        """The honest line: what is not shown, so that the sum still adds up."""
        if not self._chosen.others:
            return y
        noun = self._noun if self._chosen.others == 1 else f"{self._noun}s"
        text = f"… and {self._chosen.others} other {noun}:"
        value = number(self._chosen.others_sum)
        y += 2
        self._write(0, y, text)
        left = max(right - self._words.horizontalAdvance(value), self._words.horizontalAdvance(text) + GAP)
        return self._write(left, y, value, strong=True)

    def _lay_out_matrices(self, y: int) -> int:
        for number_of, place in enumerate(self._chosen.places):
            if number_of:
                y += GAP
            if len(self._products.channels) > 1:
                total = number(float(self._products.products[place].sum()))
                words = f"adds {total}"
                self._write(self._width - self._words.horizontalAdvance(words) - 2, y, words, strong=True)
                y = self._write(0, y, f"{self._noun} {self._products.channels[place]}")
            y = self._lay_out_channel(place, y, first=number_of == 0)
        return self._write_others(y, self._width)

    def _lay_out_channel(self, place: int, y: int, *, first: bool) -> int:
        kernel = self._products.kernel
        least = self._least
        columns, rows = kernel.shape[2], kernel.shape[1]
        if kernel.min() == kernel.max() or self._is_single():
            return self._lay_out_input(place, y)
        if 3 * columns * least + 2 * SIGN <= self._width:
            cell = min(48, (self._width - 2 * SIGN) // (3 * columns))
            spots = [(k * (columns * cell + SIGN), 0) for k in range(3)]
        elif 2 * columns * least + SIGN <= self._width:
            cell = min(48, (self._width - SIGN) // (2 * columns))
            right = columns * cell + SIGN
            spots = [(0, 0), (right, 0), (right, rows * CELL + SIGN // 2)]
        elif columns * least + SIGN <= self._width:
            cell = min(48, (self._width - SIGN) // columns)
            spots = [(SIGN, k * (rows * CELL + SIGN)) for k in range(3)]
        else:
            return self._lay_out_pictures(place, y, first=first)
        return self._place_matrices(place, y, cell, spots, first=first)

    def _place_matrices(
        self, place: int, y: int, cell: int, spots: list[tuple[int, int]], *, first: bool
    ) -> int:
        """The three tables at their spots, each with its sign before it and, once, its name above it."""
        rows = self._products.kernel.shape[1]
        names = ("input", "kernel", "products")
        top = self._write(spots[0][0], y, names[0]) if first else y
        for k, (left, below) in enumerate(spots):
            self._add(k, place, left, top + below, (cell, CELL))
            middle = top + below + rows * CELL // 2 - CELL // 2
            if k:
                self._sign(left - SIGN, middle, "×="[k - 1])
            if first and k and below == 0:
                self._write(left, y, names[k])
            elif first and k == 2 and left > self._width // 3:
                width = self._words.horizontalAdvance(names[k])
                self._labels.append(_Label(left - SIGN - 4 - width, self._baseline(middle), names[k]))
            elif first and k:
                self._write(left, top + below - SIGN, names[k])
        return top + spots[-1][1] + rows * CELL + 4

    def _lay_out_pictures(self, place: int, y: int, *, first: bool) -> int:
        """Too many cells for numbers: colours only; the tips tell the numbers."""
        rows, columns = self._products.kernel.shape[1:]
        side = max(1, (self._width - 2 * SIGN) // (3 * max(rows, columns)))
        lefts = [k * (columns * side + SIGN) for k in range(3)]
        if first:
            for left, name in zip(lefts, ("input", "kernel", "products"), strict=True):
                self._write(left, y, name)
            y += self._words.height()
        for k, left in enumerate(lefts):
            self._add(k, place, left, y, (side, side))
            if k:
                self._sign(left - SIGN, y + rows * side // 2 - CELL // 2, "×="[k - 1])
        return y + rows * side + 4

    def _lay_out_input(self, place: int, y: int) -> int:
        """Pooling: the kernel is one number for all cells, or picks one of them."""
        kernel, (rows, columns) = self._products.kernel, self._products.kernel.shape[1:]
        single = self._is_single()
        if single:
            caption = "input; the outlined one is taken"
        else:
            caption = f"input, each × {number(float(kernel.flat[0]))}"
        y = self._write(0, y, caption)
        cell = (min(48, self._width // columns), CELL)
        if cell[0] < self._least:
            side = max(1, min(24, self._width // columns))
            cell = (side, side)
        picked = divmod(int(kernel[place].argmax()), columns) if single and kernel[place].any() else None
        self._add(0, place, 0, y, cell, picked)
        return y + rows * cell[1] + 4

    def _is_single(self) -> bool:
        """Whether the kernel only picks one cell, as max pooling does."""
        kernel = self._products.kernel
        return bool((kernel != 0).sum() == 1 and kernel.max() == 1)

    def _add(
        self,
        k: int,
        place: int,
        left: int,
        top: int,
        cell: tuple[int, int],
        picked: tuple[int, int] | None = None,
    ) -> None:
        """The k-th of the three tables of a channel."""
        array = (self._products.patch, self._products.kernel, self._products.products)[k][place]
        inside = (
            None if k == 1 or self._products.inside[place].all() else self._products.inside[place].tolist()
        )
        matrix = _Matrix(place, left, top, cell, array.tolist(), inside, self._scales[k], picked)
        self._matrices.append(matrix)
        if not self._has_numbers(matrix):
            self._images.append((matrix.box, picture(array, self._scales[k])))

    def _has_numbers(self, matrix: _Matrix) -> bool:
        return matrix.cell[0] >= self._least

    def _write(self, left: float, top: int, text: str, *, strong: bool = False) -> int:
        """A line of words; returns where the next one begins."""
        self._labels.append(_Label(left, top + self._words.ascent() + 1, text, strong))
        return top + self._words.height() + 2

    def _sign(self, left: int, top: int, text: str) -> None:
        width = self._words.horizontalAdvance(text)
        self._labels.append(_Label(left + (SIGN - width) / 2, self._baseline(top), text))

    def _baseline(self, top: int) -> int:
        """Baseline of a line of words beside a row of cells."""
        return top + (CELL + self._words.ascent() - self._words.descent()) // 2

    # Painting --------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, seen: QRectF) -> None:
        """Draw at the painter's origin what lies within `seen`."""
        colours = theme()
        painter.setFont(self._fonts.words)
        for strong in (False, True):
            painter.setPen(QColor(colours.text if strong else colours.muted))
            for label in self._labels:
                if label.strong == strong:
                    painter.drawText(int(label.left), int(label.baseline), label.text)
        for box, image in self._images:
            painter.drawImage(box, image)
        painter.setFont(self._fonts.figures)
        table = shades(colours)
        for matrix in self._matrices:
            if not seen.intersects(QRectF(matrix.box)):
                continue
            if self._has_numbers(matrix):
                self._paint_matrix(painter, matrix, table)
            elif matrix.inside is not None:
                self._hatch(painter, matrix, matrix.inside)
            if matrix.outlined is not None:
                self._outline(painter, matrix, matrix.outlined)

    def _paint_matrix(
        self, painter: QPainter, matrix: _Matrix, table: tuple[tuple[QColor, QColor], ...]
    ) -> None:
        width, height = matrix.cell
        rise = (height + self._figures.ascent() - self._figures.descent()) // 2
        hatch, muted = hatch_brush(), QColor(theme().muted)
        y = matrix.top
        for i, row in enumerate(matrix.values):
            x = matrix.left
            for j, value in enumerate(row):
                ground, ink = table[level(value, matrix.scale) + LEVELS]
                painter.fillRect(x, y, width - 1, height - 1, ground)
                text = cell_text(value)
                if matrix.inside is not None and not matrix.inside[i][j]:
                    painter.fillRect(x, y, width - 1, height - 1, hatch)
                    ink = muted
                painter.setPen(ink)
                painter.drawText(x + round((width - 1 - len(text) * self._digit) / 2), y + rise, text)
                x += width
            y += height

    def _hatch(self, painter: QPainter, matrix: _Matrix, inside: list[list[bool]]) -> None:
        width, height = matrix.cell
        hatch = hatch_brush()
        for i, row in enumerate(inside):
            for j, is_inside in enumerate(row):
                if not is_inside:
                    left, top = matrix.left + j * width, matrix.top + i * height
                    painter.fillRect(left, top, width, height, hatch)

    def _outline(self, painter: QPainter, matrix: _Matrix, at: tuple[int, int]) -> None:
        width, height = matrix.cell
        painter.setPen(QPen(QColor(theme().accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(
            QRectF(matrix.left + at[1] * width, matrix.top + at[0] * height, width - 1, height - 1)
        )

    def tip_at(self, x: float, y: float) -> str:
        """What the cell at a point says in full; "" beside the cells."""
        for matrix in self._matrices:
            if matrix.box.contains(int(x), int(y)):
                i, j = (int(y) - matrix.top) // matrix.cell[1], (int(x) - matrix.left) // matrix.cell[0]
                place = f"{self._noun} {self._products.channels[matrix.place]}"
                if self._products.kernel[0].size > 1:
                    place += f", row {i}, column {j} of the kernel"
                return f"{place}\n{product_text(self._products, matrix.place, i, j)}"
        return ""
