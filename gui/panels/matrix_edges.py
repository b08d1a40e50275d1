"""What stands at a matrix's edges: the rows' names at its left, the steps' labels below it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from gui.panels.glyphs import Glyphs
from gui.panels.matrix_grid import Grid
from gui.theme import theme

GAP = 4
"""Between the edges' texts and the matrix, in device-independent pixels."""

RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Edges:
    """The texts, in a font of the third rank."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self._glyphs = Glyphs(font)

    def left_room(self, names: Sequence[str]) -> int:
        """Width that the rows' names take, and the gap."""
        metrics = self._glyphs.metrics
        longest = sorted(set(names), key=len)[
            -3:
        ]  # of numbers, which are equally wide, the longest is enough
        widest = max((metrics.horizontalAdvance(name) for name in longest), default=0.0)
        return ceil(max(widest, metrics.height())) + 2 * GAP

    @property
    def below_room(self) -> int:
        """Height that the steps' labels take, and the gap."""
        return ceil(self._glyphs.metrics.height()) + GAP

    def paint_columns(self, painter: QPainter, grid: Grid, labels: Sequence[str]) -> None:
        """The labels of the steps in sight, each centred below its column."""
        painter.save()
        painter.setClipRect(self._below(grid))
        painter.setPen(QColor(theme().muted))
        width, first = grid.column_width / grid.ratio, grid.seen_columns.start
        left, baseline = grid.column(first).left(), self._baseline(grid)
        lefts = ((step, left + (step - first) * width) for step in grid.seen_columns)
        self._glyphs.draw_within(painter, [(labels[step], at, width, baseline) for step, at in lefts])
        painter.restore()

    def paint_column(
        self, painter: QPainter, grid: Grid, step: int, labels: Sequence[str], colour: str
    ) -> None:
        """One step's label in another colour."""
        place, below = grid.column(step), self._below(grid)
        painter.save()
        painter.setClipRect(below)
        top, height = below.top() + GAP, below.height() - GAP  # an outline ends in the gap
        painter.fillRect(QRectF(place.left(), top, place.width(), height), _page())
        painter.setPen(QColor(colour))
        cell = labels[step], place.left(), place.width(), self._baseline(grid)
        self._glyphs.draw_within(painter, [cell])
        painter.restore()

    def paint_rows(
        self,
        painter: QPainter,
        grid: Grid,
        names: Sequence[str],
        caption: str,
        marked: Sequence[int | None],
    ) -> None:
        """The name of each row in sight where it is high enough; else what the rows are.

        Room is left for the names of the marked rows, which `paint_row` writes.
        """
        painter.save()
        painter.setFont(self.font)
        painter.setPen(QColor(theme().muted))
        painter.setClipRect(self._left(grid))
        taken = [self._name_place(grid, row) for row in marked if row is not None]
        if self._is_named(grid):
            self._paint_names(painter, grid, names, taken)
        else:
            self._paint_caption(painter, grid, caption, taken)
        painter.restore()

    def paint_row(self, painter: QPainter, grid: Grid, row: int, name: str, colour: str) -> None:
        """One row's name, however low the row is."""
        place = self._name_place(grid, row)
        if grid.row(row).intersects(grid.seen):
            painter.save()
            painter.setFont(self.font)
            painter.setPen(QColor(colour))
            painter.drawText(place, RIGHT, name)
            painter.restore()

    def _is_named(self, grid: Grid) -> bool:
        return grid.row(0).height() >= self._glyphs.metrics.height()

    def _paint_names(self, painter: QPainter, grid: Grid, names: Sequence[str], taken: list[QRectF]) -> None:
        height, down, inside = grid.full_height / grid.rows, grid.down, self._left(grid)
        for row in range(int(down / height), min(grid.rows, ceil((down + grid.view.height()) / height))):
            place = self._name_place(grid, row)
            if inside.contains(place) and not any(place.intersects(other) for other in taken):
                painter.drawText(place, RIGHT, names[row])

    def _paint_caption(self, painter: QPainter, grid: Grid, caption: str, taken: list[QRectF]) -> None:
        """What the rows are, running upwards beside their middle."""
        left, metrics = self._left(grid), self._glyphs.metrics
        advance = metrics.horizontalAdvance(caption)
        place = QRectF(0, left.center().y() - advance / 2, left.width(), advance)
        if advance <= left.height() and not any(place.intersects(other) for other in taken):
            painter.translate(left.right() - GAP - metrics.descent(), place.bottom())
            painter.rotate(-90)
            painter.drawText(QPointF(0, 0), caption)

    def _name_place(self, grid: Grid, row: int) -> QRectF:
        """Beside the row's middle; where rows are low, kept within the height of the matrix."""
        left, height, middle = self._left(grid), self._glyphs.metrics.height(), grid.row(row).center().y()
        top = middle - height / 2
        if not self._is_named(grid):
            top = min(max(top, left.top()), left.bottom() - height)
        return QRectF(0, top, left.width() - GAP, height)

    def _left(self, grid: Grid) -> QRectF:
        ratio, view = grid.ratio, grid.view
        return QRectF(0, view.top() / ratio, view.left() / ratio, view.height() / ratio)

    def _below(self, grid: Grid) -> QRectF:
        ratio, view = grid.ratio, grid.view
        top = (view.top() + view.height()) / ratio
        return QRectF(view.left() / ratio, top, view.width() / ratio, self.below_room)

    def _baseline(self, grid: Grid) -> float:
        return round(self._below(grid).top() + GAP + self._glyphs.metrics.ascent())


def _page() -> QColor:
    return QColor(theme().page)
