"""A layer's output to the screen, against what cannot be left out: one blit and one read of the tensor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget
    from torch import Tensor

    from engine.explain.mosaic import Mosaic
    from gui.panels.maps import MapsPanel

SENTENCE = "A layer's maps quantised, tiled, coloured and painted, against an 800x800 blit and a read."
LEVELS, COLOURS, PAINTING = "levels", "colours and painting", "painting again"
"""The engine's part; the panel's; and what is left of that when the picture is coloured already, which is no
more than Qt stretching it, lines between the tiles and a colour bar: the floor."""
LIMIT = 1.5
ROUNDS = 60
SIDE = 800
PAGE = 4096
"""Bytes in a page of memory."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A layer of each size, from the picture's end to the classes'."""
    from engine.explain.mosaic import mosaic

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
            _draw(panel, mosaic(maps, aspect=1.0))

        runs = {
            size: timed(shown),
            LEVELS: timed(partial(mosaic, maps, aspect=1.0)),
            COLOURS: timed(partial(_draw, panel, mosaic(maps, aspect=1.0))),
            PAINTING: timed(panel.canvas.repaint),
        }
        timings = interleave(timed(least), runs, rounds)
        parts = ", ".join(f"{name} {timings.ratio(name).median:.3g}" for name in (LEVELS, COLOURS, PAINTING))
        yield Finding(
            f"{size} ({layer})",
            timings.ratio(size),
            LIMIT,
            others.cores(),
            control=timings.control,
            note=f"{timings.fastest(size)}; {parts}",
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


def _draw(panel: MapsPanel, drawn: Mosaic) -> None:
    """What the lab's page does to show a layer, and the painting that follows, at once."""
    panel.set_mosaic(
        drawn.pixels, drawn.rows, drawn.columns, drawn.height, drawn.width, drawn.count,
        drawn.order, drawn.low, drawn.high,
    )  # fmt: skip
    panel.canvas.repaint()


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
