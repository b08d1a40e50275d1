"""Nats per character against a plain float64 computation one byte at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.models import character_evaluation as evaluation
from engine.models.byte_tokens import START, encode
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig

TEXTS = ["It was a dark — and stormy — night. 😀\n" * 3, "Q", "", "naïve Жизнь"]


def model_of(cell: str) -> CharacterModel:
    torch.manual_seed(1)
    return CharacterModel(CharacterModelConfig(cell, 16, 8)).double().eval()  # type: ignore[arg-type]


@torch.no_grad()
def slow_surprise(model: CharacterModel, text: str) -> list[float]:
    state, previous, nats = None, START, []
    for token in text.encode():
        logits, state = model(torch.tensor([[previous]]), state)
        nats.append(-math.log(torch.softmax(logits[0, 0], -1)[token].item()))
        previous = token
    return nats


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chunk", [1, 7, 512])
def test_nats_are_those_of_one_byte_at_a_time(cell: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    model = model_of(cell)
    found = evaluation.nats_per_character(model, TEXTS)
    for nats, text in zip(found, TEXTS, strict=True):
        if text:
            assert nats == pytest.approx(sum(slow_surprise(model, text)) / len(text), rel=1e-6)
    assert math.isnan(found[2])


def test_a_characters_surprise_is_that_of_its_bytes() -> None:
    model = model_of("gru")
    slow = slow_surprise(model, "aЖ😀")
    expected = [slow[0], sum(slow[1:3]), sum(slow[3:])]
    np.testing.assert_allclose(evaluation.character_surprise(model, "aЖ😀"), expected, rtol=1e-6)
    assert evaluation.character_surprise(model, "").shape == (0,)


def test_streams_with_the_whole_past_as_warm_up_are_exact() -> None:
    model = model_of("lstm")
    tokens = [encode(text) for text in TEXTS]
    exact = evaluation.total_nats(model, tokens)
    streamed = evaluation.total_nats(model, tokens, streams=5, warm_up=10_000)
    np.testing.assert_allclose(streamed, exact, rtol=1e-6)


def test_streams_with_a_short_warm_up_are_close() -> None:
    model = model_of("lstm")
    tokens = [encode(TEXTS[0])]
    exact, near = (evaluation.total_nats(model, tokens, streams=s, warm_up=16)[0] for s in (1, 3))
    assert near != exact
    assert near == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("rows", [1, 3])
def test_a_chunks_logits_are_scored_in_parts_without_a_difference(cell: str, rows: int) -> None:
    """More bytes than are scored at once: rows and steps must keep their places when they are cut."""
    model, steps = model_of(cell), 2 * evaluation.SCORED // rows + 5
    tokens = torch.randint(0, 256, (rows, steps + 1), generator=torch.Generator().manual_seed(4))
    found, state = evaluation.chunk_surprise(model, tokens, None)
    with torch.no_grad():
        logits, wanted = model(tokens[:, :-1])
        expected = -torch.log_softmax(logits, -1).gather(-1, tokens[:, 1:, None])[..., 0]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12)
    for mine, theirs in zip(state, wanted, strict=True):
        torch.testing.assert_close(mine, theirs)
