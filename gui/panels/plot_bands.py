"""What lies under the curves of a plot: bands around them, and named levels across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPaintEngine, QPainter, QPen

from gui.panels.curves import Level, runs
from gui.panels.plot_axes import Axes
from gui.panels.plot_strokes import BEYOND, polygon
from gui.panels.plot_ticks import Floats
from gui.panels.still import pixel_ratio
from gui.theme import GRID, small_font, theme

BAND = 0.16
"""Opacity of a band."""
MOST_POINTS = 100
"""Points of an edge at most: more would flicker as the values arrive."""
TOGETHER = 7
"""Bands that are painted as one picture: each is a bit of a pixel's number."""


@dataclass(frozen=True)
class Band:
    """The ground between two edges."""

    x: Floats
    """(n,) ascending."""
    low: Floats
    """(n,) NaN where there is none."""
    high: Floats
    colour: str


def paint_bands(painter: QPainter, axes: Axes, bands: Sequence[Band]) -> None:
    """Fill them, one over the other; on a logarithmic axis an edge at zero lies below the frame.

    On a screen all are one picture, of a colour for every set of bands that a pixel may lie in: filling
    outlines of many points takes ten times as long.
    """
    edges = [(*_placed(axes, band), band.colour) for band in bands]
    edges = [band for band in edges if np.any(band[1] < band[2])]
    if painter.paintEngine().type() is not QPaintEngine.Type.Raster:
        for band in edges:
            _fill(painter, *band)
        return
    for first in range(0, len(edges), TOGETHER):
        together = edges[first : first + TOGETHER]
        place = axes.frame.toAlignedRect()
        painter.drawImage(place.topLeft(), _picture(place, together, pixel_ratio(painter)))


def _placed(axes: Axes, band: Band) -> tuple[Floats, Floats, Floats]:
    """Pixels across, and down to the upper and the lower edge: (n,) each."""
    x, low, high = _enveloped(band.x, band.low, band.high)
    with np.errstate(divide="ignore", invalid="ignore"):
        across, bottom = axes.place(x, low)
        _, top = axes.place(x, high)
    return across, np.clip(top, -BEYOND, BEYOND), np.clip(bottom, -BEYOND, BEYOND)


def _fill(painter: QPainter, across: Floats, top: Floats, bottom: Floats, colour: str) -> None:
    ground = QColor(colour)
    ground.setAlphaF(BAND)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    for first, last in runs(bottom, top):
        part = slice(first, last + 1)
        there, back = across[part], across[part][::-1]
        painter.drawPolygon(
            polygon(np.concatenate([there, back]), np.concatenate([top[part], bottom[part][::-1]]))
        )


def _picture(place: QRect, bands: Sequence[tuple[Floats, Floats, Floats, str]], ratio: float) -> QImage:
    """The bands within a rectangle: every pixel's number has a bit for each band that it lies in."""
    width, height = round(place.width() * ratio), round(place.height() * ratio)
    columns = np.arange(width)
    middles = place.left() + (columns + 0.5) / ratio
    turns = np.zeros((height + 1, width), np.int8)  # where a bit begins it is added, where it ends taken off
    for bit, (across, top, bottom, _) in enumerate(bands):
        edges = np.stack([np.interp(middles, across, edge, np.nan, np.nan) for edge in (top, bottom)])
        rows = np.clip(np.round((edges - place.top()) * ratio), 0, height)
        upper, lower = np.where(rows[0] < rows[1], rows, height).astype(np.intp)  # NaN is not below anything
        turns[upper, columns] += 1 << bit
        turns[lower, columns] -= 1 << bit
    numbers = np.cumsum(turns[:-1], axis=0, dtype=np.int8)
    pixels = _mixtures([colour for *_, colour in bands]).take(numbers)
    image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    return image.copy()


def _mixtures(colours: Sequence[str]) -> NDArray[np.uint32]:
    """(2 ** n,) the premultiplied colour where the bands of a number's bits lie over one another."""
    mixed = np.zeros((1, 4))
    for colour in colours:
        red, green, blue, _ = QColor(colour).getRgb()  # ty: ignore[not-iterable]
        over = BAND * np.array([blue, green, red, 255.0])
        mixed = np.concatenate([mixed, over + (1 - BAND) * mixed])
    return np.ascontiguousarray(mixed.round().astype(np.uint8)).view(np.uint32)[:, 0]


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
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
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
