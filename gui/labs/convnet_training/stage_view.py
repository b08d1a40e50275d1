"""Draws an update in slow motion into the strip, the two panels of maps, and the bars beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from engine.labs.convnet_training import DataView, Stage
from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.labs.convnet_training.classes import show_probabilities
from gui.labs.convnet_training.stage_bar import StageBar
from gui.labs.convnet_training.stage_words import NOT_YET, percent
from gui.layer_words import show_maps, show_thumbnails
from gui.panels.bars import BarsPanel
from gui.panels.layer_strip import LayerStrip
from gui.panels.maps import MapsPanel

if TYPE_CHECKING:
    from engine.models.layer import Layer

Cell = tuple[str, tuple[int, ...]]
"""(array, indices), as panels tell them."""


class StageView:
    """Owns the bar over the strip and the bars at the right; strip and maps are the tab's."""

    def __init__(self, strip: LayerStrip, maps: MapsPanel, gradients: MapsPanel, parent: QWidget) -> None:
        self._strip, self._maps, self._gradients = strip, maps, gradients
        self.bar = StageBar(parent)
        self.bars = BarsPanel("What it takes it for", name="stage-top", colour="convolution")
        self.sizes = BarsPanel(
            "Update sizes",
            "How far each layer’s weights moved, as a share of them.",
            "stage-sizes",
            "convolution",
            columns=("layer", "share of the largest"),
        )
        self.stage: Stage | None = None
        self._order: list[int] = []
        for widget in (self.bar, self.bars, self.sizes):
            widget.hide()

    def show_off(self) -> bool:
        """No update is gone through: hide what is only for that. Whether one was until now."""
        was, self.stage = self.stage is not None, None
        for widget in (self.bar, self.bars, self.sizes):
            widget.hide()
        return was

    def pieces(self, stage: Stage, layers: tuple[Layer, ...], data: DataView) -> Iterator[None]:
        """Draw another stage a piece at a time."""
        if stage is self.stage:
            return
        before, self.stage = self.stage, stage
        self.bar.show()
        self.bar.show_stage(stage, data.classes)
        self._show_strip(stage, before, layers, data)
        yield
        self._show_maps(stage)
        yield
        self._show_gradients(stage)
        yield
        self._show_bars(stage, data)
        yield

    def _show_strip(
        self, stage: Stage, before: Stage | None, layers: tuple[Layer, ...], data: DataView
    ) -> None:
        """Frames may be left out where stages go by fast, so what is drawn anew is told by what was drawn."""
        if before is None or before.picture is not stage.picture:
            self._strip.set_input(stage.picture, is_grey=data.shape[0] == 1)
        if before is None or not before.thumbnails.keys() <= stage.thumbnails.keys():
            self._strip.clear_thumbnails()
        colours = SEQUENTIAL if stage.phase in ("forward", "loss") else DIVERGING
        show_thumbnails(self._strip, layers, stage.thumbnails, colours)
        names = [layer.name for layer in layers]
        if stage.layer in names:
            self._strip.set_selected(names.index(stage.layer))

    def _show_maps(self, stage: Stage) -> None:
        if stage.shown is None:
            self._maps.set_title("Feature maps", "")
            self._maps.set_empty(NOT_YET["maps"])
            return
        show_maps(self._maps, stage.shown)
        self._maps.set_selected(stage.shown.channel)
        count, size = stage.shown.mosaic.count, stage.shown.values.size
        what = f"All {count}" if count > 1 else f"The {size} values"
        self._maps.set_title("Feature maps", f"{what} of {stage.shown.name}, for this picture.")

    def _show_gradients(self, stage: Stage) -> None:
        if stage.gradients is None:
            self._gradients.set_title("Gradients", "")
            self._gradients.set_empty(NOT_YET["gradients"])
            return
        show_maps(self._gradients, stage.gradients, DIVERGING)
        self._gradients.set_selected(stage.gradients.channel)
        norm = "" if stage.map_gradient_norm is None else f" Norm {stage.map_gradient_norm:.3g}."
        self._gradients.set_title("Gradients", f"∂loss / ∂value at {stage.gradients.name}.{norm}")

    def _show_bars(self, stage: Stage, data: DataView) -> None:
        """Beside the maps stand the classes, and once the update is made its sizes."""
        is_made = bool(stage.updates)
        self.sizes.setVisible(is_made)
        self.bars.setVisible(not is_made)
        if is_made:
            most = max(each.ratio for each in stage.updates) or 1.0
            names, shares = [each.layer for each in stage.updates], [each.ratio for each in stage.updates]
            self.sizes.set_rows(names, [share / most for share in shares], figures=list(map(percent, shares)))
        elif stage.probabilities is None:
            self.bars.set_sentence("")
            self.bars.set_empty(NOT_YET["classes"])
        else:
            self.bars.set_sentence(f"Loss {stage.picture_loss:.4g} nats for this picture.")
            self._order = show_probabilities(self.bars, stage.probabilities, stage.truth, data)

    def cell(self, at: Cell | None) -> Cell | None:
        """What a panel's pointer is over, under the name that the lab has for it in slow motion."""
        if at is None or self.stage is None:
            return at
        array, index = at
        if array == "stage-top":
            return (array, (self._order[index[0]],)) if index[0] < len(self._order) else None
        return {"maps": "stage-maps", "map-gradients": "stage-gradients"}.get(array, array), index
