"""A brushed phrase of the text: the units that stay on through it, and where else the same ones are on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.explain.co_active import OnUnits, Place, on_through, places
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.reference import Reference
from engine.labs.language_modelling.snapshot import Brush, BrushedPlace

MOST_PLACES = 20
"""Places in the reference text that are found."""
CONTEXT = 60
"""Characters shown before and after each."""


@dataclass(frozen=True)
class Phrase:
    """The characters [start, stop) of a text, brushed for one network."""

    cell: str
    start: int
    stop: int

    def moved(self, by: int) -> Phrase:
        """The same characters where `by` more stand before them."""
        return replace(self, start=self.start + by, stop=self.stop + by)

    def followed(self, before: str, after: str) -> Phrase | None:
        """Where the phrase of the text `before` is in the text that took its place.

        It stays when the text after it changes and moves along when the text before it does; None
        where it was changed itself.
        """
        if after.startswith(before[: self.stop]):
            return self
        return self.moved(len(after) - len(before)) if after.endswith(before[self.start :]) else None


class Brushing:
    """Finds what a brush tells; kept until the phrase, what stands before it, or the threshold changes."""

    def __init__(self, bench: Bench, reference: Reference) -> None:
        self._bench, self._reference = bench, reference
        self._found: tuple[tuple[object, ...], Brush] | None = None

    def find(self, phrase: Phrase, threshold: float) -> Brush | None:
        """What there is to see of a phrase of the text that is read; None where that has no such phrase."""
        text, reference = self._bench.text, self._reference.states.get(phrase.cell)
        if not 0 <= phrase.start < phrase.stop <= len(text):
            return None
        touched = self._bench.reading(phrase.cell).interventions, self._bench.renewals
        asked = phrase, threshold, text[: phrase.stop], reference is not None, touched
        if self._found is None or self._found[0] != asked:
            self._found = asked, self._find(phrase, threshold, reference)
        return self._found[1]

    def _find(self, phrase: Phrase, threshold: float, reference: np.ndarray | None) -> Brush:
        start, stop = phrase.start, phrase.stop
        states = self._bench.reading(phrase.cell).states("h")
        on = on_through(states, start, stop, threshold)
        means = states[start:stop, on.units].mean(0, dtype=np.float64)
        order = np.argsort(-np.abs(means), kind="stable")
        return Brush(
            phrase.cell,
            start,
            stop,
            threshold,
            states.shape[1],
            tuple(on.units[order].tolist()),
            tuple(means[order].tolist()),
            _steadiest(states[start:stop]),
            None if reference is None else self._places(reference, on, stop - start),
        )

    def _places(self, reference: np.ndarray, on: OnUnits, length: int) -> tuple[BrushedPlace, ...]:
        found = places(reference, on, length, MOST_PLACES)
        return tuple(_in_text(self._reference.text, place) for place in found)


def _steadiest(states: np.ndarray) -> float:
    """The largest |h| that a unit of `states` (T, H) stays above on one side of zero."""
    return max(0.0, float(states.min(0).max()), float(-states.max(0).min()))


def _in_text(text: str, place: Place) -> BrushedPlace:
    start, stop = place.start, place.stop
    before, after = text[max(0, start - CONTEXT) : start], text[stop : stop + CONTEXT]
    return BrushedPlace(start, stop, before, text[start:stop], after, len(place.units), float(place.share))
