"""The most probable next characters against an enumeration of all characters of one and two bytes."""

from __future__ import annotations

import math

import pytest
import torch

from engine.explain import next_characters as module
from engine.explain.next_characters import Guess, next_characters
from engine.models.byte_tokens import START
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig, State

ONE = range(0x80)
TWO = range(0x80, 0x800)
cells = pytest.mark.parametrize("cell", CELLS)


def model_of(cell: str, alphabet: bytes | range, *, layers: int = 1) -> CharacterModel:
    """A random model in float64 that writes these bytes only."""
    torch.manual_seed(5)
    model = CharacterModel(CharacterModelConfig(cell, 8, 4, layers)).double().eval()
    with torch.no_grad():
        model.head.weight *= 6
        model.head.bias -= 1e4
        model.head.bias[list(alphabet)] = 0.0
    return model


@torch.no_grad()
def after(model: CharacterModel, data: bytes) -> tuple[State, torch.Tensor]:
    logs, state = model.log_probabilities(torch.tensor([[START, *data]]))
    return state, logs[0, -1]


def guesses(model: CharacterModel, text: str = "so", count: int = 10) -> tuple[Guess, ...]:
    state, logs = after(model, text.encode())
    return next_characters(model, state, logs.numpy(), count)


def chance(model: CharacterModel, text: str, character: str) -> float:
    """The product of the bytes' probabilities, from one forward pass over all of them."""
    before, data = text.encode(), character.encode()
    with torch.no_grad():
        logs, _ = model.log_probabilities(torch.tensor([[START, *before, *data]]))
    return math.exp(sum(float(logs[0, len(before) + place, byte]) for place, byte in enumerate(data)))


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 200)


@pytest.mark.parametrize("layers", [1, 2])
@cells
def test_it_finds_what_an_enumeration_of_all_characters_finds(cell: str, layers: int, unlimited: None):
    """Of one and two bytes: lead bytes of longer ones are never written here."""
    model = model_of(cell, range(0xE0), layers=layers)
    found = guesses(model, "so", 10_000)
    wanted = {chr(point): 0.0 for point in (*ONE, *TWO)}
    state, logs = after(model, b"so")
    wanted |= {chr(point): math.exp(logs[point]) for point in ONE}
    for lead in range(0xC2, 0xE0):
        with torch.no_grad():
            following, _ = model.step(torch.tensor([lead]), state)
        for byte in range(0x80, 0xC0):
            wanted[bytes([lead, byte]).decode()] = math.exp(logs[lead] + following[0, byte])
    ours = {guess.text: guess.probability for guess in found if ord(guess.text) < 0x800}
    assert ours == pytest.approx(wanted, rel=1e-9)
    best = sorted(wanted, key=lambda character: -wanted[character])[:50]
    assert [guess.text for guess in found[:50]] == best
    assert sum(guess.probability for guess in found) <= 1 + 1e-9


@cells
def test_with_the_usual_limit_the_first_ten_are_the_true_ones(cell: str):
    """`STEPS` are enough where a few lead bytes are probable, as in most texts."""
    model = model_of(cell, bytes(range(0x20, 0x7F)) + "éЖ".encode() + bytes(range(0x90, 0xA0)))
    found = guesses(model)
    every = [chr(point) for point in (*range(0x20, 0x7F), *TWO)]
    wanted = sorted(((chance(model, "so", each), each) for each in every), reverse=True)[:10]
    assert [guess.text for guess in found] == [each for _, each in wanted]
    assert [guess.probability for guess in found] == pytest.approx([p for p, _ in wanted], rel=1e-9)


@cells
def test_each_probability_is_the_product_of_the_bytes(cell: str, unlimited: None):
    characters = "aé€😀"
    model = model_of(cell, characters.encode())
    found = {guess.text: guess.probability for guess in guesses(model, "a", 500)}
    assert set(characters) <= set(found)
    for character in characters:
        assert found[character] == pytest.approx(chance(model, "a", character), rel=1e-9)
    assert sum(found.values()) <= 1 + 1e-9


def test_the_most_probable_stand_first():
    found = [guess.probability for guess in guesses(model_of("gru", range(256)))]
    assert found == sorted(found, reverse=True)


def test_bytes_that_spell_no_character_are_left_out(unlimited: None):
    """Continuations without a beginning, overlong forms, surrogates, what lies beyond Unicode."""
    model = model_of("lstm", b"a\x80\xc0\xc1\xe0\xed\xf0\xf4\xf5\xff\x8f\x90\x9f\xa0")
    found = guesses(model, "", 10_000)
    with_weight = [guess.text for guess in found if guess.probability > 0]
    wanted = {"a"}
    for lead in (0xE0, 0xED, 0xF0, 0xF4):
        tails = [[a, b] for a in (0x80, 0x8F, 0x90, 0x9F, 0xA0) for b in (0x80, 0x8F, 0x90, 0x9F, 0xA0)]
        if lead >= 0xF0:
            tails = [[*tail, c] for tail in tails for c in (0x80, 0x8F, 0x90, 0x9F, 0xA0)]
        for tail in tails:
            text = bytes([lead, *tail]).decode("utf-8", "ignore")
            wanted |= {text} if len(text) == 1 else set()
    assert set(with_weight) == wanted
    assert sum(guess.probability for guess in found) < 1


def test_the_list_ends_where_what_could_not_be_followed_may_come_first(monkeypatch: pytest.MonkeyPatch):
    model = model_of("rnn", bytes(range(0x20, 0xF5)))
    complete = guesses(model, "so", 60)
    monkeypatch.setattr(module, "STEPS", 0)
    short = guesses(model, "so", 60)
    _, logs = after(model, b"so")
    lead = max(float(logs[byte]) for byte in range(0xC2, 0xF5))
    assert 0 < len(short) < 60
    assert short == complete[: len(short)]
    assert short[-1].probability >= math.exp(lead)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_it_gives_as_many_as_asked_for(count: int):
    model = model_of("lstm", range(256))
    assert guesses(model, "so", count) == guesses(model)[:count]
