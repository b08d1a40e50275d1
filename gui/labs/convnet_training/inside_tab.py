"""The network opened up on the pinned picture: all layers, one layer’s maps, what the loss does to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.convnet_training import ConvnetTrainingSnapshot
from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.labs.convnet_training.stage_view import StageView
from gui.labs.convnet_training.tab import Tab
from gui.layer_words import show_layers, show_maps, show_thumbnails
from gui.panels.layer_strip import LayerStrip
from gui.panels.maps import MapsPanel
from gui.panels.panel import Panel
from gui.theme import GRID

if TYPE_CHECKING:
    from engine.explain.shown_layer import ShownLayer
    from engine.models.layer import Layer


class InsideTab(Tab):
    """The strip above; maps and their gradients side by side below."""

    title = "Inside"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.strip = LayerStrip(
            "From pixels to classes", "Click a block to unfold it, a layer to see its maps.", "layer"
        )
        self.maps = MapsPanel("Feature maps", name="maps")
        self.gradients = MapsPanel("Gradients", name="map-gradients")
        self.slow = StageView(self.strip, self.maps, self.gradients, self)
        self._layers: tuple[Layer, ...] = ()
        self._drawn: dict[str, object] = {}
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(self.maps, 1)
        row.addWidget(self.gradients, 1)
        row.addWidget(self.slow.bars, 1)
        row.addWidget(self.slow.sizes, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.slow.bar)
        column.addWidget(self.strip)
        column.addLayout(row, 1)
        self.strip.setFixedHeight(23 * GRID)
        for panel in self.panels():
            panel.hovered.connect(lambda at: self.asked.emit(self.slow.cell(at)))
            panel.clicked.connect(lambda at: self.picked.emit(self.slow.cell(at)))
        self.strip.clicked.connect(lambda at: self._choose_layer(at[1][0]))
        self.maps.clicked.connect(lambda at: self.settings_wanted.emit({"channel": int(at[1][0])}))
        self.maps.canvas.resized.connect(self._arrange)

    def panels(self) -> tuple[Panel, ...]:
        return self.strip, self.maps, self.gradients, self.slow.bars, self.slow.sizes

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        seen = snapshot.seen
        if seen is None:
            return
        if snapshot.layers is not self._layers:
            self._layers, self._drawn = snapshot.layers, {}
            show_layers(self.strip, snapshot.layers)
            yield
        if snapshot.stage is not None and snapshot.data is not None:
            yield from self.slow.pieces(snapshot.stage, snapshot.layers, snapshot.data)
            return
        if self.slow.show_off():
            self._drawn = {}
        if self._is_new("input", seen.picture):
            is_grey = snapshot.data is not None and snapshot.data.shape[0] == 1
            self.strip.set_input(seen.picture, is_grey=is_grey)
        if self._is_new("thumbnails", seen.thumbnails):
            show_thumbnails(self.strip, snapshot.layers, seen.thumbnails)
            yield
        if self._is_new("maps", seen.shown):
            self._draw(self.maps, seen.shown, SEQUENTIAL)
            names = [layer.name for layer in snapshot.layers]
            self.strip.set_selected(names.index(seen.shown.name))
            count = seen.shown.mosaic.count
            self.maps.set_title("Feature maps", f"All {count} of {seen.shown.name}, as it is now.")
            yield
        if self._is_new("gradients", seen.gradients):
            self._draw_gradients(seen.gradients)
            yield

    def _is_new(self, name: str, value: object) -> bool:
        before = self._drawn.get(name)
        self._drawn[name] = value
        return value is not before

    def _draw_gradients(self, gradients: ShownLayer | None) -> None:
        if gradients is None:
            self.gradients.set_empty("The answer does not depend on this layer.")
            return
        self._draw(self.gradients, gradients, DIVERGING)
        self.gradients.set_title("Gradients", "∂loss / ∂value: red raises the loss, blue lowers it.")

    def _draw(self, panel: MapsPanel, shown: ShownLayer, colours: str) -> None:
        show_maps(panel, shown, colours)
        panel.set_selected(shown.channel)

    def _choose_layer(self, place: int) -> None:
        if 0 <= place < len(self._layers):
            self.settings_wanted.emit({"layer": self._layers[place].name, "channel": None})

    def _arrange(self) -> None:
        canvas = self.maps.canvas
        if canvas.height() > 0:
            self.command("arrange", round(canvas.width() / canvas.height(), 2))
