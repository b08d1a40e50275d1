"""A layer's output to the screen, against what cannot be left out: one blit and one read of the tensor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget
    from torch import Tensor

    from gui.panels.maps import MapsPanel

SENTENCE = "A layer's maps quantised, tiled, coloured and painted, against an 800x800 blit and a read."
FLOOR = "looking up colours and a blit alone"
"""What is left if limits, levels and enlarging cost nothing: no arrangement of these libraries is faster."""
LIMIT = 1.5
ROUNDS = 60
SIDE = 800
PAGE = 4096
"""Bytes in a page of memory."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A layer of each size, from the picture's end to the classes'."""
    import numpy as np

    from .network import LAYERS, inspection, prepared
    from .window import application

    application()
    looked_at = inspection()
    picture = prepared(looked_at)
    look = looked_at.open_up(looked_at.look(picture.x, picture.rgb, ""))
    panel, blit = _panel(), _blit()
    for size, layer in LAYERS.items():
        maps = looked_at.maps(look, layer)
        others = Others()

        def least(maps: Tensor = maps) -> None:
            maps.sum()
            blit.repaint()

        def shown(maps: Tensor = maps) -> None:
            _show(panel, maps)

        shown()
        covered = panel.covered()
        levels = np.full(covered.width() * covered.height(), 77, np.uint8)
        floor = timed(partial(_colour_and_blit, blit, levels, np.empty(levels.shape, np.uint32)))
        timings = interleave(timed(least), {size: timed(shown), FLOOR: floor}, rounds)
        yield Finding(
            f"{size} ({layer})",
            timings.ratio(size),
            LIMIT,
            others.cores(),
            control=timings.control,
            note=f"{timings.fastest(size)}; {FLOOR}: {timings.ratio(FLOOR).median:.3g}",
        )
    panel.close()
    blit.close()


def _panel() -> MapsPanel:
    """The maps' panel with a canvas of 800x800 pixels, on the screen."""
    from PySide6.QtWidgets import QApplication

    from gui.panels.maps import MapsPanel

    panel = MapsPanel("Feature maps", name="maps")
    panel.resize(SIDE, SIDE)
    panel.show()
    QApplication.processEvents()
    around = panel.size() - panel.canvas.size()
    panel.resize(SIDE + around.width(), SIDE + around.height())
    QApplication.processEvents()
    return panel


def _show(panel: MapsPanel, maps: Tensor) -> None:
    """What the lab and its page do to show a layer, and the painting that follows, at once."""
    from engine.explain.mosaic import mosaic

    drawn = mosaic(maps, aspect=1.0)
    panel.set_mosaic(
        drawn.pixels, drawn.rows, drawn.columns, drawn.height, drawn.width, drawn.count,
        drawn.order, drawn.low, drawn.high,
    )  # fmt: skip
    panel.canvas.repaint()


def _colour_and_blit(blit: QWidget, levels: np.ndarray, pixels: np.ndarray) -> None:
    """Look up the colours of ready levels, as many as the maps take on the screen, and blit a picture."""
    from gui.colour_maps import SEQUENTIAL, colours

    colours(levels, SEQUENTIAL, pixels)
    blit.repaint()


def _blit() -> QWidget:
    """A widget of 800x800 pixels that puts one picture on the screen as it is.

    Copying is up to ten times slower on some processors where target and source lie a little apart within
    their pages of memory, so of several sources the luckiest is taken.
    """
    from PySide6.QtGui import QImage, QPainter, QPaintEvent
    from PySide6.QtWidgets import QApplication, QWidget

    class Blit(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:
            painter = QPainter(self)
            painter.drawImage(0, 0, self.picture)
            painter.end()

    def seconds(picture: QImage) -> float:
        widget.picture = picture
        return min(timed(widget.repaint)() for _ in range(12))

    widget = Blit()
    widget.resize(SIDE, SIDE)
    widget.picture = QImage()
    widget.show()
    QApplication.processEvents()
    widget.picture = min((_picture(offset) for offset in range(0, PAGE, PAGE // 8)), key=seconds)
    return widget


def _picture(offset: int) -> QImage:
    """800x800 pixels that begin so many bytes after the start of a page of memory."""
    import numpy as np
    from PySide6.QtGui import QImage

    memory = np.full(4 * SIDE * SIDE + 2 * PAGE, 0x55, np.uint8)
    first = -memory.ctypes.data % PAGE + offset
    pixels = memory[first : first + 4 * SIDE * SIDE]
    return QImage(pixels.data, SIDE, SIDE, 4 * SIDE, QImage.Format.Format_RGB32)
