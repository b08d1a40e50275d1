"""A few small feature maps in one square: enlarged in crisp pixels, averaged where they are shrunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from gui.colour_maps import SEQUENTIAL, lookup
from gui.panels.layers import CRISP

GAP = 1.5
"""Between maps, in device-independent pixels."""
LARGE_ENOUGH = 8
"""Side in device-independent pixels of a map that keeps a gap to its neighbours."""


@dataclass(frozen=True)
class Thumbnail:
    """A few small maps side by side: `pixels` (rows * height, columns * width) uint8."""

    pixels: NDArray[np.uint8]
    rows: int
    columns: int
    colour_map: str = SEQUENTIAL


def drawn(thumbnail: Thumbnail, side: int, ratio: float) -> QImage:
    """The maps in colours, as large as they can be in a square of `side` device pixels, gaps see-through.

    `ratio` is the device pixels to a pixel; the image knows it.
    """
    rows, columns = thumbnail.rows, thumbnail.columns
    height, width = thumbnail.pixels.shape[0] // rows, thumbnail.pixels.shape[1] // columns
    gap = max(1, round(GAP * ratio)) if side / max(rows, columns) >= LARGE_ENOUGH * ratio else 0
    scale = min((side - (columns - 1) * gap) / (columns * width), (side - (rows - 1) * gap) / (rows * height))
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = lookup(thumbnail.colour_map).take(thumbnail.pixels)
    image = QImage(
        columns * (across + gap) - gap, rows * (down + gap) - gap, QImage.Format.Format_ARGB32_Premultiplied
    )
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < CRISP)
    for row in range(rows):
        for column in range(columns):
            part = pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
            place = QRectF(column * (across + gap), row * (down + gap), across, down)
            painter.drawImage(place, _image(np.ascontiguousarray(part), across, down))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def _image(pixels: NDArray[np.uint32], across: int, down: int) -> QImage:
    """One map (h, w) as RGB32, averaged where it is to be drawn smaller than it is."""
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
    if across >= width and down >= height:
        return image
    kept, averaged = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(across, down, kept, averaged)
