"""Marks drawn over pictures: outlines, crosses and tags that are readable on any ground."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from gui.theme import GRID, small_font, theme

CORNER = 6.0
"""Radius of a picture's rounded corners, in device-independent pixels."""


def outline(painter: QPainter, rect: QRectF, colour: str, width: float = 1.0, dashed: bool = False) -> None:
    """A crisp rectangle around `rect`, doubled: a stroke in the page's colour holds the one in `colour`."""
    around = rect.adjusted(-width / 2, -width / 2, width / 2, width / 2)
    _doubled(painter, colour, width, dashed, lambda: painter.drawRect(around))


def stroke(painter: QPainter, line: QLineF, colour: str, width: float = 1.0, dashed: bool = False) -> None:
    """A line, doubled like an outline."""
    _doubled(painter, colour, width, dashed, lambda: painter.drawLine(line))


def cross(painter: QPainter, at: QPointF, arm: float) -> None:
    """A cross that leaves its own middle free, so that the value stays to be seen."""
    path = QPainterPath()
    for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(at.x() + right * arm * 0.35, at.y() + down * arm * 0.35)
        path.lineTo(at.x() + right * arm, at.y() + down * arm)
    _doubled(painter, theme().text, 1.0, False, lambda: painter.drawPath(path))


def tag(painter: QPainter, text: str, near: QRectF, bounds: QRectF, below_first: bool = False) -> QRectF:
    """A small label above or below (else in) `near`, kept inside `bounds`; returns where it is."""
    painter.save()
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, bounds.width() - GRID))
    box = QRectF(0, 0, metrics.horizontalAdvance(shown) + GRID, metrics.height() + 2)
    box.moveLeft(min(max(near.left(), bounds.left()), bounds.right() - box.width()))
    above, below = near.top() - box.height() - 3, near.bottom() + 3
    tops = (below, above) if below_first else (above, below)
    fitting = [top for top in tops if bounds.top() <= top <= bounds.bottom() - box.height()]
    box.moveTop(fitting[0] if fitting else max(near.top(), bounds.top()) + 3)
    ground = QColor(theme().page)
    ground.setAlphaF(0.88)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor(theme().text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), shown)
    painter.restore()
    return box


def round_corners(painter: QPainter, rect: QRectF, radius: float = CORNER) -> None:
    """Cover the corners of a picture with the page's colour (cheaper than clipping the picture)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for corner, right, down in (
        (rect.topLeft(), 1, 1),
        (rect.topRight(), -1, 1),
        (rect.bottomLeft(), 1, -1),
        (rect.bottomRight(), -1, -1),
    ):
        beyond = QPainterPath(corner)
        beyond.lineTo(corner.x() + right * radius, corner.y())
        beyond.quadTo(corner, QPointF(corner.x(), corner.y() + down * radius))
        painter.fillPath(beyond, QBrush(QColor(theme().page)))
    painter.restore()


def _doubled(painter: QPainter, colour: str, width: float, dashed: bool, draw: Callable[[], None]) -> None:
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, thickness in ((theme().page, width + 2), (colour, width)):
        pen = QPen(QColor(ink), thickness)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dashed and ink == colour:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        draw()
    painter.restore()
