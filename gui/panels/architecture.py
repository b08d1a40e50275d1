"""Networks drawn layer by layer with the same pen: boxes and arrows, a loop where a layer runs on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gui.panels.marks import tag
from gui.panels.panel import Cell, Numbers
from gui.panels.series import series_colour
from gui.panels.told_panel import Told, ToldPanel
from gui.theme import GRID, small_font, theme

ARROW = 18.0
"""Room for an arrow between two boxes."""
TALLEST, WIDEST = 74.0, 150.0
"""Of a box."""
LOOP = 15.0
"""Height of a loop above its box."""
FIRST, LAST = 3, 2
"""Steps of an unrolled loop that are drawn, before and after the dots."""
MINOR = ("activation", "pooling", "flattening")
"""Kinds without weights, drawn slimmer."""


@dataclass(frozen=True)
class LayerBox:
    """One layer."""

    name: str
    kind: str
    lines: tuple[str, ...]
    """Below its name: shape, parameters."""
    tip: str
    repeats: int = 1
    """How often it runs one after the other: a loop where that is more than once."""
    row: tuple[object, ...] = ()
    """Its numbers for the table."""


@dataclass(frozen=True)
class Lane:
    """One network."""

    name: str
    colour: str | int
    boxes: tuple[LayerBox, ...]
    told: Told | None = None
    note: str = ""


class ArchitecturePanel(ToldPanel):
    """The lanes one below the other; a cell is (lane, layer)."""

    is_vector = True
    nothing_yet = "No network yet."
    help_text = "Arrow keys move from layer to layer; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._lanes: tuple[Lane, ...] = ()
        self._is_unrolled = False

    # What a view uses.

    def set_lanes(self, lanes: Sequence[Lane], *, unrolled: bool = False) -> None:
        """Show these networks; `unrolled` draws the first and last steps of a loop in its place."""
        if tuple(lanes) == self._lanes and unrolled == self._is_unrolled and not self.is_empty:
            return
        self._lanes, self._is_unrolled = tuple(lanes), unrolled
        if any(lane.boxes for lane in self._lanes):
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a layer's box lies."""
        return self._boxes(cell[0])[cell[1]]

    # What the panel asks.

    def told(self, cell: Cell) -> Told | None:
        return self._lanes[cell[0]].told

    def cell_at(self, point: QPointF) -> Cell | None:
        for lane in range(len(self._lanes)):
            for layer, rect in enumerate(self._boxes(lane)):
                if rect.adjusted(-2, -2, 2, 2).contains(point):
                    return lane, layer
        return None

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[0] < len(self._lanes) and 0 <= cell[1] < len(self._lanes[cell[0]].boxes)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._lanes:
            return None
        if cell is None:
            return 0, 0
        lane = min(max(cell[0] + down, 0), len(self._lanes) - 1)
        return lane, min(max(cell[1] + right, 0), len(self._lanes[lane].boxes) - 1)

    def summary(self) -> str:
        return " ".join(f"{lane.name}: {', '.join(box.tip for box in lane.boxes)}." for lane in self._lanes)

    def numbers(self) -> Numbers:
        """A row for each layer: its network, its name, its kind, its steps and its other numbers."""
        widest = max(len(box.row) for lane in self._lanes for box in lane.boxes)
        rows = [
            [lane.name, box.name, box.kind, box.repeats, *box.row, *[""] * (widest - len(box.row))]
            for lane in self._lanes
            for box in lane.boxes
        ]
        names = ("shape", "parameters", "multiply-adds")[:widest]
        return ["network", "layer", "kind", "steps", *names], rows

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        for number, lane in enumerate(self._lanes):
            self._paint_head(painter, metrics, number, lane)
            boxes = self._boxes(number)
            for place, (box, rect) in enumerate(zip(lane.boxes, boxes, strict=True)):
                if place:
                    _arrow(painter, boxes[place - 1], rect)
                self._paint_box(painter, metrics, lane, box, rect, (number, place))
        if self.cursor_cell is not None:
            cell = self.cursor_cell
            box = self._lanes[cell[0]].boxes[cell[1]]
            tag(painter, box.tip, self.value_rect(cell), QRectF(self.canvas.rect()))

    def _paint_head(self, painter: QPainter, metrics: QFontMetricsF, number: int, lane: Lane) -> None:
        baseline = number * self._pitch() + metrics.ascent()
        painter.setPen(QColor(series_colour(lane.colour)))
        painter.drawText(QPointF(0, baseline), lane.name)
        left = metrics.horizontalAdvance(lane.name) + GRID
        painter.setPen(QColor(theme().muted))
        room = max(0.0, self.canvas.width() - left)
        painter.drawText(
            QPointF(left, baseline), metrics.elidedText(lane.note, Qt.TextElideMode.ElideRight, room)
        )

    def _paint_box(
        self, painter: QPainter, metrics: QFontMetricsF, lane: Lane, box: LayerBox, rect: QRectF, cell: Cell
    ) -> None:
        loops, ink = box.repeats > 1, QColor(series_colour(lane.colour))
        if loops and self._is_unrolled:
            self._paint_steps(painter, metrics, box, rect, ink)
            return
        is_minor = box.kind in MINOR
        painter.setPen(QPen(QColor(theme().line) if is_minor else ink, 1.2 if is_minor else 1.6))
        painter.setBrush(QColor(theme().raised if self.cursor_cell == cell else theme().chrome))
        painter.drawRoundedRect(rect, 5, 5)
        if loops:
            self._paint_loop(painter, metrics, box, rect, ink)
        _write(painter, metrics, (box.name, *box.lines), rect)

    def _paint_loop(
        self, painter: QPainter, metrics: QFontMetricsF, box: LayerBox, rect: QRectF, ink: QColor
    ) -> None:
        """From the box's right end back to its left: its own state is its next input."""
        path = QPainterPath(QPointF(rect.right() - 10, rect.top()))
        right, left, top = rect.right() - 10, rect.left() + 10, rect.top() - LOOP
        path.cubicTo(QPointF(right, top - 3), QPointF(right - 6, top), QPointF(right - 14, top))
        path.lineTo(left + 14, top)
        path.cubicTo(QPointF(left + 6, top), QPointF(left, top - 3), QPointF(left, rect.top() - 1))
        painter.setPen(QPen(ink, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        _head(painter, QPointF(left, rect.top() - 1), 0, 1, ink)
        text = f"× {box.repeats:,}"
        painter.setPen(QColor(theme().muted))
        wide = metrics.horizontalAdvance(text)
        if wide < rect.width() - 36:
            painter.drawText(QPointF(rect.center().x() - wide / 2, top + metrics.ascent() + 1), text)

    def _paint_steps(
        self, painter: QPainter, metrics: QFontMetricsF, box: LayerBox, rect: QRectF, ink: QColor
    ) -> None:
        """The loop unrolled: a cell for each step, each waiting for the one before."""
        steps = _shown_steps(box.repeats)
        breadth = rect.width() / len(steps)
        side = min(breadth - 10, rect.height() - 4, 44.0)
        before: QRectF | None = None
        for place, step in enumerate(steps):
            middle = QPointF(rect.left() + (place + 0.5) * breadth, rect.center().y())
            cell = QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)
            if before is not None:
                _arrow(painter, before, cell, ink)
            if step is None:
                painter.setPen(QColor(theme().muted))
                painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), "…")
            else:
                painter.setPen(QPen(ink, 1.4))
                painter.setBrush(QColor(theme().chrome))
                painter.drawRoundedRect(cell, 4, 4)
                painter.setPen(QColor(theme().text))
                painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), f"{step:,}")
            before = cell
        painter.setPen(QColor(theme().muted))
        text = metrics.elidedText(
            f"{box.name}: {box.repeats:,} steps, one after the other",
            Qt.TextElideMode.ElideRight, rect.width(),
        )  # fmt: skip
        painter.drawText(QPointF(rect.left() + 4, rect.top() - 4), text)

    # Layout.

    def _pitch(self) -> float:
        return self.canvas.height() / max(1, len(self._lanes))

    def _boxes(self, lane: int) -> list[QRectF]:
        """Boxes from left to right, those with weights wider; loops have room above."""
        line = QFontMetricsF(small_font(self.canvas.font())).height()
        boxes = self._lanes[lane].boxes
        weights = [self._weight(box) for box in boxes]
        room = self.canvas.width() - 2 - ARROW * (len(boxes) - 1)
        unit = min(WIDEST, max(8.0, room / sum(weights)))
        top = lane * self._pitch() + line + LOOP + 6
        height = min(TALLEST, max(14.0, self._pitch() - line - LOOP - GRID - 6))
        rects, left = [], 1.0
        for weight in weights:
            rects.append(QRectF(left, top, unit * weight, height))
            left += unit * weight + ARROW
        return rects

    def _weight(self, box: LayerBox) -> float:
        if box.repeats > 1 and self._is_unrolled:
            return 3.0
        return 0.7 if box.kind in MINOR else 1.0


