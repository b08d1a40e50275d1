"""What each shipped language model learns from, how large it is, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.models.character_model import Cell


@dataclass(frozen=True)
class Stage:
    """One width of the three models and how it is trained."""

    hidden: Mapping[Cell, int]
    length: int
    """Mean bytes between two updates: where back-propagation through time is cut."""
    learning_rate: Mapping[Cell, float]
    """The best of the search in engine/training/search.py."""


@dataclass(frozen=True)
class Preset:
    """One set of texts and the three models for it, of equal numbers of parameters within 1 %."""

    files: tuple[str, ...]
    """Patterns below the data folder, one text a file."""
    held_out: tuple[str, ...]
    """Names of files that are only watched; where empty, the last tenth of each text is."""
    embedding: int
    streams: int
    """Texts read side by side: the batch size."""
    final: Stage
    """What is shipped."""
    narrow: Stage | None = None
    """What is trained first, at half the width and three times the speed, and then widened."""
    narrow_characters: float = 0.0
    """How much the narrow models read."""
    restarts: float = 0.0
    """How often a stream whose next bytes happen to begin a line reads them from a state of zeros, as the
    text that a person types is read: a share. At 0 a model only ever learns from the state carried on, and a
    small one predicts poorly from zeros."""


PRESETS: Mapping[str, Preset] = {
    # Held out: narrated science fiction of 1898 by a man who describes, and a girls' novel of 1908 that is
    # nearly all talk. No other book of the nineteen is by Montgomery; one other is by Wells.
    "prose": Preset(
        files=("novels/*.txt",),
        held_out=("the-war-of-the-worlds", "anne-of-green-gables"),
        embedding=64,
        streams=32,
        final=Stage(
            hidden={"rnn": 1248, "lstm": 640, "gru": 736},
            length=64,
            learning_rate={"rnn": 6e-4, "lstm": 3e-3, "gru": 1.2e-3},
        ),
        narrow=Stage(
            hidden={"rnn": 624, "lstm": 320, "gru": 368},
            length=32,
            learning_rate={"rnn": 2e-3, "lstm": 1e-2, "gru": 4e-3},
        ),
        narrow_characters=5e6,
    ),
    # A brief search (500,000 characters) prefers higher rates for these two, but whole runs with its choice
    # end worse: 1.75 to 1.79 against 1.56 to 1.60 on Shakespeare with 8e-3 for the vanilla RNN and the GRU,
    # 1.592 against 1.589 with 1.6e-2 for the LSTM; on names 1.727 against 1.695 (LSTM), 1.579 against 1.563
    # (GRU).
    # Restarts: of the 32 streams one in each batch of Shakespeare, where a line has some thirty bytes. Names
    # are short: a quarter of them is as much. With all of them the GRU predicts names better from zeros (2.27
    # nats a character against 2.31) and worse after other names (1.593 against 1.567).
    "shakespeare": Preset(
        files=("tinyshakespeare.txt",),
        held_out=(),
        embedding=32,
        streams=32,
        restarts=1.0,
        final=Stage(
            hidden={"rnn": 474, "lstm": 256, "gru": 292},
            length=64,
            learning_rate={"rnn": 2e-3, "lstm": 1e-2, "gru": 4e-3},
        ),
    ),
    "names": Preset(
        files=("names_train.txt",),
        held_out=(),
        embedding=16,
        streams=32,
        restarts=0.25,
        final=Stage(
            hidden={"rnn": 218, "lstm": 128, "gru": 144},
            length=32,
            learning_rate={"rnn": 2e-3, "lstm": 1e-2, "gru": 4e-3},
        ),
    ),
}
