"""The colour bar beside a picture: which colour stands for which number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import isfinite

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from gui.colour_maps import lookup
from gui.panels.marks import round_corners
from gui.theme import GRID, Theme, small_font, theme

BREADTH = 10
"""Of the bar, in device-independent pixels."""
WIDEST = "−0.00000"
"""The longest number that `short` writes; room is always kept for it so that no picture jumps."""


@dataclass(frozen=True)
class ColourBar:
    """A map with the texts at its low and high ends, in its middle, and along it (what it holds for)."""

    colour_map: str
    low: str
    high: str
    middle: str = ""
    caption: str = ""


def number_bar(colour_map: str, low: float, high: float, caption: str = "") -> ColourBar:
    """A bar that says its two ends, and zero where that lies in the middle."""
    middle = "0" if low < 0 and abs(low + high) <= 1e-6 * high else ""
    return ColourBar(colour_map, short(low), short(high), middle, caption)


def short(value: float) -> str:
    """A number in three significant digits and at most eight characters: 0.887, −0.0123, 1.2e−05."""
    if not isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    size = abs(value)
    if size == 0:
        return "0"
    if 99.95 <= size < 9999.5:
        text = f"{value:.0f}"
    else:
        text = f"{value:.3g}" if 0.00995 <= size < 100 else f"{value:.1e}"
    return text.replace("-", "−")


def bar_room(font: QFont) -> int:
    """Width that a colour bar takes beside a picture, its gap included."""
    return round(2 * GRID + BREADTH + QFontMetricsF(small_font(font)).horizontalAdvance(WIDEST))


def paint_colour_bar(painter: QPainter, bar: ColourBar, area: QRectF) -> None:
    """Draw the bar with its texts into `area` (`bar_room` wide, as tall as the picture)."""
    ratio = painter.device().devicePixelRatioF()
    size = round(area.width()), round(area.height())
    painter.drawImage(area.topLeft(), _drawn(bar, *size, ratio, painter.font().toString(), theme()))


@lru_cache(maxsize=32)
def _drawn(bar: ColourBar, width: int, height: int, ratio: float, font: str, colours: Theme) -> QImage:
    """The bar on the page's ground; kept, as it seldom changes while its picture does."""
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(colours.page))
    strip = QRectF(GRID, 0, BREADTH, height)
    painter = QPainter(image)
    painter.drawImage(strip, _strip(bar.colour_map))
    round_corners(painter, strip, 3)
    plain = QFont()
    plain.fromString(font)
    painter.setFont(small_font(plain))
    _write(painter, bar, strip)
    painter.end()
    return image


def _write(painter: QPainter, bar: ColourBar, strip: QRectF) -> None:
    """The texts beside a strip."""
    metrics = QFontMetricsF(painter.font())
    left = strip.right() + GRID * 0.75
    painter.setPen(QColor(theme().text))
    painter.drawText(QPointF(left, strip.top() + metrics.ascent()), bar.high)
    painter.drawText(QPointF(left, strip.bottom() - metrics.descent()), bar.low)
    between = strip.height() - 2 * metrics.height()
    if bar.middle and between > 2 * metrics.height():
        painter.drawText(QPointF(left, strip.center().y() + metrics.capHeight() / 2), bar.middle)
        between = between / 2 - metrics.height()
    if bar.caption and between >= metrics.horizontalAdvance(bar.caption) + GRID:
        _along(painter, bar.caption, QPointF(left, strip.bottom() - metrics.height() - GRID / 2))


def _along(painter: QPainter, text: str, start: QPointF) -> None:
    """Muted text running upwards from `start`."""
    painter.translate(start)
    painter.rotate(-90)
    painter.setPen(QColor(theme().muted))
    painter.drawText(QPointF(0, QFontMetricsF(painter.font()).ascent()), text)


@cache
def _strip(colour_map: str) -> QImage:
    """The map from high (top) to low, one pixel wide."""
    pixels = np.ascontiguousarray(lookup(colour_map)[::-1])
    return QImage(pixels.tobytes(), 1, 256, 4, QImage.Format.Format_RGB32).copy()
