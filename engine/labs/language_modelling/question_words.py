"""Words that the answers of the language modelling lab share."""

from __future__ import annotations

FULL_NAMES = {"rnn": "vanilla RNN", "lstm": "LSTM", "gru": "GRU"}
QUOTED = 20
"""Characters of a text that a title quotes."""


def name_first(cell: str) -> str:
    """A network's name at the beginning of a title."""
    return {"rnn": "Vanilla RNN"}.get(cell, FULL_NAMES[cell])


def quoted(text: str) -> str:
    """A text on one line and in quotes, its beginning left out where it is long."""
    text = text.replace("\n", "↵").replace("\t", "⇥")
    return f"“{text if len(text) <= QUOTED else '…' + text[-QUOTED:]}”"


def back(distance: int) -> str:
    """How far a character is from the end of the text."""
    if distance == 0:
        return "the last character"
    return f"{distance} {'character' if distance == 1 else 'characters'} back"
