"""The sentence that names where three networks part."""

from __future__ import annotations

import numpy as np
import pytest

from engine.labs.language_modelling import CellReading, LanguageModellingConfig, LanguageModellingSnapshot
from gui.labs.language_modelling.parting import parting_line

TEXT = "She opened the old door."


def snapshot(text: str, **surprise: list[float]) -> LanguageModellingSnapshot:
    readings = tuple(
        CellReading(cell, 10, 4, np.array(values), float(np.mean(values or [0.0])), (), ())
        for cell, values in surprise.items()
    )
    return LanguageModellingSnapshot(LanguageModellingConfig(), text=text, readings=readings)


def alike(text: str = TEXT, **others: tuple[int, float]) -> LanguageModellingSnapshot:
    """All are as surprised as each other, but for one character each."""
    values = {cell: [1.0] * len(text) for cell in ("rnn", "lstm", "gru")}
    for cell, (place, value) in others.items():
        values[cell][place] = value
    return snapshot(text, **values)


def test_it_names_the_character_and_what_each_made_of_it() -> None:
    line = parting_line(alike(rnn=(19, 6.25), lstm=(7, 3.0)))
    assert TEXT[19] == "d"
    where = "They part most at the d after “She opened the old ”"
    assert line == f"{where}: its surprise in nats is RNN 6.25, LSTM 1.00, GRU 1.00."


def test_a_gap_between_the_lowest_and_the_highest_counts_wherever_they_are() -> None:
    line = parting_line(alike(gru=(4, 0.01), lstm=(4, 1.5), rnn=(9, 2.0)))
    assert "at the o after “She ”" in line
    assert "LSTM 1.50, GRU 0.01" in line


def test_close_together_they_part_nowhere() -> None:
    assert parting_line(alike(lstm=(5, 1.6))).startswith("They part nowhere")
    assert "“" in parting_line(alike(lstm=(5, 1.8)))


def test_at_the_first_character_nothing_is_quoted() -> None:
    assert parting_line(alike(rnn=(0, 9.0))).startswith("They part most at the first character, S:")


@pytest.mark.parametrize(
    "shown",
    [
        snapshot(""),
        snapshot("a", rnn=[1.0], lstm=[9.0]),
        snapshot("ab", rnn=[1.0, 2.0]),
        snapshot("abc", rnn=[1.0, 2.0], lstm=[1.0, 9.0]),
    ],
    ids=["nothing", "one character", "one network", "still reading"],
)
def test_where_there_is_nothing_to_compare_it_says_nothing(shown: LanguageModellingSnapshot) -> None:
    assert parting_line(shown) == ""
