"""A layer's output to the screen, against what cannot be left out: one blit and one read of the tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from torch import Tensor

    from gui.panels.maps import MapsPanel

SENTENCE = "A layer's maps quantised, tiled, coloured and painted, against an 800x800 blit and a read of them."
LIMIT = 1.5
ROUNDS = 60
SIDE = 800


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A layer of each size, from the picture's end to the classes'."""
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
            blit()

        def shown(maps: Tensor = maps) -> None:
            _show(panel, maps)

        timings = interleave(timed(least), {size: timed(shown)}, rounds)
        yield Finding(
            f"{size} ({layer})",
            timings.ratio(size),
            LIMIT,
            others.cores(),
            control=timings.control,
            note=f"fastest {timings.fastest(size):.2f}, {1e3 * min(timings.seconds[size]):.2f} ms",
        )
    panel.close()


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


def _blit() -> Callable[[], float]:
    """A widget of 800x800 pixels that puts one picture on the screen as it is.

    Copying memory is up to ten times slower on some processors where source and target lie unluckily to each
    other, so of several places the luckiest is taken.
    """
    from PySide6.QtGui import QPainter, QPaintEvent
    from PySide6.QtWidgets import QApplication, QWidget

    class Blit(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:
            painter = QPainter(self)
            painter.drawImage(0, 0, picture)
            painter.end()

    widget = Blit()
    widget.resize(SIDE, SIDE)
    widget.show()
    QApplication.processEvents()
    best = math.inf
    for lucky in [*_pictures()]:
        ...
