"""The box around a turned space, and the small cross that says which way its axes point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from gui.panels.plot_ticks import Floats
from gui.panels.projection import Limits, Projection
from gui.theme import GRID, small_font, theme

ARM = 24.0
"""Length of the cross's arms, in device-independent pixels."""
SHORTEST = 0.3
"""Share of its length below which an arm points at the viewer and is not named."""
EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b).bit_count() == 1]
"""Pairs of a box's corners, numbered as in `Limits.corners`."""


def paint_box(painter: QPainter, projection: Projection, limits: Limits) -> None:
    """Draw the edges of the limits; those that lie in front are dotted, so that one sees which do."""
    corners = limits.corners
    across, down, _ = projection.place(corners)
    depth = projection.matrix[2] @ (corners - projection.middle).T
    nearest = int(np.argmax(depth))
    back, front = [], []
    for a, b in EDGES:
        line = QLineF(float(across[a]), float(down[a]), float(across[b]), float(down[b]))
        (front if nearest in (a, b) else back).append(line)
    painter.setPen(QPen(QColor(theme().line), 1))
    painter.drawLines(back)
    painter.setPen(QPen(QColor(theme().line), 1, Qt.PenStyle.DotLine))
    painter.drawLines(front)


def cross_rect(frame: QRectF, names: Sequence[str], metrics: QFontMetricsF) -> QRectF:
    """Where the cross and its names go: the lower left corner of a frame."""
    widest = max((metrics.horizontalAdvance(name) for name in names), default=0.0)
    side = 2 * (ARM + metrics.height())
    width = 2 * (ARM + widest) + GRID
    return QRectF(frame.left(), frame.bottom() - side, width, side)


def paint_cross(painter: QPainter, matrix: Floats, names: Sequence[str], rect: QRectF) -> None:
    """Draw the three axes from the middle of `rect`, the farthest first; `matrix` as in `Projection`."""
    painter.save()
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    for axis in np.argsort(matrix[2]).tolist():
        right, up = float(matrix[0, axis]), -float(matrix[1, axis])
        middle = rect.center()
        ink = QColor(theme().muted)
        painter.setPen(QPen(ink, 1.5))
        painter.drawLine(middle, middle + QPointF(right, up) * ARM)
        if (length := float(np.hypot(right, up))) >= SHORTEST:
            _name(painter, metrics, names[axis], middle, QPointF(right, up) / length, length)
    painter.restore()


def _name(
    painter: QPainter, metrics: QFontMetricsF, name: str, middle: QPointF, way: QPointF, length: float
) -> None:
    """Write an axis's name beyond its end."""
    breadth, height = metrics.horizontalAdvance(name), metrics.capHeight()
    end = middle + way * (ARM * length + 4)
    left = end.x() + (way.x() - 1) * breadth / 2
    painter.drawText(QPointF(left, end.y() + height / 2 + way.y() * height / 2), name)
