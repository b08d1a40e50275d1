"""A picture, over it a heat map and boxes, with zoom and the pixel under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.panels.colour_bar import bar_room, number_bar, paint_colour_bar, short
from gui.panels.layers import CRISP, Layer, heat_image, interpolated, picture_image
from gui.panels.marks import cross, outline, round_corners, stroke, tag
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.viewport import Viewport
from gui.theme import theme

Box = tuple[float, float, float, float, str, str]
"""(top, left, bottom, right, label, kind) in picture pixels, right and bottom excluded."""

KINDS = {"chosen": "accent", "hovered": "text", "reference": "reference"}
"""What a box stands for, and the theme's colour for that."""

ZOOM_STEP = 1.25


class PicturePanel(Panel):
    """The picture; a cell is (row, column) in its pixels."""

    help_text = "Arrow keys move by pixel, with Shift by ten; Enter chooses; plus, minus and zero zoom."
    nothing_yet = "No picture yet."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._picture: NDArray[np.uint8] | None = None
        self._layer: Layer | None = None
        self._heat: NDArray[np.float32] | None = None
        self._heat_layer: Layer | None = None
        self._heat_look = (0.0, 1.0, SEQUENTIAL)
        self._heat_drawn_as: object = None
        self._opacity = 0.5
        self._boxes: list[Box] = []
        self._viewport = Viewport(1, 1, QSize(1, 1), 1.0)
        self.canvas.resized.connect(self._settle)

    # What a view uses.

    def set_picture(self, picture: NDArray[np.uint8]) -> None:
        """Show an (H, W, 3) uint8 picture; another size than before is shown whole."""
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
            raise ValueError(f"A picture is (H, W, 3) uint8, not {picture.shape} {picture.dtype}.")
        if self._picture is None or self._picture.shape != picture.shape:
            self._viewport = Viewport(picture.shape[0], picture.shape[1], QSize(1, 1), 1.0)
        self._picture, self._layer = picture, Layer(picture_image(picture))
        self._settle()
        self.refresh()

    def set_heat(
        self,
        values: NDArray[np.float32] | None,
        low: float = 0.0,
        high: float = 1.0,
        colour_map: str | None = None,
        opacity: float = 0.5,
        signed: bool = False,
        smooth: bool = True,
    ) -> None:
        """Lay (h, w) values over the picture, coloured from `low` to `high`; None takes them away.

        `signed` centres the scale on zero; `smooth` interpolates between the values (as Grad-CAM is drawn)
        instead of showing each as a block (as a feature map is). Call it after `set_picture`.
        """
        if signed:
            high = max(abs(low), abs(high))
            low = -high
        look = (low, high, colour_map or (DIVERGING if signed else SEQUENTIAL))
        shape = None if self._picture is None else self._picture.shape[:2]
        drawn_as = (look, smooth, shape)
        if values is not self._heat or drawn_as != self._heat_drawn_as:
            self._heat, self._heat_look, self._heat_drawn_as = values, look, drawn_as
            self._heat_layer = None
            if values is not None and shape is not None:
                fine = interpolated(values, *shape) if smooth else values
                self._heat_layer = Layer(heat_image(fine, *look), CRISP if smooth else 0.0)
        self.set_opacity(opacity)
        self._settle()
        if not self.is_empty:
            self.refresh()

    def set_opacity(self, opacity: float) -> None:
        """How much of the heat map is seen over the picture: 0 to 1."""
        self._opacity = min(1.0, max(0.0, opacity))
        self.canvas.update()

    def set_boxes(self, boxes: Sequence[Box]) -> None:
        """Outline parts of the picture, such as receptive fields; `kind` is one of `KINDS`."""
        for box in boxes:
            if box[5] not in KINDS:
                raise ValueError(f"A box is one of {', '.join(KINDS)}, not {box[5]!r}.")
        if list(boxes) != self._boxes:
            self._boxes = list(boxes)
            self.canvas.update()

    @property
    def zoom(self) -> float:
        """How many times larger than the whole picture would be in the panel."""
        return self._viewport.zoom

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom in or out, keeping what is at a point of the canvas (else in its middle) where it is."""
        self._viewport = self._viewport.zoomed(zoom, at or QPointF(self.canvas.rect().center()))
        self._settle()
        self.point(self._pointer)

    def pixel_rect(self, cell: Cell) -> QRectF:
        """Where a pixel of the picture is drawn, in pixels of the canvas."""
        return self._viewport.place(cell[0], cell[1], cell[0] + 1, cell[1] + 1)

    # What the panel asks.

    def covered(self) -> QRect:
        shown = self._viewport.shown
        return QRect(0, 0, floor(shown.right()), floor(shown.bottom()))

    def cell_at(self, point: QPointF) -> Cell | None:
        return None if self._picture is None else self._viewport.at(point)

    def contains(self, cell: Cell) -> bool:
        return self._picture is not None and all(
            0 <= index < size for index, size in zip(cell, self._picture.shape, strict=False)
        )

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if self._picture is None:
            return None
        height, width = self._picture.shape[:2]
        if cell is None:
            return height // 2, width // 2
        stride = 10 if far else 1
        row, column = cell[0] + down * stride, cell[1] + right * stride
        return min(max(row, 0), height - 1), min(max(column, 0), width - 1)

    def reveal(self, cell: Cell) -> None:
        place, view = self.pixel_rect(cell), self._viewport.shown
        right = min(0.0, place.left() - view.left()) or max(0.0, place.right() - view.right())
        down = min(0.0, place.top() - view.top()) or max(0.0, place.bottom() - view.bottom())
        self.drag(QPointF(-right, -down))

    def drag(self, by: QPointF) -> None:
        self._viewport = self._viewport.moved(by)
        self.canvas.update()

    def wheel(self, at: QPointF, notches: float) -> bool:
        self.set_zoom(self.zoom * ZOOM_STEP**notches, at)
        return True

    def double_click(self) -> None:
        self.set_zoom(1.0)

    def key(self, event: QKeyEvent) -> bool:
        larger, smaller = self.zoom * ZOOM_STEP, self.zoom / ZOOM_STEP
        zoom = {"+": larger, "=": larger, "-": smaller, "0": 1.0}.get(event.text())
        if zoom is None:
            return False
        cursor = self.cursor_cell
        self.set_zoom(zoom, None if cursor is None else self.pixel_rect(cursor).center())
        return True

    def summary(self) -> str:
        if self._picture is None:
            return ""
        height, width = self._picture.shape[:2]
        size = f"Picture of {height} × {width} pixels"
        if self._heat_layer is None:
            return f"{size}."
        low, high, _ = self._heat_look
        return f"{size}, under a heat map from {short(low)} to {short(high)}."

    def numbers(self) -> Numbers:
        """The heat map's values, a row for each of its rows; without one the picture's pixels."""
        if self._heat is not None:
            columns = [f"column {column}" for column in range(self._heat.shape[1])]
            return ["row", *columns], [[row, *line] for row, line in enumerate(self._heat.tolist())]
        if self._picture is None:
            return [], []
        rows = [
            [row, column, *pixel]
            for row, line in enumerate(self._picture.tolist())
            for column, pixel in enumerate(line)
        ]
        return ["row", "column", "red", "green", "blue"], rows

    def paint(self, painter: QPainter) -> None:
        if self._layer is None:
            return
        full, view, shown = self._viewport.full, self._viewport.view, self._viewport.shown
        painter.save()
        painter.setClipRect(shown)
        painter.save()
        painter.scale(1 / self._viewport.ratio, 1 / self._viewport.ratio)
        self._layer.draw(painter, full, view)
        if self._heat_layer is not None:
            painter.setOpacity(self._opacity)
            self._heat_layer.draw(painter, full, view)
        painter.restore()
        if self.zoom == 1.0:
            round_corners(painter, shown)
        for box in self._boxes:
            self._paint_box(painter, box)
        self._paint_cursor(painter)
        painter.restore()
        if self.zoom > 1.0:
            corner = QRectF(shown.left() + 6, shown.bottom() - 3, 0, 0)
            tag(painter, f"{self.zoom:.1f} ×  double-click shows all", corner, shown)
        if self._heat_layer is not None:
            low, high, colour_map = self._heat_look
            room = QRectF(shown.right(), 0, bar_room(self.canvas.font()), shown.height())
            paint_colour_bar(painter, number_bar(colour_map, low, high), room)

    def _paint_box(self, painter: QPainter, box: Box) -> None:
        """A box's outline; a side that lies outside the picture runs dashed along the picture's edge."""
        top, left, bottom, right, label, kind = box
        height, width = self._viewport.height, self._viewport.width
        inside = self._viewport.place(max(top, 0), max(left, 0), min(bottom, height), min(right, width))
        if inside.width() <= 0 or inside.height() <= 0:
            return
        kept = inside.adjusted(1.5, 1.5, -1.5, -1.5) if min(inside.width(), inside.height()) > 6 else inside
        colour = getattr(theme(), KINDS[kind])
        sides = (
            (top < 0, kept.topLeft(), kept.topRight()),
            (left < 0, kept.topLeft(), kept.bottomLeft()),
            (bottom > height, kept.bottomLeft(), kept.bottomRight()),
            (right > width, kept.topRight(), kept.bottomRight()),
        )
        for outside, start, end in sides:
            stroke(painter, QLineF(start, end), colour, 1.5, dashed=outside)
        if any(outside for outside, *_ in sides):
            label = f"{label}, reaches outside".removeprefix(", ")
        if label:
            tag(painter, label, kept, self._viewport.shown)

    def _paint_cursor(self, painter: QPainter) -> None:
        if self.cursor_cell is None:
            return
        pixel = self.pixel_rect(self.cursor_cell)
        if min(pixel.width(), pixel.height()) >= 5:
            outline(painter, pixel, theme().text)
        else:
            cross(painter, pixel.center(), 8)
        if self.value_text:
            around = pixel.adjusted(-8, -8, 8, 8)
            tag(painter, self.value_text, around, self._viewport.shown, below_first=True)

    def _settle(self) -> None:
        """Fit the seen part to the canvas as it is now."""
        ratio = self.canvas.devicePixelRatioF()
        taken = bar_room(self.canvas.font()) if self._heat_layer is not None else 0
        width, height = self.canvas.width() - taken, self.canvas.height()
        room = QSize(max(1, floor(width * ratio)), max(1, floor(height * ratio)))
        self._viewport = replace(self._viewport, room=room, ratio=ratio).kept()
        cursor = Qt.CursorShape.OpenHandCursor if self.zoom > 1 else Qt.CursorShape.ArrowCursor
        self.canvas.setCursor(cursor)
        self.canvas.update()
