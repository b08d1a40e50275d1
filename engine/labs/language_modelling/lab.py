"""The language modelling lab: its inputs, its commands and what a settings change restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.ask import Answer, Cell
from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Pulse, changed, silent
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.snapshot import LanguageModellingSnapshot, Meddling

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.labs.language_modelling.desk import Desk
    from engine.labs.language_modelling.sources import Source
    from engine.models.character_model import CharacterModel

WRITING = 10.0
"""Characters a second that are written on."""
IN_TRAINING = "your text"
"""What is chosen instead of a kind of text to see the networks that learn."""


class LanguageModelling(Lab[LanguageModellingConfig, LanguageModellingSnapshot]):
    """A vanilla RNN, an LSTM and a GRU in front of the same text, opened up."""

    title = "Language modelling"
    group = "Loop"
    question = "What comes next, and how far back does it remember?"
    opens = ("text", "texts")
    config_type = LanguageModellingConfig
    latest_wins = frozenset({"configure", "ask", "type", "brush", "look_back", "go_to"})
    comes_again = frozenset({"configure", "type", "go_to"})

    def __init__(
        self,
        config: LanguageModellingConfig,
        device: torch.device,
        pulse: Pulse = silent,
        *,
        screen: bool = True,
    ) -> None:
        from engine.labs.language_modelling.lessons import Lessons

        super().__init__(config, device, pulse, screen=screen)
        self._lessons = Lessons()
        self._desk_or_none: Desk | None = None
        self._edit = self._turn = self._networks = 0
        self._document: Source | None = None
        self._question: Cell | None = None
        self._answer: Answer | None = None

    # Inputs ---------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Load the three networks, once. Raises `UserError` where they are not there."""
        if self._desk_or_none is not None:
            return
        if self.config.model == IN_TRAINING:  # of a session that has ended
            self.config = replace(self.config, model=type(self.config)().model)
        self._load(self.config)
        if self.config.train:
            self._show_run(self._lessons.take(Path(self.config.train).expanduser().absolute(), self.config))

    def start(self) -> None:
        """Read the text in the settings."""
        self.prepare()
        self._close_file()
        self._put(self.config.text)

    def open(self, path: Path) -> None:
        """Put the beginning of a text file, or of a folder of them, on the line, and measure the networks on
        the whole of it.
        """
        from engine.labs.language_modelling.sources import read_source

        document = read_source(path)
        self.prepare()
        self._close_file()
        self._desk.release()
        self._document = self._lessons.source = document
        self._put(document.beginning)
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
        self._desk.bench.forget_scores()

    def _put(self, text: str) -> None:
        """Put another text on the line than the person's."""
        self._turn += 1
        self._read(text)

    def _read(self, text: str) -> None:
        """Begin to read the end of `text`: a key's worth at once, the rest of a pasted text in slices."""
        desk = self._desk
        desk.read(text)
        self.config = replace(self.config, text=desk.window)
        self.jobs.drop("read")
        if desk.bench.unread:
            slices = self._then_answer(desk.bench.read_on())
            self.jobs.start(Job("read", "Reading the text", slices, rank=0))
        self._after_reading()

    def _after_reading(self) -> None:
        desk = self._desk
        slices = self._then_answer(desk.bench.find_words())
        self.jobs.start(Job("words", "Looking for words", slices, rank=1, for_screen=True))
        self._measure_memory()
        self.ask(self._question)

    def _measure_memory(self) -> None:
        slices = self._then_answer(self._desk.insight.measure_memory())
        self.jobs.start(Job("memory", "Following the gradient", slices, rank=2, for_screen=True))

    # What is done to the networks, compared and brushed -------------------------------------------

    def meddle(
        self, cell: str, kind: str, place: int, unit: int | None = None, gate: str = "", value: float = 0.0
    ) -> None:
        """Change a network from the character `place` of the text that is read on; see `Meddling`."""
        self._desk.meddle(Meddling(cell, kind, place, unit, gate, value))
        self._after_reading()

    def release(self, index: int) -> None:
        """Take back what was done as the `index`-th."""
        self._desk.release(index)
        self._after_reading()

    def release_all(self) -> None:
        """Leave the networks as they were trained."""
        self._desk.release()
        self._after_reading()

    def pin(self) -> None:
        """Keep this text's trajectories to compare others with."""
        self._desk.insight.pin()

    def unpin(self) -> None:
        """Let the kept texts go."""
        self._desk.insight.unpin()

    def look_back(self, place: int | None) -> None:
        """Ask what moved the prediction of the character `place` of the text that is read, or, with None,
        of what comes next.
        """
        self._desk.look_back(place)
        self._measure_memory()

    def brush(self, cell: str, start: int, stop: int) -> None:
        """Look at the units of one network that stay on through the characters [start, stop) of the text
        that is read; 0, 0 ends it. Raises `UserError` where there is no such network.
        """
        self._desk.brush(cell, start, stop)
        self.ask(self._question)

    def _then_answer(self, slices: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """What was asked about may only be there once a job is done."""
        yield from slices
        self.ask(self._question)

    def _start_score(self) -> None:
        document = self._document
        if document is not None:
            slices = self._desk.bench.score(document.text)
            self.jobs.start(Job("score", f"Reading all of {document.name}", slices, rank=2))

    # Playing --------------------------------------------------------------------------------------

    @property
    def trains(self) -> bool:
        """Whether playing trains, and does not write on."""
        return self.config.play == "train" or bool(self.config.train)

    @property
    def can_step(self) -> bool:
        """Playing writes on, or trains as long as there is a network that can learn."""
        return self._desk_or_none is not None and not (self.trains and self._lessons.is_over)

    @property
    def speed(self) -> float | None:
        """As fast as a person reads, or as fast as the networks learn."""
        return None if self.trains else WRITING

    def step(self) -> None:
        """One update of each network; or the chosen one writes a character, once all before it is read."""
        if self.trains:
            self._learn()
            return
        desk = self._desk
        if desk.bench.unread:
            desk.bench.read_more()
            self.ask(self._question)
            return
        written = desk.bench.write(self.config.cell, 1, self.config, desk.left_out)
        self._close_file()
        self._put(desk.typed + written)

    # Training -------------------------------------------------------------------------------------

    def train_on(self, path: str) -> None:
        """Begin a new run on a text file or a folder of them; "" is the short story that comes with it.

        Raises `UserError` where there is nothing to learn from; the former run then goes on."""
        self._show_run(self._lessons.take(Path(path) if path else None, self.config))

    def begin_training(self) -> None:
        """Begin a new run with the settings in force, in the place of the one there was."""
        self._show_run(self._lessons.begin(self.config))

    def _show_run(self, models: Mapping[str, CharacterModel]) -> None:
        typed, self.begins_playing = self._desk.typed, True
        self._use(models)
        self.config = replace(self.config, model=IN_TRAINING, play="train")
        if typed:
            self._read(typed)

    def go_to(self, step: int | None) -> None:
        """Show the networks in training as they were after `step` updates, or follow them: None."""
        if self._lessons.run is not None:
            self._lessons.run.go_to(step)
            self._look_closely()

    def rest(self) -> None:
        """Training has stopped: everything is measured on the weights that it has led to."""
        if self.trains and self._lessons.run is not None:
            self._lessons.run.show()
            self._look_closely()

    def _learn(self) -> None:
        run, desk = self._lessons.run, self._desk if self._is_seen else None
        if run is None:
            self.begin_training()
            return
        if self._lessons.learn(run, self.config, desk):
            self.ask(self._question)
        if desk is not None:
            self.jobs.drop("reference")  # which training pays from a budget of its own
        if desk is not None and run.listen.due and "listen" not in self.jobs:
            slices = self._lessons.listen(run, desk, self.config)
            self.jobs.start(Job("listen", "Asking the networks", slices, rank=3, for_screen=True))
        if run.scoring.due and "held-out" not in self.jobs:
            slices = run.score()
            self.jobs.start(Job("held-out", "Scoring what is kept back", slices, rank=4, for_screen=True))

    @property
    def _is_seen(self) -> bool:
        """Whether the networks that learn are those that are looked at."""
        return self.config.model == IN_TRAINING

    def _look_closely(self) -> None:
        """Measure all that is seen on the weights as they are."""
        if self._is_seen:
            self._desk.look_closely()
            self._after_reading()
            self._start_reference()
            slices = self._lessons.samples(self._desk, self.config)
            self.jobs.start(Job("listen", "Letting them write", slices, rank=2, for_screen=True))

    # Settings -------------------------------------------------------------------------------------

    def configure(self, config: LanguageModellingConfig) -> None:
        """Change settings; only what depends on those that changed is computed again.

        The text comes by `type` alone: the form's copy of it may be late.
        """
        before = self.config
        config = replace(config, text=before.text)
        if self._desk_or_none is None:
            self._load(config)
            self.start()
            return
        if config.model != before.model:
            typed = self._desk.typed
            self._load(config)
            self._read(typed)
            self._start_score()
            return
        self.config = config
        is_elsewhere = changed(before, config, ("cell", "quantity", "order", "unit"))
        self.ask(None if is_elsewhere else self._question)

    def _load(self, config: LanguageModellingConfig) -> None:
        """Take the networks that the settings name, and read the reference text with them."""
        from engine.models.language_models import load_language_models

        if config.model == IN_TRAINING and self._lessons.run is not None:
            self._use(self._lessons.run.models)
        else:
            self.pulse("Loading the networks", 0, 0)
            self._use(load_language_models(config.model))
        self.config = config

    def _use(self, models: Mapping[str, CharacterModel]) -> None:
        """From now on these are the networks that are looked at; nothing is done to them."""
        from engine.labs.language_modelling.desk import Desk

        self._networks += 1
        self._desk_or_none = Desk(models, self._desk_or_none)
        self._start_reference()

    def _start_reference(self) -> None:
        reference = self._desk.insight.reference
        if not reference.is_read:
            slices = self._then_answer(reference.read(self.config.cell))
            self.jobs.start(Job("reference", "Reading the reference text", slices, rank=3, for_screen=True))

    def reset(self) -> None:
        """Back to the example."""
        self.prepare()
        self.jobs.cancel()
        if self.trains:
            self.begin_training()
            return
        self._close_file()
        self._desk.release()
        self._put(type(self.config)().text)
        self._start_reference()

    # What is seen ---------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer."""
        from engine.labs.language_modelling.questions import answer

        self._question, self._answer = cell, None
        desk = self._desk_or_none
        if cell is not None and desk is not None:
            brushed = desk.brushed(self.config.threshold)
            training = self._lessons.run.view if self._lessons.run else None
            self._answer = answer(desk.bench, desk.insight, self.config, cell, brushed, training)

    def snapshot(self) -> LanguageModellingSnapshot:
        """Everything that may be seen now."""
        from engine.models.language_models import language_models

        desk, config, run = self._desk_or_none, self.config, self._lessons.run
        choices = {"model": (*language_models(), *((IN_TRAINING,) if run is not None else ()))}
        if desk is None:
            return LanguageModellingSnapshot(config, choices)
        choices["feature"] = desk.insight.features(config.cell)
        return LanguageModellingSnapshot(
            config,
            choices,
            self._answer,
            self._question,
            networks=self._networks,
            edit=self._edit,
            turn=self._turn,
            file=self._document.name if self._document else "",
            note=self._document.about if self._document else "",
            training=run.view if run is not None else None,
            **desk.seen(config),
        )

    def result(self) -> dict[str, Any]:
        """Next characters and words and the surprise of the text; of a file the surprise of all of it.

        Where the networks have learned, how that went is told too.
        """
        from engine.labs.language_modelling.results import result

        return result(self._desk, self.config, self._document, self._lessons.run)

    def no_result(self) -> dict[str, Any]:
        """No text, no cells."""
        return {"text": "", "cells": {}}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Every state and gate of every network after each character: (N, H) each."""
        return self._desk.bench.arrays()

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The weights of networks that have learned."""
        from engine.labs.language_modelling.results import weight_files

        return weight_files(self._desk.bench) if self._lessons.run is not None else {}

    @property
    def _desk(self) -> Desk:
        if self._desk_or_none is None:
            raise UserError("There are no networks", "they could not be loaded", "Choose others")
        return self._desk_or_none
