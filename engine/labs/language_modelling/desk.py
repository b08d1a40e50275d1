"""The text on the line and the networks in front of it: what is read, done to them, and brushed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import UserError
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.brushing import Phrase
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.meddlings import ALL, Meddlings
from engine.labs.language_modelling.snapshot import Brush, Meddling
from engine.models.byte_tokens import character_labels
from engine.models.character_model import CharacterModel

WINDOW = 2000
"""Characters at the end of the typed text that the networks read, at most: what came before has long been
forgotten, and a key is answered as fast in a long text as in a short one."""
HOP = WINDOW // 2
"""Characters by which the beginning of the window moves on at a time: with every key it would stand somewhere
else, and all of the window would have to be read again."""


class Desk:
    """Everything about one set of networks and one text. It knows no settings, no jobs and no files.

    What was brushed on the desk `before`, with other networks, stays brushed.
    """

    def __init__(self, models: Mapping[str, CharacterModel], before: Desk | None = None) -> None:
        self.bench = Bench(models)
        self.insight = Insight(self.bench)
        self.typed = ""
        """All that is on the line."""
        self.left_out = 0
        """Characters at its beginning that are not read."""
        self._meddlings = Meddlings()
        # Brushed, in the whole text on the line.
        self._phrase: Phrase | None = None if before is None else before._phrase
        # The character whose prediction is followed back, in the whole text on the line.
        self._chosen: Phrase | None = None if before is None else before._chosen

    @property
    def window(self) -> str:
        """The part of it that is read."""
        return self.typed[self.left_out :]

    # Reading --------------------------------------------------------------------------------------

    def read(self, text: str) -> None:
        """Begin to read the end of `text` in the place of the text before: the first slice of it."""
        before, left_out = self.typed, self.left_out
        # Half a character, as a text field may hold for a moment, is made whole.
        self.typed = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self.left_out = HOP * -(-max(0, len(self.typed) - WINDOW) // HOP)
        if self._phrase is not None:
            self._phrase = self._phrase.followed(before, self.typed)
        if self._chosen is not None:
            self._chosen = self._chosen.followed(before, self.typed)
        self._meddlings.follow(before, self.typed)
        if left_out != self.left_out:
            self.bench.take("")  # all of it is read again, and what is done to the networks moves along
        self._meddle()
        self.bench.take(self.window)
        self._follow_back()

    def read_again(self) -> None:
        """Read all of the text with the weights that the networks have now."""
        self.bench.renew()
        self.bench.take(self.window)
        for _ in self.bench.read_on():
            pass

    def look_closely(self) -> None:
        """As `read_again`, and forget what other weights told about the reference text."""
        self.read_again()
        self.insight.read_pinned_again()
        self.insight.begin_reference()

    # Meddling -------------------------------------------------------------------------------------

    @property
    def meddlings(self) -> tuple[Meddling, ...]:
        """What is done to the networks, with places in the text that is read."""
        return self._meddlings.shown(self.left_out)

    def meddle(self, meddling: Meddling) -> None:
        """Change a network from a place of the text that is read on.

        Raises `UserError` for what cannot be done to it; then everything stays as it was.
        """
        if meddling.cell not in (*self.bench.readers, ALL):
            raise UserError(f"There is no network called “{meddling.cell}”")
        before = self._meddlings.all
        try:
            self._meddlings.add(meddling, self.left_out)
            self._meddle()
        except (ValueError, KeyError) as error:
            self._meddlings.all = before
            raise UserError("That can't be done to this network", str(error), "Choose another") from error

    def release(self, index: int | None = None) -> None:
        """Take back what was done as the `index`-th, or everything."""
        if index is None:
            self._meddlings.release_all()
        else:
            self._meddlings.release(index)
        self._meddle()

    def _meddle(self) -> None:
        self.bench.meddle(self._meddlings.changes(self.bench.readers, self.left_out))

    # Memory ---------------------------------------------------------------------------------------

    def look_back(self, place: int | None) -> None:
        """Follow back the prediction of the character `place` of the text that is read; None: what comes
        next.
        """
        self._chosen = None if place is None else Phrase("", place, place + 1).moved(self.left_out)
        self._follow_back()

    def _follow_back(self) -> None:
        place = -1 if self._chosen is None else self._chosen.start - self.left_out
        self.insight.predicted = place if 0 <= place < len(self.window) else None

    # Brushing -------------------------------------------------------------------------------------

    def brush(self, cell: str, start: int, stop: int) -> None:
        """Look at the units that stay on through the characters [start, stop) of the text that is read;
        0, 0 ends it. Raises `UserError` where there is no such network.
        """
        if cell not in self.bench.readers:
            raise UserError(f"There is no network called “{cell}”")
        self._phrase = Phrase(cell, start, stop).moved(self.left_out) if start < stop else None

    def brushed(self, threshold: float) -> Brush | None:
        """What the brushed phrase tells; None where nothing is brushed."""
        if self._phrase is None:
            return None
        return self.insight.brush(self._phrase.moved(-self.left_out), threshold)

    # What is seen ---------------------------------------------------------------------------------

    def seen(self, config: LanguageModellingConfig) -> dict[str, Any]:
        """The fields of a `LanguageModellingSnapshot` that tell of this text and these networks."""
        bench, insight = self.bench, self.insight
        states = bench.states(config)
        return {
            "typed": self.typed,
            "text": bench.text,
            "left_out": self.left_out,
            "unread": bench.unread,
            "labels": character_labels(bench.text),
            "readings": bench.readings(),
            "states": states,
            "trajectories": insight.trajectories(config.path),
            "tracks": insight.tracks(config.cell, states.unit) if states else (),
            "trackers": insight.trackers(config.cell, config.feature),
            "memory": insight.memory,
            "predicted": insight.predicted,
            "brush": self.brushed(config.threshold),
            "meddling": self.meddlings,
        }
