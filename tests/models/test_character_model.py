"""The character model against PyTorch's cells and modules in float64, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.checkpoint import save_tensors
from engine.errors import UserError
from engine.models.character_model import (
    CELLS,
    CharacterModel,
    CharacterModelConfig,
    detached,
    load_character_model,
    save_character_model,
    select_streams,
)


def model_of(cell: str, *, hidden: int = 12, layers: int = 1, seed: int = 0) -> CharacterModel:
    torch.manual_seed(seed)
    return CharacterModel(CharacterModelConfig(cell, hidden, 6, layers)).double()  # type: ignore[arg-type]


def parts(state: object) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)  # type: ignore[return-value]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_steps_are_the_forward_pass(cell: str, layers: int) -> None:
    model = model_of(cell, layers=layers)
    tokens = torch.randint(0, 256, (3, 9))
    together, last = model.log_probabilities(tokens)
    state, one_by_one = None, []
    for t in range(tokens.shape[1]):
        probabilities, state = model.step(tokens[:, t], state)
        one_by_one.append(probabilities)
    torch.testing.assert_close(torch.stack(one_by_one, 1), together, rtol=0, atol=1e-12)
    for mine, theirs in zip(parts(state), parts(last), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_forward_is_a_loop_of_pytorchs_cell(cell: str) -> None:
    model = model_of(cell)
    loop = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[cell](6, 12).double()
    loop.load_state_dict({n.removesuffix("_l0"): w for n, w in model.recurrent.state_dict().items()})
    tokens = torch.randint(0, 256, (2, 20))
    state, logits = None, []
    for t in range(20):
        state = loop(model.embedding(tokens[:, t]), state)
        logits.append(model.head(parts(state)[0]))
    torch.testing.assert_close(model(tokens)[0], torch.stack(logits, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_carried_state_makes_two_halves_one_text(cell: str) -> None:
    model = model_of(cell)
    tokens = torch.randint(0, 256, (2, 10))
    whole, _ = model(tokens)
    first, state = model(tokens[:, :4])
    second, _ = model(tokens[:, 4:], detached(state))
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_state_can_be_narrowed_to_some_streams(cell: str) -> None:
    model = model_of(cell)
    tokens = torch.randint(0, 256, (3, 5))
    _, state = model(tokens)
    kept = torch.tensor([2, 0])
    _, expected = model(tokens[kept])
    for mine, theirs in zip(parts(select_streams(state, kept)), parts(expected), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


def test_probabilities_sum_to_one() -> None:
    log_probabilities, _ = model_of("gru").log_probabilities(torch.randint(0, 256, (2, 7)))
    torch.testing.assert_close(log_probabilities.exp().sum(-1), torch.ones(2, 7).double())


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_blocks_begin_orthogonal_and_the_forget_gate_open(cell: str) -> None:
    model = model_of(cell)
    for block in model.recurrent.weight_hh_l0.detach().split(12):
        torch.testing.assert_close(block @ block.T, torch.eye(12).double(), rtol=0, atol=1e-6)
    bias = (model.recurrent.bias_ih_l0 + model.recurrent.bias_hh_l0).detach()
    if cell == "lstm":
        assert bias[12:24].eq(1).all()
        bias = torch.cat([bias[:12], bias[24:]])
    assert not bias.any()


@pytest.mark.parametrize("half", [False, True])
def test_a_saved_model_comes_back(tmp_path: Path, half: bool) -> None:
    model = model_of("lstm", layers=2).float()
    save_character_model(tmp_path / "m.safetensors", model, {"seed": "7"}, half=half)
    back, notes = load_character_model(tmp_path / "m.safetensors")
    assert notes == {"seed": "7"}
    assert back.config == model.config
    assert not back.training
    tolerance = 1e-3 if half else 0.0
    for name, weight in back.state_dict().items():
        assert weight.dtype == torch.float32
        torch.testing.assert_close(weight, model.state_dict()[name], rtol=tolerance, atol=tolerance)
    tokens = torch.randint(0, 256, (1, 5))
    torch.testing.assert_close(back(tokens)[0], model(tokens)[0], rtol=0, atol=5e-3 if half else 0.0)


def test_a_loaded_model_can_be_trained(tmp_path: Path) -> None:
    save_character_model(tmp_path / "m.safetensors", model_of("rnn").float())
    back, _ = load_character_model(tmp_path / "m.safetensors")
    back(torch.randint(0, 256, (1, 5)))[0].sum().backward()
    assert all(parameter.grad is not None for parameter in back.parameters())


@pytest.mark.parametrize("spoil", ["foreign", "config", "missing", "shape"])
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "m.safetensors"
    weights = model_of("rnn").float().state_dict()
    config = '{"cell": "rnn", "hidden": 12, "embedding": 6, "layers": 1}'
    notes = {"format": "gridloop character model 1", "config": config}
    if spoil == "foreign":
        notes.clear()
    elif spoil == "config":
        notes["config"] = config.replace("rnn", "elman")
    elif spoil == "missing":
        del weights["head.bias"]
    else:
        weights["head.bias"] = torch.zeros(3)
    save_tensors(path, weights, notes)
    with pytest.raises(UserError, match="is no character model"):
        load_character_model(path)


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(ValueError, match="elman"):
        CharacterModelConfig("elman", 12)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        CharacterModelConfig("rnn", 0)


def test_the_seed_decides_the_weights() -> None:
    weights = [model_of("lstm", seed=seed).head.weight.detach().numpy() for seed in (0, 0, 1)]
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
