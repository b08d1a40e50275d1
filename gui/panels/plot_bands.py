"""What lies under the curves of a plot: bands around them, and named levels across."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

from gui.panels.curves import Level, runs
from gui.panels.plot_axes import Axes
from gui.panels.plot_ticks import Floats
from gui.theme import GRID, small_font, theme

BAND = 0.16
"""Opacity of a band."""
MOST_POINTS = 100
"""Points of an edge at most: what it costs to fill a band grows faster than they do."""
BEYOND = 1e5
"""Pixels further out than this are cut: nobody sees them, and Qt's painter overflows."""


def polygon(across: Floats, down: Floats) -> QPolygonF:
    """Points at (n,) across and (n,) down, without making a Python object of each."""
    points = QPolygonF()
    points.resize(len(across))
    if len(across):
        memory = VoidPtr(points.data(), 16 * len(across), True)  # ty: ignore[invalid-argument-type, too-many-positional-arguments]
        pairs = np.frombuffer(memory, np.float64).reshape(-1, 2)
        pairs[:, 0], pairs[:, 1] = across, np.clip(down, -BEYOND, BEYOND)
    return points


def paint_band(painter: QPainter, axes: Axes, x: Floats, low: Floats, high: Floats, colour: str) -> None:
    """Fill between two edges (n,); on a logarithmic axis an edge at zero lies below the frame."""
    ground = QColor(colour)
    ground.setAlphaF(BAND)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    x, low, high = _enveloped(x, low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        across, bottom = axes.place(x, low)
        _, top = axes.place(x, high)
    bottom, top = (np.clip(edge, -BEYOND, BEYOND) for edge in (bottom, top))
    for first, last in runs(bottom, top):
        part = slice(first, last + 1)
        there, back = across[part], across[part][::-1]
        outline = polygon(np.concatenate([there, back]), np.concatenate([top[part], bottom[part][::-1]]))
        painter.drawPolygon(outline)


def _enveloped(x: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """The band around neighbours together where there are more points than can be seen: extremes stay."""
    stride = -(-len(x) // MOST_POINTS)
    if stride < 2:
        return x, low, high
    at = np.arange(0, len(x), stride)
    return x[at], np.minimum.reduceat(low, at), np.maximum.reduceat(high, at)


def level_place(axes: Axes, level: Level) -> float | None:
    """Where a level lies, in pixels down the canvas; None beyond the axis."""
    if not axes.y.low <= level.value <= axes.y.high:
        return None
    share = float(axes.y.share(np.array([level.value]))[0])
    return round(axes.frame.bottom() - share * axes.frame.height()) + 0.5


def paint_level(painter: QPainter, axes: Axes, level: Level) -> None:
    """A quiet line across the frame, and its name where that stands inside; nothing beyond the axis."""
    frame, at = axes.frame, level_place(axes, level)
    if at is None:
        return
    painter.save()
    painter.setPen(QPen(QColor(theme().reference), 1))
    painter.drawLine(QLineF(frame.left(), at, frame.right(), at))
    if level.inside:
        _write_inside(painter, frame, level.name, at)
    painter.restore()


def _write_inside(painter: QPainter, frame: QRectF, name: str, at: float) -> None:
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    has_room_below = at + metrics.height() <= frame.bottom()
    baseline = at + metrics.ascent() + 1 if has_room_below else at - metrics.descent() - 1
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, frame.width() - GRID)
    painter.drawText(QPointF(frame.left() + GRID / 2, baseline), shown)
