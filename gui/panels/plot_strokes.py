"""Strokes of curves: values on the canvas as lines that are cheap to draw, and dots."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from gui.panels.curves import runs
from gui.panels.plot_ticks import Floats
from gui.theme import theme

THICK = 2.0
"""Width of a curve in device-independent pixels."""
MANY = 64
"""Points from which a curve is drawn as single lines: ten times cheaper, and its joints cannot be seen."""

Shape = tuple[list[QPolygonF], list[QLineF], list[QPointF]]
"""A curve on the canvas: unbroken polygons, many single lines, and points without a neighbour."""


def shape(across: Floats, down: Floats, dashed: bool) -> Shape:
    """What to draw for a curve whose points lie at (n,) across and (n,) down, NaN where there is none."""
    polygons: list[QPolygonF] = []
    lines: list[QLineF] = []
    dots: list[QPointF] = []
    for first, last in runs(across, down):
        x, y = across[first : last + 1].tolist(), down[first : last + 1].tolist()
        if first == last:
            dots.append(QPointF(x[0], y[0]))
        elif dashed or last - first < MANY:
            polygons.append(QPolygonF(list(map(QPointF, x, y))))
        else:
            lines += map(QLineF, x, y, x[1:], y[1:])
    return polygons, lines, dots


def paint_curve(painter: QPainter, drawn: Shape, colour: str, dashed: bool) -> None:
    """Draw a curve."""
    polygons, lines, dots = drawn
    pen = QPen(QColor(colour), THICK)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    for polygon in polygons:
        painter.drawPolyline(polygon)
    painter.drawLines(lines)
    for dot in dots:
        paint_dot(painter, dot, colour, 3.0)


def paint_dot(painter: QPainter, at: QPointF, colour: str, radius: float) -> None:
    """A dot with a rim in the page's colour, so that it stands out of its curve."""
    painter.setPen(QPen(QColor(theme().page), 1.5))
    painter.setBrush(QColor(colour))
    painter.drawEllipse(at, radius, radius)
