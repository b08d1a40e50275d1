"""Strokes of curves: values on the canvas as lines that are cheap to draw, and dots."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr, wrapInstance

from gui.panels.curves import runs
from gui.panels.plot_ticks import Floats
from gui.theme import theme

THICK = 2.0
"""Width of a curve in device-independent pixels."""
CROWD = 4
"""Points in a column as wide as the curve from which only the extremes are drawn."""
DASH, GAP = 8.0, 5.0
"""Lengths of a dash, without its ends, and of the way to the next one."""
BEYOND = 1e5
"""Pixels further out than this are cut: nobody sees them, and Qt's painter overflows."""


@dataclass(frozen=True)
class Shape:
    """A curve on the canvas."""

    lines: list[Floats] = field(default_factory=list)
    """(n, 4) single lines each: x and y of both ends. They take a tenth of the time of one that is unbroken,
    and as the ends overlap their joints cannot be seen."""
    dots: list[QPointF] = field(default_factory=list)
    """Points without a neighbour."""


def shape(across: Floats, down: Floats, dashed: bool) -> Shape:
    """What to draw for a curve whose points lie at (n,) across and (n,) down, NaN where there is none."""
    made, down = Shape(), np.clip(down, -BEYOND, BEYOND)
    for first, last in runs(across, down):
        x, y = across[first : last + 1], down[first : last + 1]
        if first == last:
            made.dots.append(QPointF(x[0], y[0]))
            continue
        x, y = seen(x, y)
        made.lines.append(dashes(x, y) if dashed else segments(x, y))
    return made


def seen(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """A curve's points (n,); of very many in each column as wide as the curve the highest and the lowest."""
    columns = np.floor(x / THICK)
    if len(x) <= CROWD * (columns[-1] - columns[0] + 1):
        return x, y
    order = np.lexsort((y, columns))
    ends = np.flatnonzero(np.diff(columns[order]))
    kept = np.zeros(len(x), bool)
    kept[[0, -1]] = kept[order[[0, -1]]] = kept[order[ends]] = kept[order[ends + 1]] = True
    return x[kept], y[kept]


def segments(x: Floats, y: Floats) -> Floats:
    """(n - 1, 4) the lines from point to point of curves (..., n) that share their x, one after the other."""
    lines = np.empty((*y.shape[:-1], y.shape[-1] - 1, 4))
    lines[..., 0], lines[..., 1] = x[:-1], y[..., :-1]
    lines[..., 2], lines[..., 3] = x[1:], y[..., 1:]
    return lines


def dashes(x: Floats, y: Floats) -> Floats:
    """(m, 4) the same lines of one curve, cut into dashes; where they bend one goes round the bend."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    begins = np.arange(0.0, min(way[-1], BEYOND), DASH + GAP)
    cuts = np.union1d(way, np.concatenate([begins, begins + DASH]))
    cuts = cuts[cuts <= way[-1]]
    lines = segments(np.interp(cuts, way, x), np.interp(cuts, way, y))
    return np.ascontiguousarray(lines[(cuts[:-1] + cuts[1:]) / 2 % (DASH + GAP) < DASH])


def polygon(across: Floats, down: Floats) -> QPolygonF:
    """Points at (n,) across and (n,) down, without making a Python object of each."""
    points = QPolygonF()
    points.resize(len(across))
    if len(across):
        memory = VoidPtr(points.data(), 16 * len(across), True)  # ty: ignore[invalid-argument-type, too-many-positional-arguments]
        pairs = np.frombuffer(memory, np.float64).reshape(-1, 2)
        pairs[:, 0], pairs[:, 1] = across, np.clip(down, -BEYOND, BEYOND)
    return points


def paint_lines(painter: QPainter, lines: Floats) -> None:
    """Draw lines (n, 4) in the painter's pen, without making a Python object of each."""
    if len(lines):
        painter.drawLines(wrapInstance(lines.ctypes.data, QLineF), len(lines))


def paint_curve(painter: QPainter, drawn: Shape, colour: str) -> None:
    """Draw a curve."""
    painter.setPen(QPen(QColor(colour), THICK))
    for lines in drawn.lines:
        paint_lines(painter, lines)
    for dot in drawn.dots:
        paint_dot(painter, dot, colour, 3.0)


def paint_dot(painter: QPainter, at: QPointF, colour: str, radius: float) -> None:
    """A dot with a rim in the page's colour, so that it stands out of its curve."""
    painter.setPen(QPen(QColor(theme().page), 1.5))
    painter.setBrush(QColor(colour))
    painter.drawEllipse(at, radius, radius)
