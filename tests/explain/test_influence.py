"""The influence of past characters against float64 autograd through a loop of PyTorch's cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recurrent_loop import grads, loop

from engine.explain.influence import half_distance, influence
from engine.models.byte_tokens import START
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.character_reader import Reader

TEXT = "It was a — naïve 😀 story"
CLOSE = {torch.float32: 2e-5, torch.float64: 1e-11}
"""How far a norm's logarithm may lie from autograd's."""
cells = pytest.mark.parametrize("cell", CELLS)
types = pytest.mark.parametrize("dtype", CLOSE)


def model_of(cell: str, layers: int = 1, dtype: torch.dtype = torch.float32) -> CharacterModel:
    torch.manual_seed(2)
    model = CharacterModel(CharacterModelConfig(cell, 12, 6, layers)).eval()
    with torch.no_grad():
        model.head.weight *= 4
    return model.to(dtype)


def by_autograd(model: CharacterModel, text: str, target: int) -> tuple[np.ndarray, float]:
    """ln of the norms over each character's bytes, and P(target), from a loop of cells and autograd."""
    tokens = torch.tensor([START, *text.encode()])
    ran = loop(model.recurrent, model.embedding.weight.detach().double()[tokens])
    logits = ran.output[-1] @ model.head.weight.detach().double().T + model.head.bias.detach().double()
    logs = logits.log_softmax(-1)
    logs[target].backward()
    squares = grads(ran.x).square().sum(1).tolist()[1:]
    norms, start = [], 0
    for character in text:
        end = start + len(character.encode())
        norms.append(math.log(sum(squares[start:end])) / 2)
        start = end
    return np.array(norms), math.exp(logs[target].item())


@types
@pytest.mark.parametrize("layers", [1, 2])
@cells
def test_it_is_the_gradient_of_the_most_probable_next_byte(cell: str, layers: int, dtype: torch.dtype):
    model = model_of(cell, layers, dtype)
    reading = Reader(model).read(TEXT)
    found = influence(model, reading)
    assert found.target == int(reading.log_probabilities[-1].argmax())
    norms, probability = by_autograd(model, TEXT, found.target)
    np.testing.assert_allclose(found.log_norms, norms, atol=CLOSE[dtype])
    assert found.probability == pytest.approx(probability, rel=CLOSE[dtype])
    assert not found.log_norms.flags.writeable


@types
@pytest.mark.parametrize("position", [1, 4, 9, 10, 17, 18, 23])
@cells
def test_of_a_past_position_it_is_that_of_the_byte_which_followed(
    cell: str, position: int, dtype: torch.dtype
):
    model = model_of(cell, 1, dtype)
    reading = Reader(model).read(TEXT)
    found = influence(model, reading, position)
    assert found.target == TEXT[position].encode()[0]
    norms, probability = by_autograd(model, TEXT[:position], found.target)
    np.testing.assert_allclose(found.log_norms, norms, atol=CLOSE[dtype])
    assert found.probability == pytest.approx(probability, rel=CLOSE[dtype])


@types
@pytest.mark.parametrize("layers", [1, 2])
@cells
def test_the_hidden_states_gradient_is_autograds(cell: str, layers: int, dtype: torch.dtype):
    model = model_of(cell, layers, dtype)
    reading = Reader(model).read(TEXT)
    found = influence(model, reading, target=65)
    tokens = torch.tensor([START, *TEXT.encode()])
    ran = loop(model.recurrent, model.embedding.weight.detach().double()[tokens])
    logits = ran.output[-1] @ model.head.weight.detach().double().T + model.head.bias.detach().double()
    logits.log_softmax(-1)[65].backward()
    wanted = grads(ran.h[-1]).norm(dim=1).log().numpy()[reading.steps]
    np.testing.assert_allclose(found.hidden_log_norms, wanted, atol=CLOSE[dtype])
    assert not found.hidden_log_norms.flags.writeable


@cells
def test_any_byte_may_be_asked_about(cell: str):
    model = model_of(cell)
    reading = Reader(model).read(TEXT)
    for target in (0, 65, 255):
        norms, probability = by_autograd(model, TEXT[:7], target)
        found = influence(model, reading, 7, target)
        np.testing.assert_allclose(found.log_norms, norms, atol=CLOSE[torch.float32])
        assert found.probability == pytest.approx(probability, rel=1e-5)


def test_before_the_first_character_there_is_nothing_to_remember():
    model = model_of("gru")
    for text in ("", "a"):
        found = influence(model, Reader(model).read(text), 0)
        assert found.log_norms.shape == (0,)
        assert found.half_distance is None
        assert 0 < found.probability < 1
    with pytest.raises(IndexError, match="position 2"):
        influence(model, Reader(model).read("a"), 2)
    with pytest.raises(IndexError, match="position -1"):
        influence(model, Reader(model).read("a"), -1)
    with pytest.raises(IndexError, match="byte 256"):
        influence(model, Reader(model).read("a"), 1, 256)


def test_what_no_float_could_hold_is_followed():
    """One unit: every step multiplies by w (1 − h²), a thousand times."""
    model = CharacterModel(CharacterModelConfig("rnn", 1, 1)).double().eval()
    with torch.no_grad():
        model.recurrent.weight_hh_l0.fill_(0.2)
        model.recurrent.weight_ih_l0.fill_(0.5)
    reading = Reader(model).read("a" * 1000)
    found = influence(model, reading, target=7)
    slopes = 1 - reading.trace.output[1:-1, 0] ** 2
    wanted = found.log_norms[-1] + np.cumsum(np.log(0.2 * slopes[::-1]))
    np.testing.assert_allclose(found.log_norms[-2::-1], wanted, rtol=1e-12)
    assert found.log_norms[0] < -1500
    assert found.half_distance == 1


def test_a_certain_prediction_was_moved_by_nothing():
    model = model_of("lstm", dtype=torch.float64)
    with torch.no_grad():
        model.head.weight.zero_()
    found = influence(model, Reader(model).read("abc"))
    assert found.log_norms.tolist() == [-math.inf] * 3
    assert found.half_distance is None


@given(
    st.lists(st.floats(0, 10, allow_subnormal=False), min_size=1, max_size=30),
    st.floats(-3000, 50, allow_subnormal=False),
)
def test_half_of_the_influence_lies_within_the_distance(norms: list[float], scale: float):
    if sum(norms) == 0:
        return
    with np.errstate(divide="ignore"):
        found = half_distance(np.log(norms) + scale)
    held = [sum(norms[-distance:]) / sum(norms) for distance in range(1, len(norms) + 1)]
    assert held[found - 1] >= 0.5 - 1e-9
    assert found == 1 or held[found - 2] < 0.5 + 1e-9
