"""A pad to draw on with pointer or pen: white ink on black, as the handwritten digits have it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Numbers, Panel
from gui.theme import theme

SIDE = 112
"""Pixels of the drawing along each side."""
THIN, THICK = 4.0, 24.0
"""Breadth of the pen in those pixels."""
PAUSE = 60
"""Milliseconds between two tellings of a drawing that goes on."""
KEPT = 50
"""Strokes that can be taken back."""


class PadPanel(Panel):
    """The drawing; a cell is (row, column)."""

    drawn = Signal(object)
    """(SIDE, SIDE) uint8: the drawing, now and then while a stroke goes on and when it ends."""
    help_text = (
        "Draw with the pointer. Backspace takes a stroke back, Delete clears, plus and minus set the pen."
    )
    nothing_yet = "There is nothing yet that could answer."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self.pen = 10.0
        self._image = self._blank()
        self._before: list[QImage] = []
        self._at: QPointF | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._tell_drawing)
        self.canvas.setCursor(Qt.CursorShape.CrossCursor)

    # What a view uses; `refresh` when there is somebody to answer.

    @property
    def pixels(self) -> np.ndarray:
        """(SIDE, SIDE) uint8: 0 is the ground, 255 ink."""
        image = self._image
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, image.bytesPerLine())
        return rows[:, :SIDE].copy()

    @property
    def is_blank(self) -> bool:
        """Whether nothing is drawn."""
        return not self.pixels.any()

    def clear(self) -> None:
        """Begin anew; it can be taken back."""
        if not self.is_blank:
            self._remember()
            self._image = self._blank()
            self._changed()

    def undo(self) -> None:
        """Take the last stroke, or the clearing, back."""
        if self._before:
            self._image = self._before.pop()
            self._changed()

    def set_pen(self, breadth: float) -> None:
        """Draw with another breadth from now on, in pixels of the drawing."""
        self.pen = min(THICK, max(THIN, breadth))

    def stroke(self, start: QPointF, end: QPointF) -> None:
        """A line between two points of the drawing, in its pixels."""
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(QColor(255, 255, 255), self.pen, Qt.PenStyle.SolidLine, cap, join))
        if start == end:
            painter.drawPoint(start)
        else:
            painter.drawLine(start, end)
        painter.end()
        self._changed()

    # What the panel asks.

    def press(self, at: QPointF) -> None:
        self._remember()
        self._at = self._in_drawing(at)
        self.stroke(self._at, self._at)

    def drag(self, by: QPointF) -> None:
        if self._at is None:
            return
        end = self._at + by / self._scale
        self.stroke(self._at, end)
        self._at = end

    def key(self, event: QKeyEvent) -> bool:
        acts = {Qt.Key.Key_Backspace: self.undo, Qt.Key.Key_Delete: self.clear}
        if event.key() in acts:
            acts[Qt.Key(event.key())]()
            return True
        if event.text() in ("+", "-"):
            self.set_pen(self.pen + (2 if event.text() == "+" else -2))
            return True
        return False

    def cell_at(self, point: QPointF) -> Cell | None:
        if not self._area().contains(point):
            return None
        place = self._in_drawing(point)
        return min(SIDE - 1, int(place.y())), min(SIDE - 1, int(place.x()))

    def contains(self, cell: Cell) -> bool:
        return all(0 <= at < SIDE for at in cell)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        row, column = cell or (SIDE // 2, SIDE // 2)
        step = 10 if far else 1
        return min(max(row + step * down, 0), SIDE - 1), min(max(column + step * right, 0), SIDE - 1)

    def numbers(self) -> Numbers:
        """A row for each row of pixels."""
        return [str(column) for column in range(SIDE)], self.pixels.tolist()

    def summary(self) -> str:
        return "Nothing is drawn." if self.is_blank else "A drawing."

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = self._area()
        painter.drawImage(area, self._image)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawRect(area)
        if self.is_blank:
            painter.setPen(QColor("#9a9a9a"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Draw here.")

    # Inside.

    def _remember(self) -> None:
        self._before = [*self._before, self._image.copy()][-KEPT:]

    def _changed(self) -> None:
        self.refresh()
        if not self._pause.isActive():
            self._pause.start()

    def _tell_drawing(self) -> None:
        self.drawn.emit(self.pixels)

    def _blank(self) -> QImage:
        image = QImage(SIDE, SIDE, QImage.Format.Format_Grayscale8)
        image.fill(0)
        return image

    def _area(self) -> QRectF:
        side = min(self.canvas.width(), self.canvas.height())
        return QRectF(0, 0, side, side)

    @property
    def _scale(self) -> float:
        """Pixels of the canvas for one of the drawing."""
        return max(1e-6, self._area().width() / SIDE)

    def _in_drawing(self, at: QPointF) -> QPointF:
        return (at - self._area().topLeft()) / self._scale
