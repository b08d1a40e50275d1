"""Texts on curves: names at their ends that do not overlap, and the tag with all values at one x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from gui.theme import GRID, small_font, theme

WIDEST = 0.3
"""Share of a plot's width that the names at the curves' ends may take."""
NARROW = 200.0
"""Width of a plot below which the curves are named only under the pointer."""
DOT = 3.0
LARGEST = 0.7
"""Share of a plot's height above which the tag shows only the curve pointed at."""
NAME = 0.4
"""Share of a plot's width that a name in the tag may take."""


@dataclass(frozen=True)
class Label:
    """A curve's name and the end of the curve it stands at."""

    text: str
    end: QPointF
    colour: str
    is_joined: bool = True
    """Whether a line leads from one to the other."""


@dataclass(frozen=True)
class Entry:
    """A row of the tag: a curve's name and value."""

    name: str
    value: str
    colour: str
    is_pointed_at: bool = False


def label_room(names: Sequence[str], font: QFont, width: float) -> float:
    """Room that names take right of the frame."""
    if width < NARROW or not names:
        return float(GRID)
    metrics = QFontMetricsF(small_font(font))
    longest = max(metrics.horizontalAdvance(name) for name in names)
    return min(longest + 1, width * WIDEST) + 2.5 * GRID


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Middles of labels `height` tall as near as they can be to where they are wanted, none over another.

    All lie between `low` and `high` as long as there is room for them. Their order is that of `wanted`.
    """
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    groups: list[list[float]] = []  # sum of (wanted - offset) and count: their mean is the group's top
    for place in order:
        groups.append([wanted[place], 1])
        while len(groups) > 1 and _middle(groups[-2]) + groups[-2][1] * height > _middle(groups[-1]):
            total, count = groups.pop()
            before = groups[-1]
            before[0] += total - before[1] * height * count
            before[1] += count
    placed: list[float] = []
    for total, count in groups:
        placed += [total / count + height * number for number in range(int(count))]
    _keep_within(placed, height, low + height / 2, high - height / 2)
    found = [0.0] * len(wanted)
    for place, middle in zip(order, placed, strict=True):
        found[place] = middle
    return found


def _middle(group: list[float]) -> float:
    return group[0] / group[1]


def _keep_within(placed: list[float], height: float, low: float, high: float) -> None:
    """Push ascending middles up from the bottom and down from the top."""
    for at, limit in zip(range(len(placed) - 1, -1, -1), range(len(placed)), strict=True):
        placed[at] = min(placed[at], high - limit * height)
    for at in range(len(placed)):
        placed[at] = max(placed[at], low + at * height)


def paint_labels(painter: QPainter, labels: Sequence[Label], frame: QRectF, right: float) -> None:
    """Write the curves' names right of `frame`, each joined to the end of its curve."""
    painter.save()
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    top, bottom = frame.top() - metrics.height() / 2, frame.bottom() + metrics.height() / 2
    labels = labels[: max(1, int((bottom - top) / metrics.height()))]
    middles = spread([label.end.y() for label in labels], metrics.height(), top, bottom)
    left = frame.right() + 2 * GRID
    for label, middle in zip(labels, middles, strict=True):
        colour = QColor(label.colour)
        painter.setPen(colour)
        shown = metrics.elidedText(label.text, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QPointF(left, middle + metrics.capHeight() / 2), shown)
        if not label.is_joined:
            continue
        colour.setAlphaF(0.5)
        painter.setPen(QPen(colour, 1))
        start, end = QPointF(max(label.end.x(), frame.right()) + 2, label.end.y()), QPointF(left - 4, middle)
        if label.end.x() >= frame.right() - 1:
            painter.drawLine(start, end)
        else:
            painter.drawPolyline([label.end, QPointF(frame.right() + 2, label.end.y()), end])
    painter.restore()


def paint_tag(
    painter: QPainter, title: str, rows: Sequence[Entry], at: QPointF, bounds: QRectF, note: str = ""
) -> QRectF:
    """A box beside `at` with a title, a row for each curve, and a note; returns where it is."""
    painter.save()
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    if (len(rows) + 1 + bool(note)) * line + GRID > bounds.height() * LARGEST:
        rows = [row for row in rows if row.is_pointed_at]
    name = max((metrics.horizontalAdvance(row.name) for row in rows), default=0.0)
    name = min(name, NAME * bounds.width())
    value = max((metrics.horizontalAdvance(row.value) for row in rows), default=0.0)
    widest = max(2 * GRID + name + GRID + value, *(metrics.horizontalAdvance(text) for text in (title, note)))
    lines = 1 + len(rows) + bool(note)
    box = _beside(at, min(widest, bounds.width() - 2 * GRID) + 2 * GRID, lines * line + GRID, bounds)
    _paint_ground(painter, box)
    inside = box.adjusted(GRID, GRID / 2, -GRID, -GRID / 2)
    _write(painter, title, inside, 0, theme().muted)
    for number, row in enumerate(rows, start=1):
        middle = QPointF(inside.left() + DOT, inside.top() + (number + 0.5) * line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(row.colour))
        painter.drawEllipse(middle, DOT, DOT)
        ink = theme().text if row.is_pointed_at or len(rows) == 1 else theme().muted
        _write(painter, row.name, inside.adjusted(2 * GRID, 0, -value - GRID, 0), number, ink)
        _write(painter, row.value, inside, number, ink, Qt.AlignmentFlag.AlignRight)
    if note:
        _write(painter, note, inside, lines - 1, theme().muted)
    painter.restore()
    return box


def _beside(at: QPointF, width: float, height: float, bounds: QRectF) -> QRectF:
    """A box right of `at`, else left of it, else in the other half of `bounds`, within which it stays."""
    away = 1.5 * GRID
    top = max(bounds.top(), min(at.y() - height / 2, bounds.bottom() - height))
    if at.x() + away + width <= bounds.right():
        return QRectF(at.x() + away, top, width, height)
    if at.x() - away - width >= bounds.left():
        return QRectF(at.x() - away - width, top, width, height)
    top = bounds.bottom() - height if at.y() < bounds.center().y() else bounds.top()
    left = min(max(bounds.left(), at.x() - width / 2), bounds.right() - width)
    return QRectF(left, top, width, height)


def _paint_ground(painter: QPainter, box: QRectF) -> None:
    ground = QColor(theme().raised)
    ground.setAlphaF(0.94)
    painter.setPen(QPen(QColor(theme().line), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)


def _write(
    painter: QPainter,
    text: str,
    inside: QRectF,
    row: int,
    colour: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, inside.width() + 1)
    painter.setPen(QColor(colour))
    where = QRectF(inside.left(), inside.top() + row * metrics.height(), inside.width() + 1, metrics.height())
    painter.drawText(where, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
