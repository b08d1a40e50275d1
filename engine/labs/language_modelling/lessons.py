"""The text that the person gave to be learned from, and the training run on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.errors import UserError
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.desk import Desk
from engine.labs.language_modelling.reference import Reference
from engine.labs.language_modelling.sources import Source, built_in, read_source
from engine.labs.language_modelling.training_run import TrainingRun
from engine.models.character_model import CharacterModel

SAMPLE = 160
"""Characters that each network writes now and then while it learns."""


class Lessons:
    """At most one run at a time. It looks at the networks it trains only on a desk, where they are seen."""

    def __init__(self) -> None:
        self.source: Source | None = None
        """What was opened last; without it a run takes the short story that comes with the application."""
        self.run: TrainingRun | None = None
        self._reading: tuple[Reference, Iterator[tuple[int, int]]] | None = None

    def take(self, path: Path | None, config: LanguageModellingConfig) -> Mapping[str, CharacterModel]:
        """As `begin`, with a text file or a folder of them from now on; None is the short story.

        Raises `UserError` where there is no text, or one too short; then everything stays as it was.
        """
        before = self.source
        self.source = None if path is None else read_source(path)
        try:
            return self.begin(config)
        except UserError:
            self.source = before
            raise

    def begin(self, config: LanguageModellingConfig) -> Mapping[str, CharacterModel]:
        """A new run in the place of the one there was: the networks to look at. Raises `UserError`."""
        self.run = TrainingRun(self.source or built_in(), config)
        return self.run.models

    @property
    def is_over(self) -> bool:
        """Whether no network of the run can go on."""
        return self.run is not None and self.run.is_over

    def learn(self, run: TrainingRun, config: LanguageModellingConfig, desk: Desk | None) -> bool:
        """One update of each network, and what is due on the desk; whether that has something new to tell."""
        run.step(config.pace)
        is_read = desk is not None and self._read_reference(run, desk, config.cell)
        return self._look(run, desk) or is_read

    def _look(self, run: TrainingRun, desk: Desk | None) -> bool:
        """Show the present weights, as often as that is due; whether the desk's text was read with them."""
        if run.is_writing or not run.look.due:
            return False
        with run.look.spent():
            run.show()
            if desk is None or not run.follows:
                return False
            desk.read_again()
        return True

    def _read_reference(self, run: TrainingRun, desk: Desk, first: str) -> bool:
        """A slice of the reference text, as often as its share allows; whether that was the last."""
        reference = desk.insight.reference
        if reference.is_read or not run.reading.due:
            return False
        if self._reading is None or self._reading[0] is not reference:
            self._reading = reference, run.reading.sliced(reference.read(first))
        next(self._reading[1], None)
        return reference.is_read

    def listen(
        self, run: TrainingRun, desk: Desk, config: LanguageModellingConfig
    ) -> Iterator[tuple[int, int]]:
        """What takes too long to be asked at every look: the words, the memory, a sample of each."""
        return run.listen.sliced(self._listen(run, desk, config))

    def _listen(
        self, run: TrainingRun, desk: Desk, config: LanguageModellingConfig
    ) -> Iterator[tuple[int, int]]:
        yield from desk.bench.find_words()
        yield from desk.insight.measure_memory()
        yield from self.samples(desk, config)

    def samples(self, desk: Desk, config: LanguageModellingConfig) -> Iterator[tuple[int, int]]:
        """Let each network write on after the text, as it is seen now."""
        if self.run is not None:
            yield from self.run.sample(lambda cell: desk.bench.writing(cell, SAMPLE, config, desk.left_out))
