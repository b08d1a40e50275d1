"""What the picked unit tracks in the reference text, and which units track a chosen thing best."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Track
from gui.labs.language_modelling import wording
from gui.panels.bars import BarsPanel
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.view import draw_all

NOTE = (
    "A full bar is a unit that follows it perfectly: AUC 1 or ρ 1 is high there, AUC 0 or ρ −1 low. "
    "Click one to rank the units by it."
)


class UnitsTab(QWidget):
    """Two lists. Clicking a thing ranks the units by it, clicking a unit picks it."""

    chosen = Signal(dict)
    """Settings to change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tracks: tuple[Track, ...] = ()
        self._trackers: tuple[Track, ...] = ()
        self._features_drawn: object = None
        self._units_drawn: object = None
        self.features = BarsPanel("What the unit tracks", name="features", columns=("feature", "strength"))
        self.units = BarsPanel("Units that track it", name="trackers", columns=("unit", "strength"))
        self.forget()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, 0)
        row.setSpacing(4 * GRID)
        row.addWidget(self.features, 1)
        row.addWidget(self.units, 1)
        self.features.clicked.connect(lambda at: self._choose_feature(at[1][0]))
        self.units.clicked.connect(lambda at: self._choose_unit(at[1][0]))

    def panels(self) -> tuple[Panel, ...]:
        """Both lists."""
        return self.features, self.units

    def forget(self) -> None:
        """Other networks come, whose units are still to be measured."""
        self._features_drawn = self._units_drawn = None
        for panel in self.panels():
            panel.set_empty("The units are being measured on the reference text.")

    def show_tracks(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw the lists, where they changed."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """The same, one at a time."""
        config, states = snapshot.config, snapshot.states
        wanted: object = (config.cell, config.feature, snapshot.tracks)
        if snapshot.tracks and wanted != self._features_drawn:
            self._features_drawn, self._tracks = wanted, snapshot.tracks
            self._show_features(snapshot)
            yield
        wanted = (states.unit if states else None, snapshot.trackers)
        if snapshot.trackers and wanted != self._units_drawn:
            self._units_drawn, self._trackers = wanted, snapshot.trackers
            self._show_units(snapshot)
            yield

    def _show_features(self, snapshot: LanguageModellingSnapshot) -> None:
        name = wording.NAMES[snapshot.config.cell]
        names = [each.feature for each in self._tracks]
        chosen = snapshot.config.feature
        self.features.set_title(
            f"Unit {self._tracks[0].unit} of the {name} tracks", wording.track_line(self._tracks[0])
        )
        self.features.set_rows(
            names,
            [each.strength for each in self._tracks],
            chosen=names.index(chosen) if chosen in names else None,
            muted_note=NOTE,
            figures=list(map(wording.track_figure, self._tracks)),
        )

    def _show_units(self, snapshot: LanguageModellingSnapshot) -> None:
        first = self._trackers[0]
        units = [each.unit for each in self._trackers]
        picked = snapshot.states.unit if snapshot.states else None
        self.units.set_title(f"Units that track: {first.feature}", _meaning(first))
        self.units.set_rows(
            [f"unit {unit}" for unit in units],
            [each.strength for each in self._trackers],
            chosen=units.index(picked) if picked in units else None,
            muted_note="Click a unit to pick it; the text takes its colours.",
            figures=list(map(wording.track_figure, self._trackers)),
        )

    def _choose_feature(self, rank: int) -> None:
        if rank < len(self._tracks):
            self.chosen.emit({"feature": self._tracks[rank].feature})

    def _choose_unit(self, rank: int) -> None:
        if rank < len(self._trackers):
            self.chosen.emit({"unit": self._trackers[rank].unit, "colour": "unit"})


def _meaning(track: Track) -> str:
    """What is tracked: when it is true, or what it counts."""
    if track.measure == "ROC AUC":
        return f"True when {track.definition}."
    return f"Ranked by how closely the state follows {track.definition}."
