"""The three networks side by side over one text: reading, guessing, scoring, writing on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from engine.explain.influence import influence
from engine.explain.next_characters import Guess, next_characters
from engine.explain.next_words import NextWords, next_words, typed_word
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.snapshot import CellReading, Meddling, States
from engine.labs.language_modelling.states import COLUMNS, Arrangement
from engine.models.byte_tokens import START, IncrementalDecoder, encode
from engine.models.character_evaluation import CHUNK, chunk_surprise, nats_per_character
from engine.models.character_model import CharacterModel, State
from engine.models.character_reader import Reader, Reading, common_length
from engine.models.sampling import draw, truncated

AT_ONCE = 64
"""Characters read in one slice: the three networks take about 20 ms for them."""
WRITTEN_AT_ONCE = 40
"""Bytes written in one slice, about 20 ms of one network."""
COUNT = 10
"""Characters and words that are guessed."""

Guesses = tuple[Guess, ...]


class Bench:
    """What is computed about one text. It knows no history of settings and no order of jobs."""

    def __init__(self, models: Mapping[str, CharacterModel]) -> None:
        self.readers = {cell: Reader(model) for cell, model in models.items()}
        self._sizes = {cell: sum(w.numel() for w in model.parameters()) for cell, model in models.items()}
        self._untouched: dict[str, Reader] = {}
        self._wanted = ""
        self.renewals = 0
        """How often the networks got other weights."""
        self._characters: dict[str, tuple[Reading, Guesses]] = {}
        self._words: dict[str, tuple[Reading, NextWords]] = {}
        self._scores: dict[str, float] = {}
        self._arrangement = Arrangement()

    def reading(self, cell: str) -> Reading:
        """What one network has read."""
        return self.readers[cell].reading

    # Reading --------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What all three have read."""
        return next(iter(self.readers.values())).reading.text

    @property
    def unread(self) -> int:
        """Characters that are still to be read."""
        return len(self._wanted) - len(self.text)

    def take(self, text: str) -> None:
        """Read `text`, which begins anew where it differs from the text before: the first slice of it."""
        self._wanted = text
        self._read(common_length(self.text, text) + AT_ONCE)

    def read_on(self) -> Iterator[tuple[int, int]]:
        """Read the rest, a slice at a time."""
        while self.unread:
            yield len(self.text), len(self._wanted)
            self.read_more()

    def read_more(self) -> None:
        """Read one slice more."""
        self._read(len(self.text) + AT_ONCE)

    def _read(self, end: int) -> None:
        for reader in (*self.readers.values(), *self._untouched.values()):
            reader.read(self._wanted[:end])

    def renew(self) -> None:
        """Read the text again, as the weights of the networks have changed.

        The words that were found stay until they are found anew, which takes longer.
        """
        self.renewals += 1
        for cell, reader in self.readers.items():
            before = reader.reading
            reader.begin_again()
            found = self._words.get(cell)
            if found is not None and found[0] is before:
                self._words[cell] = reader.reading, found[1]
        for reader in self._untouched.values():
            reader.begin_again()

    # Meddling -------------------------------------------------------------------------------------

    def meddle(self, changes: Mapping[str, Sequence[Meddling]]) -> None:
        """Change the networks so in the place of what was done before; the text is read with that.

        Beside a network that is changed the same one reads untouched. Raises ValueError for what cannot be.
        """
        for cell, reader in self.readers.items():
            wanted = changes.get(cell, ())
            reader.meddle(wanted)
            if not wanted:
                self._untouched.pop(cell, None)
            elif cell not in self._untouched:
                self._untouched[cell] = Reader(reader.model)
                self._untouched[cell].read(self.text)

    # Guesses --------------------------------------------------------------------------------------

    def readings(self) -> tuple[CellReading, ...]:
        """What each network makes of the text."""
        return tuple(self._of_cell(cell, reader) for cell, reader in self.readers.items())

    def _of_cell(self, cell: str, reader: Reader) -> CellReading:
        reading, config = reader.reading, reader.model.config
        words = self._words.get(cell)
        return CellReading(
            cell,
            self._sizes[cell],
            config.hidden,
            reading.surprise,
            reading.nats_per_character,
            self._guess(cell, reader),
            words[1].words if words is not None and words[0] is reading else (),
            self._scores.get(cell),
            self._untouched[cell].reading.nats_per_character if cell in self._untouched else None,
        )

    def _guess(self, cell: str, reader: Reader) -> Guesses:
        reading = reader.reading
        known = self._characters.get(cell)
        if known is None or known[0] is not reading:
            last = reading.log_probabilities[-1]
            known = reading, next_characters(reader.onward, reading.next_state, last, COUNT)
            self._characters[cell] = known
        return known[1]

    def find_words(self) -> Iterator[tuple[int, int]]:
        """Search each network's most probable next words, a batch of states at a time."""
        for place, (cell, reader) in enumerate(self.readers.items()):
            reading = reader.reading
            last = torch.from_numpy(reading.log_probabilities[-1].copy())
            for found in next_words(reader.onward, reading.next_state, last, typed_word(reading.text), COUNT):
                self._words[cell] = reading, found
                yield place, len(self.readers)

    def nats(self, cell: str, typed: str) -> float | None:
        """The mean surprise of all that was typed, also of what was too long to be read for the screen."""
        if len(typed) == len(self.text):
            return self.reading(cell).nats_per_character
        return nats_per_character(self.readers[cell].model, [typed])[0]

    # Whole files ----------------------------------------------------------------------------------

    def score(self, text: str) -> Iterator[tuple[int, int]]:
        """Measure the nats per character of all of `text`, one network after the other."""
        self._scores = {}
        tokens = np.concatenate([np.array([START], np.uint8), encode(text)])
        count = len(tokens) - 1
        for place, (cell, reader) in enumerate(self.readers.items()):
            nats, state = 0.0, None
            for begin in range(0, count, CHUNK):
                part = tokens[begin : begin + CHUNK + 1].astype(np.int64)
                more, state = chunk_surprise(reader.model, torch.from_numpy(part)[None], state)
                nats += float(more.sum(dtype=np.float64))
                yield place * count + begin + len(part) - 1, len(self.readers) * count
            self._scores[cell] = nats / max(1, len(text))

    def forget_scores(self) -> None:
        """The file is no longer what is looked at."""
        self._scores = {}

    # Writing on -----------------------------------------------------------------------------------

    def write(self, cell: str, count: int, config: LanguageModellingConfig, left_out: int = 0) -> str:
        """`count` characters with which one network goes on; the same seed and text give the same ones.

        `left_out` characters stand before the text that is read: so each place has a draw of its own.
        """
        *_, written = self.writing(cell, count, config, left_out)
        return written

    def writing(
        self, cell: str, count: int, config: LanguageModellingConfig, left_out: int = 0
    ) -> Iterator[str]:
        """As `write`, in slices: all that is written after each, and at the end `count` characters."""
        reader = self.readers[cell]
        reading, decoder = reader.reading, IncrementalDecoder()
        model, last, state = reader.onward, reading.log_probabilities[-1], reading.next_state
        written = ""
        begin = place = left_out + len(reading.trace)
        while len(written) < count and np.isfinite(last.max()):  # a network that has failed writes nothing
            if place > begin and (place - begin) % WRITTEN_AT_ONCE == 0:
                yield written
            random = np.random.default_rng([config.seed, place])
            token = draw(truncated(last, config.temperature, config.top_k, config.top_p), random)
            written += decoder.push(token)
            last, state = _step(model, token, state)
            place += 1
        yield written[:count]

    # The inside -----------------------------------------------------------------------------------

    def states(self, config: LanguageModellingConfig) -> States | None:
        """What the settings want to see of the chosen network; None before anything was read."""
        return self._arrangement.arrange(self.reading(config.cell), config) if self.text else None

    def arrays(self) -> dict[str, np.ndarray]:
        """Every state and gate of every network after each character, (N, H) each, and its gradients.

        The latter, (N,) each, are the natural logarithms of the norms with respect to the hidden state
        and to what was read, of ln P of the most probable next byte.
        """
        found: dict[str, np.ndarray] = {}
        for cell, reader in self.readers.items():
            for quantity, column in COLUMNS[cell].items():
                found[f"{cell}-{quantity}"] = reader.reading.states(column)
            moved = influence(reader.model, reader.reading)
            found[f"{cell}-log-gradient-hidden"] = moved.hidden_log_norms
            found[f"{cell}-log-gradient-input"] = moved.log_norms
        return found


@torch.inference_mode()
def _step(model: CharacterModel, token: int, state: State) -> tuple[np.ndarray, State]:
    found, state = model.step(torch.tensor([token]), state)
    return found[0].numpy(), state
