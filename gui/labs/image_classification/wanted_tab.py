"""What a channel wants: its optimised picture as it forms, the climb, and the film strip's best patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.labs.image_classification import ImageClassificationSnapshot
from gui.labs.image_classification import wording
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.panel import Panel
from gui.panels.patches import Patch, PatchesPanel
from gui.panels.picture import PicturePanel
from gui.theme import GRID

if TYPE_CHECKING:
    from engine.explain.shown_layer import ShownLayer


class WantedTab(QWidget):
    """A button that starts the search, and what it has found so far."""

    command_wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ImageClassificationSnapshot | None = None
        self.button = self.tools = QPushButton("Find what it wants", self)
        self.button.clicked.connect(lambda: self.command_wanted.emit("seek", ()))
        self.picture = PicturePanel("Optimised picture", "Grown from noise to excite the map most.", "wanted")
        self.climb = LinePlotPanel("Climb", "The map's mean value, step by step.", "climb")
        self.patches = PatchesPanel(
            "Best patches", "Where the film strip's pictures excite it most.", "patches"
        )
        for panel, sentence in (
            (self.picture, "Nothing searched yet."),
            (self.climb, "The climb is drawn here."),
            (self.patches, "The best patches of your film strip appear here."),
        ):
            panel.set_empty(sentence)
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        for panel, stretch in ((self.picture, 4), (self.climb, 4), (self.patches, 6)):
            row.addWidget(panel, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addLayout(row, 1)

    def panels(self) -> tuple[Panel, ...]:
        """Picture, climb and patches."""
        return (self.picture, self.climb, self.patches)

    def show_wanted(self, snapshot: ImageClassificationSnapshot) -> None:
        """Draw what was found so far."""
        before, self._snapshot = self._snapshot, snapshot
        shown, wanted = snapshot.shown, snapshot.wanted
        if shown is not None:
            self.button.setText(f"Find what {self._sought(snapshot, shown)} wants")
        if wanted is None or (before is not None and wanted is before.wanted):
            return
        where = wording.channel_name(snapshot, wanted.layer, wanted.channel)
        if wanted.rgb is not None:
            self.picture.set_picture(wanted.rgb)
            self.picture.set_title(
                f"What {where} wants", f"Step {wanted.done} of {wanted.total}, grown from noise."
            )
            self._draw_climb()
        if wanted.patches:
            self.patches.set_patches(
                [Patch(patch.rgb, f"{patch.value:.3g}", patch.picture) for patch in wanted.patches],
                places=9,
            )
            self.patches.set_title(
                "Best patches",
                f"Where {where} is highest in {wanted.searched} pictures, and its value there.",
            )

    def _sought(self, snapshot: ImageClassificationSnapshot, shown: ShownLayer) -> str:
        """The channel that the button would search for: of single numbers the picked, or the largest."""
        if shown.mosaic.count > 1:
            return wording.channel_name(snapshot, shown.name, shown.channel)
        picked = snapshot.config.channel
        unit = int(shown.map.argmax()) if picked is None else min(picked, shown.map.size - 1)
        return wording.channel_name(snapshot, shown.name, unit)

    def _draw_climb(self) -> None:
        wanted = self._snapshot.wanted if self._snapshot is not None else None
        if wanted is not None and wanted.climb is not None:
            step, value = wanted.climb
            curve = Curve("mean value", step, value, "convolution")
            self.climb.set_curves([curve], "step", "mean value")
