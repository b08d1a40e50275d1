"""What stays on through a brushed phrase, and where in the reference text the same units are on."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.language_modelling import Brush, BrushedPlace, LanguageModellingSnapshot
from gui.labs.language_modelling import wording
from gui.panels.bars import BarsPanel
from gui.panels.panel import Panel
from gui.panels.passages import Passage, PassagesPanel
from gui.theme import GRID
from gui.view import draw_all

NOTHING = "Drag over a phrase in one of the three texts above."
NO_PLACES = "Here will stand the places in the reference text where the same units are on."
NOTE = "The mean of h over the phrase. Click a unit: the text takes its colours."


class PhraseTab(QWidget):
    """The units at the left, the places at the right. Clicking a unit picks it."""

    chosen = Signal(dict)
    """Settings to change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Brush | None, int | None] = None, None
        self._placed: Brush | None = None
        self.units = BarsPanel("Units that stay on", "", name="phrase-units", columns=("unit", "mean |h|"))
        self.places = PassagesPanel("Where the same units are on", "", name="phrase-places")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, 0)
        row.setSpacing(4 * GRID)
        row.addWidget(self.units, 1)
        row.addWidget(self.places, 2)
        self._say_nothing()
        self.units.clicked.connect(lambda at: self._choose(at[1][0]))

    def panels(self) -> tuple[Panel, ...]:
        """Both lists."""
        return self.units, self.places

    def show_brush(self, snapshot: LanguageModellingSnapshot) -> None:
        """Draw the lists, where they changed."""
        draw_all(self.pieces(snapshot))

    def pieces(self, snapshot: LanguageModellingSnapshot) -> Iterator[None]:
        """The same, one at a time."""
        brush, states = snapshot.brush, snapshot.states
        picked = None
        if brush is not None and states is not None and states.cell == brush.cell:
            picked = brush.units.index(states.unit) if states.unit in brush.units else None
        if brush is None:
            if self._shown[0] is not None:
                self._shown = None, None
                self._say_nothing()
        elif brush is not self._shown[0] or picked != self._shown[1]:
            self._shown = brush, picked
            self._show_units(brush, snapshot.text[brush.start : brush.stop], picked)
            yield
        if brush is not None and brush is not self._placed:
            self._show_places(brush)
        self._placed = brush

    def _say_nothing(self) -> None:
        self.units.set_title("Units that stay on", "")
        self.units.set_empty(NOTHING)
        self.places.set_sentence("")
        self.places.set_empty(NO_PLACES)

    def _show_units(self, brush: Brush, phrase: str, picked: int | None) -> None:
        self.units.set_title(wording.brush_title(brush), wording.brush_line(brush, phrase))
        if not brush.units:
            self.units.set_empty(wording.none_line(brush))
            return
        self.units.set_rows(
            [f"unit {unit}" for unit in brush.units],
            [abs(strength) for strength in brush.strengths],
            chosen=picked,
            muted_note=NOTE,
            figures=[f"{strength:+.3f}".replace("-", "−") for strength in brush.strengths],
        )

    def _show_places(self, brush: Brush) -> None:
        self.places.set_sentence(wording.places_line(brush))
        if brush.places is None:
            self.places.set_empty("The reference text is being read.")
        elif not brush.places:
            self.places.set_empty(
                "None of these units is on for as long anywhere in the reference text."
                if brush.units
                else "Without units that stay on there is nothing to look for."
            )
        else:
            self.places.set_passages([_passage(place, len(brush.units)) for place in brush.places])

    def _choose(self, rank: int) -> None:
        brush, _ = self._shown
        if brush is not None and rank < len(brush.units):
            self.chosen.emit({"cell": brush.cell, "unit": brush.units[rank], "colour": "unit"})


def _passage(place: BrushedPlace, units: int) -> Passage:
    before, match, after = map(wording.on_one_line, (place.before, place.match, place.after))
    return Passage(before, match, after, place.share, f"{place.on} of {units}")
