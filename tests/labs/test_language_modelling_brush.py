"""Brushing a phrase: the units that stay on, their places in the reference text, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.labs.language_modelling import Brush, LanguageModelling, LanguageModellingConfig, insight
from engine.labs.language_modelling.brushing import CONTEXT, MOST_PLACES, Phrase
from engine.labs.language_modelling.desk import HOP, WINDOW
from engine.models import language_models
from engine.models.byte_tokens import START, encode
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig

TEXT = "The café was old. “Is anybody there?” she asked the 😀."
PHRASE = (4, 9)
REFERENCE = "One day in May the old café by the sea was full.\n“Nobody is here,” she said to the cat. " * 4
UNITS = 16


def model_of(cell: str, seed: int) -> CharacterModel:
    """A small random model whose units take sides."""
    torch.manual_seed(seed)
    model = CharacterModel(CharacterModelConfig(cell, UNITS, 6)).eval()
    with torch.no_grad():
        model.embedding.weight *= 2
        for weight in model.recurrent.parameters():
            weight *= 2
    return model


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, CharacterModel]]:
    """Small networks and a short reference text in the place of those that come with the application."""
    found = {
        kind: {cell: model_of(cell, seed) for cell in CELLS} for seed, kind in enumerate(("prose", "other"))
    }
    monkeypatch.setattr(language_models, "load_language_models", found.__getitem__)
    monkeypatch.setattr(language_models, "language_models", lambda: tuple(found))
    monkeypatch.setattr(insight, "reference_text", lambda: REFERENCE)
    return found


@pytest.fixture
def lab(models: dict[str, dict[str, CharacterModel]]) -> Iterator[LanguageModelling]:
    lab = LanguageModelling(LanguageModellingConfig(text=TEXT), torch.device("cpu"))
    lab.start()
    yield lab
    lab.jobs.cancel()
    lab.close()


def finish(lab: LanguageModelling) -> LanguageModelling:
    while lab.jobs:
        lab.jobs.advance()
    return lab


def brushed(lab: LanguageModelling) -> Brush:
    found = lab.snapshot().brush
    assert found is not None
    return found


@torch.no_grad()
def hidden(model: CharacterModel, text: str) -> np.ndarray:
    """(N, H) the hidden state after each character, from one pass over the bytes."""
    tokens = torch.tensor([[START, *encode(text).tolist()]])
    states = model.recurrent(model.embedding(tokens))[0][0].numpy()
    ends = np.cumsum([len(character.encode()) for character in text])
    return states[ends]


def stays_on(states: np.ndarray, unit: int, threshold: float) -> int:
    """+1 or -1 where a unit is on at every step, on that side of zero; else 0."""
    for sign in (1, -1):
        if all(sign * value > threshold for value in states[:, unit]):
            return sign
    return 0


def signs_of(states: np.ndarray, threshold: float) -> dict[int, int]:
    found = {unit: stays_on(states, unit, threshold) for unit in range(states.shape[1])}
    return {unit: sign for unit, sign in found.items() if sign}


# What is found ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.6])
def test_the_units_are_those_that_are_on_at_every_character(
    cell: str, threshold: float, lab: LanguageModelling, models: dict[str, dict[str, CharacterModel]]
):
    lab.configure(replace(lab.config, threshold=threshold))
    lab.brush(cell, *PHRASE)
    found, states = brushed(lab), hidden(models["prose"][cell], TEXT)[slice(*PHRASE)]
    wanted = signs_of(states, threshold)
    assert set(found.units) == set(wanted)
    assert (found.cell, found.start, found.stop) == (cell, *PHRASE)
    assert (found.threshold, found.hidden) == (threshold, UNITS)
    for unit, strength in zip(found.units, found.strengths, strict=True):
        assert strength == pytest.approx(states[:, unit].mean(), abs=1e-5)
        assert np.sign(strength) == wanted[unit]
    sizes = np.abs(found.strengths)
    assert (sizes[:-1] >= sizes[1:]).all()
    if threshold < 0.1:
        assert 0 < len(wanted) < UNITS


@pytest.mark.parametrize("cell", CELLS)
def test_the_places_are_those_where_the_same_units_are_on(
    cell: str, lab: LanguageModelling, models: dict[str, dict[str, CharacterModel]]
):
    lab.configure(replace(lab.config, threshold=0.1))
    lab.brush(cell, *PHRASE)
    finish(lab)
    found, states = brushed(lab), hidden(models["prose"][cell], REFERENCE)
    wanted = signs_of(hidden(models["prose"][cell], TEXT)[slice(*PHRASE)], 0.1)
    assert found.places
    length, ranks = PHRASE[1] - PHRASE[0], []
    for place in found.places:
        stretch = states[place.start : place.stop]
        assert place.stop - place.start == length
        on = [unit for unit, sign in wanted.items() if stays_on(stretch, unit, 0.1) == sign]
        flags = [sign * value > 0.1 for unit, sign in wanted.items() for value in stretch[:, unit]]
        assert place.on == len(on) > 0
        assert place.share == pytest.approx(np.mean(flags))
        ranks.append((-place.on, -round(place.share, 9), place.start))
        assert place.match == REFERENCE[place.start : place.stop]
        around = REFERENCE[max(0, place.start - CONTEXT) : place.stop + CONTEXT]
        assert place.before + place.match + place.after == around
    assert ranks == sorted(ranks)
    assert len(ranks) <= MOST_PLACES
    most = max(
        sum(stays_on(states[at : at + length], unit, 0.1) == sign for unit, sign in wanted.items())
        for at in range(len(states) - length + 1)
    )
    assert -ranks[0][0] == most


def test_a_phrase_that_stands_in_the_reference_text_is_found_there(lab: LanguageModelling):
    lab.configure(replace(lab.config, threshold=0.05))
    lab.type(REFERENCE[:60], 1)
    lab.brush("gru", 20, 26)
    finish(lab)
    best = brushed(lab).places[0]
    assert (best.start, best.match, best.share) == (20, REFERENCE[20:26], 1.0)
    assert best.on == len(brushed(lab).units) > 0


def test_places_come_when_the_reference_text_is_read(lab: LanguageModelling):
    lab.configure(replace(lab.config, threshold=0.1))
    lab.brush("rnn", *PHRASE)
    before = brushed(lab)
    assert before.units
    assert before.places is None
    after = brushed(finish(lab))
    assert (after.units, after.strengths) == (before.units, before.strengths)
    assert after.places


def test_a_phrase_through_which_no_unit_stays_on_has_no_places(lab: LanguageModelling):
    lab.configure(replace(lab.config, threshold=0.95))
    lab.brush("gru", 0, len(TEXT))
    found = brushed(finish(lab))
    assert (found.units, found.strengths, found.places) == ((), (), ())


# Keeping and clearing -----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("phrase", [(4, 5), PHRASE, (4, 20)])
def test_below_the_steadiest_unit_one_stays_on_and_above_it_none(
    cell: str, phrase: tuple[int, int], lab: LanguageModelling
):
    lab.brush(cell, *phrase)
    found = brushed(lab).steadiest
    assert 0 <= found < 1
    for threshold, count in ((found - 1e-6, 1), (found + 1e-6, 0)):
        lab.configure(replace(lab.config, threshold=threshold))
        assert len(brushed(lab).units) == (count if found else 0)


def test_nothing_is_brushed_until_it_is_and_no_more_afterwards(lab: LanguageModelling):
    assert lab.snapshot().brush is None
    lab.brush("lstm", *PHRASE)
    assert brushed(lab).cell == "lstm"
    lab.brush("lstm", 0, 0)
    assert lab.snapshot().brush is None


@pytest.mark.parametrize("phrase", [(0, len(TEXT) + 1), (-1, 3), (5, 5), (7, 3)])
def test_a_phrase_that_is_not_in_the_text_is_none(phrase: tuple[int, int], lab: LanguageModelling):
    lab.brush("gru", *phrase)
    assert lab.snapshot().brush is None


def test_a_network_that_is_not_there_is_refused(lab: LanguageModelling):
    lab.brush("gru", *PHRASE)
    with pytest.raises(UserError, match="no network called “elman”"):
        lab.brush("elman", *PHRASE)
    assert brushed(lab).cell == "gru"


def test_the_same_again_is_the_same_and_typing_on_keeps_it(lab: LanguageModelling):
    lab.brush("gru", *PHRASE)
    first = brushed(finish(lab))
    assert brushed(lab) is first
    lab.type(f"{TEXT} And more", 1)
    assert brushed(lab) is first
    lab.step()
    assert brushed(lab) is first
    lab.type(TEXT[: PHRASE[1]], 2)
    assert brushed(lab) is first
    lab.configure(replace(lab.config, threshold=0.2))
    assert brushed(lab).threshold == 0.2


def test_what_is_typed_before_it_moves_it_along_and_it_is_found_anew(
    lab: LanguageModelling, models: dict[str, dict[str, CharacterModel]]
):
    lab.configure(replace(lab.config, threshold=0.1))
    lab.brush("lstm", *PHRASE)
    first = brushed(finish(lab))
    lab.type(f"Now: {TEXT}", 1)
    moved = brushed(lab)
    assert (moved.start, moved.stop) == (PHRASE[0] + 5, PHRASE[1] + 5)
    states = hidden(models["prose"]["lstm"], f"Now: {TEXT}")[moved.start : moved.stop]
    assert set(moved.units) == set(signs_of(states, 0.1))
    assert moved.strengths != first.strengths
    lab.type(TEXT, 2)
    assert brushed(lab) == first


def test_a_phrase_that_is_changed_itself_is_let_go(lab: LanguageModelling):
    for text in (TEXT.replace("café", "coffee"), TEXT[: PHRASE[1] - 1], "", "Something else"):
        lab.type(TEXT, 1)
        lab.brush("gru", *PHRASE)
        assert lab.snapshot().brush is not None
        lab.type(text, 2)
        assert lab.snapshot().brush is None
        lab.type(TEXT, 3)
        assert lab.snapshot().brush is None


@pytest.mark.parametrize(
    ("before", "after", "stop"),
    [
        ("one two three", "one two three four", 7),
        ("one two three", "one two", 7),
        ("one two three", "zero one two three", 12),
        ("one two three", "two three", 3),
        ("one two three", "one too three", None),
        ("one two three", "one tw", None),
        ("one two three", "", None),
    ],
)
def test_a_phrase_is_followed_through_changes_of_the_text(before: str, after: str, stop: int | None):
    found = Phrase("gru", 4, 7).followed(before, after)
    assert (found.stop if found else None) == stop
    assert found is None or after[found.start : found.stop] == "two"


def test_it_keeps_its_place_in_a_long_text_whose_beginning_is_left_out(lab: LanguageModelling):
    text = "".join(f"line {number}\n" for number in range(700))
    lab.type(text[:WINDOW], 1)
    finish(lab)
    lab.brush("rnn", WINDOW - 20, WINDOW - 15)
    lab.type(text[: WINDOW + 1], 2)
    assert lab.snapshot().brush is None, "the text is still being read"
    found = brushed(finish(lab))
    assert lab.snapshot().left_out == HOP
    assert (found.start, found.stop) == (WINDOW - 20 - HOP, WINDOW - 15 - HOP)
    lab.brush("rnn", 3, 9)
    lab.type(text[: WINDOW + HOP + 1], 3)
    assert finish(lab).snapshot().brush is None
    lab.type(text[: WINDOW + HOP], 4)
    found = brushed(finish(lab))
    assert (found.start, found.stop) == (3, 9)


def test_other_networks_are_brushed_at_the_same_phrase(
    lab: LanguageModelling, models: dict[str, dict[str, CharacterModel]]
):
    lab.configure(replace(lab.config, threshold=0.1))
    lab.brush("gru", *PHRASE)
    lab.configure(replace(lab.config, model="other"))
    states = hidden(models["other"]["gru"], TEXT)[slice(*PHRASE)]
    assert set(brushed(lab).units) == set(signs_of(states, 0.1))
    assert brushed(finish(lab)).places
