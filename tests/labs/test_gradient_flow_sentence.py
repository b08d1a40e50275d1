"""The sentence typed: the flow of its last character's surprise against float64 autograd."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from recurrent_loop import grads, loop
from torch import nn

from engine.errors import UserError
from engine.labs.gradient_flow import sentence
from engine.labs.gradient_flow.flow import flow_of_loss
from engine.labs.gradient_flow.sentence import LONGEST, READ_AT_ONCE, Sentence
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.recurrent_trace import trace

TEXTS = ("The old man", "é", "x", "naïve café", "end 🌊", "\ud83d")


@pytest.fixture(autouse=True)
def small(monkeypatch) -> dict[str, CharacterModel]:
    torch.manual_seed(0)
    models = {cell: CharacterModel(CharacterModelConfig(cell, 12, 6)).eval() for cell in CELLS}
    monkeypatch.setattr(sentence, "_models", lambda: models)
    return models


def measured(text: str) -> Sentence:
    read = Sentence(text)
    slices = list(read.measure())
    assert slices[-1] == (6, 6)
    assert slices == sorted(slices)
    return read


@pytest.mark.parametrize("text", TEXTS)
def test_every_norm_is_that_of_autograd(text: str, small: dict[str, CharacterModel]):
    read = measured(text)
    tokens = [10, *text.encode("utf-8", "surrogatepass")]
    count = len(text[-1].encode("utf-8", "surrogatepass"))
    assert read.length == len(read.labels) == len(tokens) - 1
    for seen in read.runners():
        model = small[seen.cell]
        ran = loop(model.recurrent, model.embedding(torch.tensor(tokens[:-1])).detach())
        head = nn.Linear(12, 256, dtype=torch.float64)
        head.load_state_dict(model.head.state_dict())
        log_p = head(ran.output).log_softmax(1)
        (-sum(log_p[at, tokens[at + 1]] for at in range(len(tokens) - 1 - count, len(tokens) - 1))).backward()
        wanted = grads(ran.h[0]).norm(dim=1).log10()
        assert seen.flow.log10_norms[1:] == pytest.approx(wanted.numpy(), abs=1e-4)
        assert np.isfinite(seen.flow.log10_norms[0])
        assert seen.mechanism.log10_bound.shape == seen.flow.log10_norms.shape
        assert seen.health is None
        assert len(seen.loss) == 0
        assert math.isnan(seen.recent_accuracy)


def test_a_long_text_is_read_in_slices_and_is_what_it_is_at_once(small: dict[str, CharacterModel]):
    text = "It was a bright cold day in April. " * 8
    assert len(text) > 4 * READ_AT_ONCE
    slices, read = 0, Sentence(text)
    for _ in read.measure():
        if read.runners():
            break
        slices += 1
    assert slices >= 2 * (len(text) // READ_AT_ONCE)  # there and back
    (seen,) = read.runners()
    ran = trace(small[seen.cell].recurrent, small[seen.cell].embedding(read._read).detach())
    whole = flow_of_loss(ran, small[seen.cell].recurrent, lambda hidden: _loss(small[seen.cell], hidden), 0)
    assert seen.flow.log10_norms == pytest.approx(whole.log10_norms, abs=1e-4)


def _loss(model: CharacterModel, hidden: torch.Tensor) -> torch.Tensor:
    return -model.head.requires_grad_(False)(hidden[-1]).log_softmax(0)[ord(" ")]


def test_nothing_is_learned_here():
    read = measured("ab")
    assert not read.can_step
    assert (read.labels, read.last) == (("↵", "a"), "b")
    assert [seen.title for seen in read.runners()] == ["tanh RNN", "LSTM", "GRU"]


def test_an_empty_text_is_refused_in_words():
    with pytest.raises(UserError, match="There is no sentence to be read"):
        Sentence("")


@pytest.mark.parametrize(("text", "kept"), [("a" * 1500, LONGEST), ("🌊" * 700, LONGEST // 4)])
def test_of_a_long_text_the_end_is_read(text: str, kept: int):
    read = Sentence(text)
    assert len(read.text) == kept
    assert read.length == LONGEST


def test_the_networks_that_ship(monkeypatch):
    monkeypatch.undo()
    read = Sentence("The old man had lived alone")
    for _ in read.measure():
        if read.runners():
            break
    (seen,) = read.runners()
    assert (seen.cell, seen.mechanism) == ("rnn", None)
    assert seen.parameters > 1_000_000
    assert np.isfinite(seen.flow.log10_norms).all()
