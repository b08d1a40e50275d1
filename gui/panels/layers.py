"""Pictures laid over each other in one place: shrunk by averaging, enlarged smoothly or in crisp pixels."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from gui.colour_maps import colours

CRISP = 3.0
"""Enlargement from which single pixels are drawn as squares."""
FINEST = 512
"""Longer side up to which a heat map is interpolated; drawing does the rest."""


class Layer:
    """One image that is stretched over the whole place."""

    def __init__(self, image: QImage, crisp_from: float = CRISP) -> None:
        self.image = image
        self._crisp_from = crisp_from
        self._shrunk = QImage()

    def draw(self, painter: QPainter, full: QSize, view: QRect) -> None:
        """Draw the part `view` of the place of size `full`, in device pixels; its corner goes to (0, 0)."""
        if full.width() < self.image.width() or full.height() < self.image.height():
            self._draw_shrunk(painter, full, view)
            return
        across, down = full.width() / self.image.width(), full.height() / self.image.height()
        # One pixel more than is seen on every side, so that interpolation knows its neighbours.
        left, top = max(0, floor(view.left() / across) - 1), max(0, floor(view.top() / down) - 1)
        right = min(self.image.width(), ceil((view.left() + view.width()) / across) + 1)
        bottom = min(self.image.height(), ceil((view.top() + view.height()) / down) + 1)
        source = QRectF(left, top, right - left, bottom - top)
        target = QRectF(
            left * across - view.left(),
            top * down - view.top(),
            source.width() * across,
            source.height() * down,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, across < self._crisp_from)
        painter.drawImage(target, self.image, source)

    def _draw_shrunk(self, painter: QPainter, full: QSize, view: QRect) -> None:
        if self._shrunk.size() != full:
            kept, averaged = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._shrunk = self.image.scaled(full, kept, averaged)
        painter.drawImage(QPoint(0, 0), self._shrunk, view)


def picture_image(picture: NDArray[np.uint8]) -> QImage:
    """An (H, W, 3) uint8 picture as RGB32, in memory of its own."""
    rows = np.ascontiguousarray(picture)
    height, width, _ = rows.shape
    image = QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)


def heat_image(values: NDArray[np.float32], low: float, high: float, colour_map: str) -> QImage:
    """(h, w) values as colours from `low` to `high`, in memory of its own."""
    span = (high - low) or 1.0
    levels = np.clip((values - low) * (255 / span) + 0.5, 0, 255).astype(np.uint8)
    pixels = np.empty(levels.shape, np.uint32)
    colours(levels, colour_map, pixels)
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def interpolated(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(h, w) values bilinearly enlarged for a picture of height x width, as far as `FINEST`.

    Half-pixel centres, as torch.nn.functional.interpolate(align_corners=False) has them. An axis that is
    already finer is left as it is.
    """
    shrink = min(1.0, FINEST / max(height, width))
    for axis, size in enumerate((round(height * shrink), round(width * shrink))):
        if values.shape[axis] < size:
            values = np.moveaxis(_stretched(np.moveaxis(values, axis, 0), size), 0, axis)
    return values


def _stretched(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The first axis linearly enlarged to `size`."""
    last = values.shape[0] - 1
    places = np.clip((np.arange(size) + 0.5) * (values.shape[0] / size) - 0.5, 0, last)
    before = places.astype(np.int64)
    share = (places - before).astype(np.float32)[:, None]
    return values[before] * (1 - share) + values[np.minimum(before + 1, last)] * share
