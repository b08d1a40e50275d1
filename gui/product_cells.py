"""What the cells of a product table hold: which channels, in what words, in what colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QImage

from engine.ask import Products
from gui.icons import faded
from gui.theme import Theme, contrast, theme

if TYPE_CHECKING:
    import numpy as np

MOST_CHANNELS = 6
"""At most this many channels are shown one by one; the others are summed in one line."""
MOST_CELLS = 36
"""At most about this many cells of each table are; but three channels (a colour picture's) always."""
ALWAYS = 3
LEVELS = 16
"""Shades on each side of zero."""
STRENGTH = 0.55
"""How far the largest value's colour leaves the ground; the number on it stays readable."""


@dataclass(frozen=True)
class Selection:
    """Which channels are shown, and what the others add up to: together exactly the sum."""

    places: tuple[int, ...]
    others: int
    others_sum: float


def select(products: Products) -> Selection:
    """The channels that contribute most (by absolute sum), or all of them in order if they are few."""
    sums = products.products.sum(axis=(1, 2))
    count, height, width = products.products.shape
    room = max(1, min(MOST_CHANNELS, MOST_CELLS // (height * width)))
    if count <= max(room, ALWAYS):
        return Selection(tuple(range(count)), 0, 0.0)
    order = (-abs(sums)).argsort(kind="stable")
    return Selection(tuple(int(at) for at in order[:room]), count - room, float(sums[order[room:]].sum()))


def cell_text(value: float) -> str:
    """At most five letters: "0", ".412", "−1.46", "12.3", "−4e−5", "≈0" below a billionth."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-9:
        return "≈0"
    if size < 0.0005:
        text = f"{size:.0e}".replace("e-0", "e−").replace("e-", "e−")
    elif size < 0.9995:
        text = f"{size:.3f}"[1:]
    elif size < 9999.5:
        text = f"{size:.2f}" if size < 9.995 else f"{size:.1f}" if size < 99.95 else f"{size:.0f}"
    else:
        text = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    return f"−{text}" if value < 0 else text


@lru_cache(maxsize=4)
def shades(colours: Theme) -> tuple[tuple[QColor, QColor], ...]:
    """Ground and ink of a cell for each level, −LEVELS to LEVELS: the diverging map on the theme's ground."""
    from gui.colour_maps import DIVERGING, colour

    ends = colour(DIVERGING, 0.08), colour(DIVERGING, 0.92)
    pairs = []
    for level in range(-LEVELS, LEVELS + 1):
        ground = _mixed(QColor(colours.raised), ends[level > 0], STRENGTH * abs(level) / LEVELS)
        ink = max(colours.text, colours.page, key=lambda tone: contrast(tone, ground.name()))
        pairs.append((ground, QColor(ink)))
    return tuple(pairs)


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    parts = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(a + (b - a) * share) for a, b in parts))


def level(value: float, scale: float) -> int:
    """Where a value stands between −scale and scale: −LEVELS to LEVELS."""
    return round(value / scale * LEVELS) if scale else 0


def hatch_brush() -> QBrush:
    """Lies over cells in the padding."""
    return QBrush(faded(theme().muted, 0.6), Qt.BrushStyle.BDiagPattern)


def picture(array: np.ndarray, scale: float) -> QImage:
    """The colours of a table as an image of one pixel a cell."""
    import numpy as np

    table = np.array([ground.rgb() for ground, _ in shades(theme())], np.uint32)
    levels = np.rint(array / (scale or 1.0) * LEVELS).astype(int) + LEVELS
    pixels = np.ascontiguousarray(table[levels])
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()
