"""Everything that may be set in the language modelling lab."""

from __future__ import annotations

from dataclasses import dataclass

from engine.settings import Config, setting

EXAMPLE = 'She opened the old door and looked into the dark. "Is anybody there?" she a'
QUANTITIES: dict[str, tuple[str, ...]] = {
    "rnn": ("hidden",),
    "lstm": ("hidden", "cell", "input", "forget", "candidate", "output"),
    "gru": ("hidden", "reset", "update", "new"),
}
"""What can be shown of each cell, unit by character, in the field's words."""


@dataclass(frozen=True)
class LanguageModellingConfig(Config):
    """Everything that may be set in this lab."""

    text: str = setting(
        EXAMPLE,
        "Text",
        "What the three networks read and go on from.",
        group="Text",
        on_page=True,
        by_command=True,
    )
    model: str = setting(
        "prose",
        "Trained on",
        "The texts that the three networks learned from: prose (English novels), Shakespeare, names, or the "
        "text that you let new ones learn.",
        group="Text",
        open_choices=True,
    )
    cell: str = setting(
        "lstm",
        "Cell",
        "The network whose inside is shown: a vanilla RNN, an LSTM or a GRU.",
        group="Inside",
        choices=("rnn", "lstm", "gru"),
    )
    quantity: str = setting(
        "hidden",
        "Show",
        "The hidden state, an LSTM's cell state, or one of the gates. What a cell does not have falls back "
        "to its hidden state.",
        group="Inside",
        choices=("hidden", "cell", "input", "forget", "candidate", "output", "reset", "update", "new"),
    )
    order: str = setting(
        "number",
        "Order of units",
        "By number, by activity (mean size), by variance, or so that units that act alike stand together.",
        group="Inside",
        choices=("number", "activity", "variance", "similarity"),
    )
    unit: int | None = setting(
        None,
        "Unit",
        "The unit whose gates are shown under every character.",
        group="Inside",
        optional=True,
        low=0,
        high=100_000,
        none_label="The most varied",
    )
    colour: str = setting(
        "surprise",
        "Colour of the text",
        "How surprised each network was by each character, or what the chosen unit did there.",
        group="Inside",
        choices=("surprise", "unit"),
    )
    threshold: float = setting(
        0.3,
        "On above",
        "A unit is on while its hidden state is this far from 0: brush a phrase to see which stay on.",
        group="Inside",
        low=0.05,
        high=0.95,
        step=0.05,
    )
    path: str = setting(
        "words",
        "Trajectory by",
        "A point after every word, or after every character.",
        group="Inside",
        choices=("words", "characters"),
    )
    feature: str = setting(
        "inside double quotes",
        "Units that track",
        "Which units are ranked: those whose state follows this feature of the reference text most closely.",
        group="Inside",
        open_choices=True,
    )
    generate: int = setting(
        0,
        "Characters to write",
        "Without a screen: how far each network goes on with the text.",
        group="Write on",
        low=0,
        high=100_000,
    )
    temperature: float = setting(
        0.8,
        "Temperature",
        "Below 1 the probable becomes more probable, above 1 the improbable; 0 always takes the first.",
        group="Write on",
        low=0.0,
        high=2.0,
        step=0.05,
    )
    top_k: int = setting(
        0,
        "Top k",
        "Only so many of the most probable bytes may be chosen; 0 is all of them.",
        group="Write on",
        low=0,
        high=256,
    )
    top_p: float = setting(
        1.0,
        "Top p",
        "Only the most probable bytes that together have this probability may be chosen.",
        group="Write on",
        low=0.05,
        high=1.0,
        step=0.05,
    )
    play: str = setting(
        "write",
        "Play",
        "What the play button does: the chosen network writes on, or all three learn from a text.",
        group="Train",
        choices=("write", "train"),
    )
    train: str = setting(
        "",
        "Text to learn from",
        "A text file or a folder of them, from which the three networks learn. Without one, the last text "
        "that was opened.",
        group="Train",
        on_page=True,
    )
    from_default: bool = setting(
        False,
        "Go on from the trained networks",
        "The networks that ship go on learning; else new ones begin with random weights.",
        group="Train",
    )
    size: str = setting(
        "small",
        "Size of new networks",
        "Small: an LSTM of 128 units, or medium: one of 256, and others with as many parameters.",
        group="Train",
        choices=("small", "medium"),
    )
    pace: float = setting(
        1.0,
        "Learning rate ×",
        "Of each cell's own best learning rate, found by a search. It may be changed while they learn.",
        group="Train",
        low=0.01,
        high=10.0,
        step=0.1,
    )