def _shown_steps(count: int) -> list[int | None]:
    """The first and last steps, None for those between that are left out."""
    if count <= FIRST + LAST + 1:
        return list(range(1, count + 1))
    return [*range(1, FIRST + 1), None, *range(count - LAST + 1, count + 1)]


def _write(painter: QPainter, metrics: QFontMetricsF, lines: Sequence[str], rect: QRectF) -> None:
    """The name and what there is room for below it."""
    most = max(1, int((rect.height() - 4) // metrics.lineSpacing()))
    shown = [line for line in lines if line][:most]
    top = rect.center().y() - len(shown) * metrics.lineSpacing() / 2
    for number, line in enumerate(shown):
        painter.setPen(QColor(theme().text if number == 0 else theme().muted))
        where = QRectF(
            rect.left() + 3, top + number * metrics.lineSpacing(), rect.width() - 6, metrics.height()
        )
        text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, where.width() + 1)
        painter.drawText(where, int(Qt.AlignmentFlag.AlignCenter), text)


def _arrow(painter: QPainter, one: QRectF, other: QRectF, ink: QColor | None = None) -> None:
    """From the right end of a box to the left end of the next."""
    colour = ink or QColor(theme().muted)
    painter.setPen(QPen(colour, 1.4))
    start, end = QPointF(one.right() + 2, one.center().y()), QPointF(other.left() - 2, other.center().y())
    painter.drawLine(QLineF(start, end))
    _head(painter, end, 1, 0, colour)


def _head(painter: QPainter, at: QPointF, right: int, down: int, colour: QColor) -> None:
    """The point of an arrow that goes right or down."""
    size = 4.5
    back = QPointF(at.x() - right * size, at.y() - down * size)
    side = QPointF(down * size * 0.7, right * size * 0.7)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([at, back + side, back - side]))
