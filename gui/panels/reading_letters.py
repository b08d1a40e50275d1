"""The letters of a text, each over the position that it has on the axis below."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontDatabase, QImage, QPainter

from gui.panels.reading_blocks import Block
from gui.theme import theme

LEAST_LETTER = 5.0
"""Pixels from which a letter is written."""
LARGEST = 15
MARKS = "␣↵→·"
"""Stand for what cannot be seen, and are fainter."""


def letters_image(block: Block, body: QRectF, breadth: float, ratio: float) -> QImage:
    """The letters of a block on nothing, as wide and high as `body`, one every `breadth` pixels."""
    size = QSizeF(body.width() * ratio, body.height() * ratio).toSize()
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0)
    painter = QPainter(image)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(max(6, min(LARGEST, round(breadth / 0.62))))
    painter.setFont(font)
    for place, letter in enumerate(block.letters):
        painter.setPen(QColor(theme().muted if letter in MARKS else theme().text))
        where = QRectF(place * breadth - 4, 0, breadth + 8, body.height())
        painter.drawText(where, int(Qt.AlignmentFlag.AlignCenter), letter)
    painter.end()
    return image
