"""Points in a plane by class, each with its small picture: what lies near what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.layers import picture_image
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.series import series_colour
from gui.theme import GRID, small_font, theme

DOT = 3.0
"""Radius of a point."""
NEAR = 14.0
"""Pixels within which the pointer finds a point."""
INSET = 72.0
"""Side of the picture that is shown beside the point under the pointer."""
MARGIN = 2.0 * GRID
FAINT = 0.25
"""Opacity of the other classes' points while one class is pointed at."""


class ScatterPanel(Panel):
    """The points; a cell is (point,)."""

    nothing_yet = "No points yet."
    help_text = "Arrow keys move to the nearest point in that direction, Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._points: NDArray[np.float64] = np.zeros((0, 2))
        self._classes: NDArray[np.int64] = np.zeros(0, np.int64)
        self._wrong: NDArray[np.bool_] = np.zeros(0, bool)
        self._pictures: NDArray[np.uint8] | None = None
        self._texts: Sequence[str] = ()
        self._names: Sequence[str] = ()

    # What a view uses.

    def set_points(
        self,
        points: NDArray[np.floating],
        classes: NDArray[np.integer],
        names: Sequence[str],
        *,
        wrong: NDArray[np.bool_] | None = None,
        pictures: NDArray[np.uint8] | None = None,
        texts: Sequence[str] = (),
    ) -> None:
        """Show `points` (N, 2), each of one of the classes called `names`.

        Those that are `wrong` (N,) are rings. `pictures` (N, S, S, 3) uint8 and `texts`, N of them, stand
        beside the point under the pointer. Raises ValueError where the lengths differ.
        """
        count = len(points)
        if len(classes) != count or (pictures is not None and len(pictures) != count):
            raise ValueError(f"{count} points, {len(classes)} classes.")
        self._points, self._classes = np.asarray(points, np.float64), np.asarray(classes, np.int64)
        self._wrong = np.zeros(count, bool) if wrong is None else np.asarray(wrong, bool)
        self._pictures, self._texts, self._names = pictures, texts, names
        if count:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def place(self, point: int) -> QPointF:
        """Where a point is drawn, in pixels of the canvas."""
        x, y = self._places()[point]
        return QPointF(x, y)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        if not len(self._points):
            return None
        distances = np.hypot(*(self._places() - (point.x(), point.y())).T)
        nearest = int(distances.argmin())
        return (nearest,) if distances[nearest] <= NEAR else None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._points)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        """The nearest point in a quarter of the plane."""
        if not len(self._points):
            return None
        if cell is None:
            return (0,)
        steps = self._places() - self._places()[cell[0]]
        ahead = steps[:, 0] * right + steps[:, 1] * down
        aside = np.abs(steps[:, 0] * down) + np.abs(steps[:, 1] * right)
        candidates = np.flatnonzero((ahead > 0) & (ahead >= aside))
        if not len(candidates):
            return cell
        return (int(candidates[np.hypot(*steps[candidates].T).argmin()]),)

    def summary(self) -> str:
        return f"{len(self._points)} points in {len(set(self._classes.tolist()))} classes."

    def numbers(self) -> Numbers:
        """A row for each point."""
        rows = [
            [self._text(place), self._names[label], float(x), float(y)]
            for place, (label, (x, y)) in enumerate(zip(self._classes.tolist(), self._points, strict=True))
        ]
        return ["name", "class", "x", "y"], rows

    # Painting.

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places, cursor = self._places(), self.cursor_cell
        of = None if cursor is None or not self.contains(cursor) else int(self._classes[cursor[0]])
        for label in sorted(set(self._classes.tolist())):
            self._paint_class(painter, label, places[self._classes == label], faint=of not in (None, label))
        self._paint_names(painter, places)
        if cursor is not None and self.contains(cursor):
            self._paint_inset(painter, cursor[0])

    def _paint_class(
        self, painter: QPainter, label: int, places: NDArray[np.float64], *, faint: bool
    ) -> None:
        colour = QColor(series_colour(label))
        if faint:
            colour.setAlphaF(FAINT)
        wrong = self._wrong[self._classes == label]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for x, y in places[~wrong].tolist():
            painter.drawEllipse(QPointF(x, y), DOT, DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.6))
        for x, y in places[wrong].tolist():
            painter.drawEllipse(QPointF(x, y), DOT + 1, DOT + 1)

    def _paint_names(self, painter: QPainter, places: NDArray[np.float64]) -> None:
        """Each class's name at the median of its points."""
        font = small_font(self.canvas.font())
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        for label in sorted(set(self._classes.tolist())):
            x, y = np.median(places[self._classes == label], axis=0).tolist()
            name = metrics.elidedText(self._names[label], Qt.TextElideMode.ElideRight, 14 * GRID)
            width = metrics.horizontalAdvance(name) + GRID
            box = QRectF(x - width / 2, y - metrics.height() / 2, width, metrics.height())
            ground = QColor(theme().page)
            ground.setAlphaF(0.8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor(series_colour(label)))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_inset(self, painter: QPainter, point: int) -> None:
        """The point's picture beside it, on the side where there is room, and its text below."""
        at, font = self.place(point), small_font(self.canvas.font())
        painter.setPen(QPen(QColor(theme().text), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, DOT + 3, DOT + 3)
        metrics, text = QFontMetricsF(font), self._text(point)
        side = INSET if self._pictures is not None else 0.0
        width = max(side, metrics.horizontalAdvance(text)) + GRID
        height = side + metrics.height() + GRID
        left = (
            at.x() + 2 * GRID
            if at.x() + 2 * GRID + width <= self.canvas.width()
            else at.x() - 2 * GRID - width
        )
        top = min(max(0.0, at.y() - height / 2), self.canvas.height() - height)
        box = QRectF(max(0.0, left), top, width, height)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.setBrush(QColor(theme().page))
        painter.drawRoundedRect(box, 6, 6)
        if self._pictures is not None:
            target = QRectF(box.center().x() - side / 2, box.top() + GRID / 2, side, side)
            painter.drawImage(target, picture_image(np.ascontiguousarray(self._pictures[point])))
        painter.setFont(font)
        painter.setPen(QColor(theme().text))
        below = QRectF(box.left(), box.bottom() - metrics.height() - GRID / 4, width, metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)

    # Where things lie.

    def _places(self) -> NDArray[np.float64]:
        """(N, 2) in pixels: the same scale along both axes, so that distances are told truly."""
        low, high = self._points.min(0), self._points.max(0)
        span = np.maximum(high - low, 1e-12)
        room = np.array([self.canvas.width(), self.canvas.height()]) - 2 * MARGIN
        scale = max(1e-12, float((room / span).min()))
        middle = (low + high) / 2
        places = (self._points - middle) * (scale, -scale)
        return places + np.array([self.canvas.width(), self.canvas.height()]) / 2

    def _text(self, point: int) -> str:
        return self._texts[point] if self._texts else self._names[int(self._classes[point])]
