"""What one network makes of the text: its surprise, character by character, and what it expects next."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.language_modelling import CellReading, LanguageModellingSnapshot, States
from gui.colour_maps import DIVERGING, SEQUENTIAL
from gui.labs.language_modelling import meddle_wording, wording
from gui.panels.bars import BarsPanel
from gui.panels.panel import Panel
from gui.panels.text_strip import TextStripPanel
from gui.theme import GRID
from gui.view import draw_all

COLOURS = {"rnn": "vanilla_rnn", "lstm": "lstm", "gru": "gru"}
MOST_SURPRISED = 6.0
"""Nats at which the colour scale ends: one chance in four hundred."""
SEEN = 6
"""Guesses that are shown; the command line and the numbers have them all."""

HIGHEST = 30 * GRID
"""Height that the guesses take at most: their rows become no higher."""


class CellView(QWidget):
    """The guesses of one network, words and characters side by side.

    `strip` stands elsewhere on the page, and so may `characters` where there is little room.
    """

    chosen = Signal(str)
    """What a clicked guess adds to the text."""

    def __init__(self, cell: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cell = cell
        self._shown: CellReading | None = None
        self._drawn: tuple[object, ...] = ()
        self._guesses: object = None
        self._words: object = None
        title = wording.NAMES[cell]
        self.strip = TextStripPanel(title, "", name=f"surprise-{cell}", small=True)
        self.words, self.characters = (
            BarsPanel(
                f"{wording.SHORT_NAMES[cell]}: next {what}",
                name=f"{what}s-{cell}",
                colour=COLOURS[cell],
                columns=(what, "probability"),
            )
            for what in ("word", "character")
        )
        for panel in (self.words, self.characters):
            panel.header.keep_lines(1)
        self.words.nothing_yet = self.characters.nothing_yet = "No guesses yet."
        self._beside = QHBoxLayout(self)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(2 * GRID)
        self._beside.addWidget(self.words, 4)
        self.setMaximumHeight(HIGHEST)
        self.take_characters()
        self.words.clicked.connect(lambda at: self._choose_word(at[1][0]))
        self.characters.clicked.connect(lambda at: self._choose_character(at[1][0]))

    def take_characters(self) -> None:
        """Show the characters beside the words."""
        self._beside.addWidget(self.characters, 3)
        self._say_words(is_alone=False)

    def let_go_of_characters(self) -> None:
        """The characters stand elsewhere; the words' sentence names the first of them."""
        self._say_words(is_alone=True)

    def _say_words(self, *, is_alone: bool) -> None:
        self._is_alone = is_alone
        if self._shown is not None and (is_alone or self._shown.words):
            line = wording.characters_line if is_alone else wording.words_line
            self.words.set_sentence(line(self._shown))

    def fit_strip(self, most_lines: int) -> None:
        """Give the strip the height of its text, as far as so many lines."""
        lines = min(most_lines, max(2, self.strip.lines))
        self.strip.setFixedHeight(self.strip.height_for(lines))

    def show_end(self) -> None:
        """Bring the end of the text into sight."""
        if self._shown is not None and len(self._shown.surprise):
            self.strip.reveal((len(self._shown.surprise) - 1,))

    def panels(self) -> tuple[Panel, ...]:
        """The three pictures."""
        return self.strip, self.words, self.characters

    def forget(self) -> None:
        """Other networks come: their words take longer than all else."""
        self._shown = self._guesses = self._words = None
        self.words.set_empty("Looking for words …")

    def show_reading(self, snapshot: LanguageModellingSnapshot, reading: CellReading) -> None:
        """Draw what has changed since the reading before."""
        self.show_text(snapshot, reading)
        draw_all(self.guess_pieces(reading))

    def show_text(self, snapshot: LanguageModellingSnapshot, reading: CellReading) -> bool:
        """Draw the text where it or its colours have changed; whether they have."""
        before, self._shown = self._shown, reading
        self.strip.set_selected(snapshot.predicted)
        coloured = self._coloured_by(snapshot)
        drawn = reading.surprise, reading.file_nats, coloured
        is_other = before is None or reading.untouched_nats != before.untouched_nats
        if not is_other and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return False
        self._drawn = drawn
        self._draw_text(snapshot, reading, coloured)
        return True

    def guess_pieces(self, reading: CellReading) -> Iterator[None]:
        """Draw the guesses that have changed, a panel at a time."""
        if reading.characters is not self._guesses:
            self._guesses = reading.characters
            guesses = reading.characters[:SEEN]
            self.characters.set_sentence("Click one to write it.")
            self.characters.set_rows(
                [wording.character_name(guess.text) for guess in guesses],
                [guess.probability for guess in guesses],
            )
            yield
        if reading.words and reading.words is not self._words:
            self._words = reading.words
            self.words.set_rows(
                [wording.word_name(guess.word) for guess in reading.words[:SEEN]],
                [guess.probability for guess in reading.words[:SEEN]],
            )
            yield
        self._say_words(is_alone=self._is_alone)

    def _coloured_by(self, snapshot: LanguageModellingSnapshot) -> States | None:
        """The states whose picked unit gives the text its colours; None where the surprise does."""
        states = snapshot.states
        wanted = snapshot.config.colour == "unit" and states is not None and states.cell == self._cell
        return states if wanted else None

    def _draw_text(
        self, snapshot: LanguageModellingSnapshot, reading: CellReading, states: States | None
    ) -> None:
        name = wording.NAMES[self._cell]
        self.strip.set_title(name, meddle_wording.surprise_line(reading))
        if snapshot.text and states is not None:
            self.strip.set_title(name, wording.unit_colour_line(states))
            (low, high), values = states.limits, states.of_unit[states.gates.index(states.quantity)]
            self.strip.set_text(snapshot.labels, values, low, high, DIVERGING if low < 0 else SEQUENTIAL)
        elif snapshot.text:
            self.strip.set_text(snapshot.labels, reading.surprise, 0.0, MOST_SURPRISED, unit="nats")
        else:
            self.strip.set_text((), reading.surprise, 0.0, MOST_SURPRISED)  # which takes the scroll bar away
            self.strip.set_empty("Nothing typed yet. Below is what it expects at the start of a line.")

    def _choose_word(self, rank: int) -> None:
        words = () if self._shown is None else self._shown.words
        if rank < len(words):
            self.chosen.emit(words[rank].continuation)

    def _choose_character(self, rank: int) -> None:
        characters = () if self._shown is None else self._shown.characters
        if rank < len(characters):
            self.chosen.emit(characters[rank].text)
