"""The language modelling lab: its inputs, its commands and what a settings change restarts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.ask import Answer, Cell
from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Pulse, changed, silent
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.snapshot import Brush, LanguageModellingSnapshot

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.data.text import TextDocument
    from engine.labs.language_modelling.bench import Bench
    from engine.labs.language_modelling.brushing import Phrase
    from engine.labs.language_modelling.insight import Insight

WINDOW = 2000
"""Characters at the end of the typed text that the networks read, at most: what came before has long been
forgotten, and a key is answered as fast in a long text as in a short one."""
HOP = WINDOW // 2
"""Characters by which the beginning of the window moves on at a time: with every key it would stand somewhere
else, and all of the window would have to be read again."""
BEGINNING = 600
"""Characters of an opened file that are put on the line."""


class LanguageModelling(Lab[LanguageModellingConfig, LanguageModellingSnapshot]):
    """A vanilla RNN, an LSTM and a GRU in front of the same text, opened up."""

    title = "Language modelling"
    group = "Loop"
    question = "What comes next, and how far back does it remember?"
    opens = ("text",)
    config_type = LanguageModellingConfig
    latest_wins = frozenset({"configure", "ask", "type", "brush"})
    comes_again = frozenset({"configure", "type"})
    speed = 10.0

    def __init__(
        self,
        config: LanguageModellingConfig,
        device: torch.device,
        pulse: Pulse = silent,
        *,
        screen: bool = True,
    ) -> None:
        super().__init__(config, device, pulse, screen=screen)
        self._bench: Bench | None = None
        self._insight: Insight | None = None
        self._typed = ""
        self._edit = self._turn = 0
        self._document: TextDocument | None = None
        self._phrase: Phrase | None = None  # brushed, in the whole text on the line
        self._question: Cell | None = None
        self._answer: Answer | None = None

    # Inputs ---------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Load the three networks, once. Raises `UserError` where they are not there."""
        if self._bench is None:
            self._load(self.config)

    def start(self) -> None:
        """Read the text in the settings."""
        self.prepare()
        self._close_file()
        self._put(self.config.text)

    def open(self, path: Path) -> None:
        """Put the beginning of a text file on the line, and measure the networks on the whole of it."""
        from engine.data.text import read_text

        document = read_text(path)
        self.prepare()
        self._close_file()
        self._document = document
        self._put(_beginning(document.text))
        self._start_score()

    def type(self, text: str, edit: int) -> None:
        """Take what the person has typed; `edit` counts the changes, and comes back with the snapshot."""
        self.prepare()
        self._edit = edit
        self._close_file()
        self._read(text)

    def _close_file(self) -> None:
        """From now on the text on the line is the person's own."""
        self._document = None
        self.jobs.drop("score")
        self._need().forget_scores()

    def _put(self, text: str) -> None:
        """Put another text on the line than the person's."""
        self._turn += 1
        self._read(text)

    def _read(self, text: str) -> None:
        """Begin to read the end of `text`: a key's worth at once, the rest of a pasted text in slices."""
        before = self._typed
        # Half a character, as a text field may hold for a moment, is made whole.
        self._typed = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if self._phrase is not None:
            self._phrase = self._phrase.followed(before, self._typed)
        hops = -(-max(0, len(self._typed) - WINDOW) // HOP)
        self.config = replace(self.config, text=self._typed[hops * HOP :])
        bench = self._need()
        bench.take(self.config.text)
        self.jobs.drop("read")
        if bench.unread:
            slices = self._then_answer(bench.read_on())
            self.jobs.start(Job("read", "Reading the text", slices, rank=0))
        self._after_reading()

    def _after_reading(self) -> None:
        slices = self._then_answer(self._need().find_words())
        self.jobs.start(Job("words", "Looking for words", slices, rank=1, for_screen=True))
        if self._insight is not None:
            slices = self._insight.measure_memory()
            self.jobs.start(Job("memory", "Following the gradient", slices, rank=2, for_screen=True))
        self.ask(self._question)

    def pin(self) -> None:
        """Keep this text's trajectories to compare others with."""
        if self._insight is not None:
            self._insight.pin()

    def unpin(self) -> None:
        """Let the kept texts go."""
        if self._insight is not None:
            self._insight.unpin()

    def brush(self, cell: str, start: int, stop: int) -> None:
        """Look at the units of one network that stay on through the characters [start, stop) of the text
        that is read; 0, 0 ends it. Raises `UserError` where there is no such network.
        """
        from engine.labs.language_modelling.brushing import Phrase

        if cell not in self._need().readers:
            raise UserError(f"There is no network called “{cell}”")
        self._phrase = Phrase(cell, start, stop).moved(self._left_out) if start < stop else None

    @property
    def _left_out(self) -> int:
        """Characters at the beginning of what was typed that are not read."""
        return len(self._typed) - len(self.config.text)

    def _brush(self) -> Brush | None:
        if self._insight is None or self._phrase is None:
            return None
        return self._insight.brush(self._phrase.moved(-self._left_out), self.config.threshold)

    def _then_answer(self, slices: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """What was asked about may only be there once a job is done."""
        yield from slices
        self.ask(self._question)

    def _start_score(self) -> None:
        document = self._document
        if document is not None:
            slices = self._need().score(document.text)
            self.jobs.start(Job("score", f"Reading all of {document.name}", slices, rank=2))

    @property
    def can_step(self) -> bool:
        """Playing writes on."""
        return self._bench is not None

    def step(self) -> None:
        """The chosen network writes one more character, once all before it is read."""
        bench = self._need()
        if bench.unread:
            bench.read_more()
            self.ask(self._question)
            return
        written = bench.write(self.config.cell, 1, self.config, self._left_out)
        self._close_file()
        self._put(self._typed + written)

    # Settings -------------------------------------------------------------------------------------

    def configure(self, config: LanguageModellingConfig) -> None:
        """Change settings; only what depends on those that changed is computed again.

        The text comes by `type` alone: the form's copy of it may be late.
        """
        before = self.config
        config = replace(config, text=before.text)
        if self._bench is None:
            self._load(config)
            self.start()
            return
        if config.model != before.model:
            self._load(config)
            self._read(self._typed)
            self._start_score()
            return
        self.config = config
        if changed(before, config, ("cell", "quantity", "order", "unit")):
            self.ask(None)

    def _load(self, config: LanguageModellingConfig) -> None:
        """Take the networks that the settings name, and read the reference text with them."""
        from engine.labs.language_modelling.bench import Bench
        from engine.labs.language_modelling.insight import Insight
        from engine.models.language_models import load_language_models

        self.pulse("Loading the networks", 0, 0)
        self._bench, self.config = Bench(load_language_models(config.model)), config
        self._insight = Insight(self._bench)
        self._start_reference()

    def _start_reference(self) -> None:
        if self._insight is not None and not self._insight.reference.is_read:
            slices = self._insight.reference.read(self.config.cell)
            title = "Reading the reference text"
            self.jobs.start(Job("reference", title, slices, rank=3, for_screen=True))

    def reset(self) -> None:
        """Back to the example."""
        self.prepare()
        self.jobs.cancel()
        self._close_file()
        self._put(type(self.config)().text)
        self._start_reference()

    # What is seen ---------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer."""
        from engine.labs.language_modelling.questions import answer

        self._question, self._answer = cell, None
        if cell is not None and self._bench is not None:
            self._answer = answer(self._bench, self.config, cell)

    def snapshot(self) -> LanguageModellingSnapshot:
        """Everything that may be seen now."""
        from engine.models.byte_tokens import character_labels
        from engine.models.language_models import language_models

        choices = {"model": language_models()}
        bench, insight, config = self._bench, self._insight, self.config
        if bench is None or insight is None:
            return LanguageModellingSnapshot(config, choices)
        states = bench.states(config)
        choices["feature"] = insight.features(config.cell)
        return LanguageModellingSnapshot(
            self.config,
            choices,
            self._answer,
            self._question,
            typed=self._typed,
            text=bench.text,
            left_out=self._left_out,
            unread=bench.unread,
            edit=self._edit,
            turn=self._turn,
            labels=character_labels(bench.text),
            readings=bench.readings(),
            states=states,
            trajectories=insight.trajectories(config.path),
            tracks=insight.tracks(config.cell, states.unit) if states else (),
            trackers=insight.trackers(config.cell, config.feature),
            memory=insight.memory,
            brush=self._brush(),
            file=self._document.name if self._document else "",
            note=self._note(),
        )

    def _note(self) -> str:
        if self._document is None:
            return ""
        about = f"{len(self._document.text):,} characters, {self._document.encoding}"
        return f"{about}; {self._document.note}" if self._document.note else about

    def result(self) -> dict[str, Any]:
        """Next characters and words and the surprise of the text; of a file the surprise of all of it."""
        bench = self._need()
        if self._document is not None:
            scores = {each.cell: {"nats_per_character": each.file_nats} for each in bench.readings()}
            return {"characters": len(self._document.text), "cells": scores}
        for _ in bench.find_words():
            pass
        cells = {}
        for reading in bench.readings():
            cells[reading.cell] = {
                "tokens": [
                    {"token": each.text, "probability": each.probability} for each in reading.characters
                ],
                "words": [{"word": each.word, "probability": each.probability} for each in reading.words],
                "nats_per_character": bench.nats(reading.cell, self._typed),
            }
            if self.config.generate:
                written = bench.write(reading.cell, self.config.generate, self.config)
                cells[reading.cell]["generated"] = written
        return {"text": self._typed, "cells": cells}

    def no_result(self) -> dict[str, Any]:
        """No text, no cells."""
        return {"text": "", "cells": {}}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Every state and gate of every network after each character: (N, H) each."""
        return self._need().arrays()

    def _need(self) -> Bench:
        if self._bench is None:
            raise UserError("There are no networks", "they could not be loaded", "Choose others")
        return self._bench


def _beginning(text: str) -> str:
    """The first `BEGINNING` characters of a text, as far as its last whole word there."""
    return text if len(text) <= BEGINNING else text[:BEGINNING].rsplit(" ", 1)[0]
