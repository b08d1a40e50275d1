"""A widened model computes what the narrow one did, and all of it learns."""

from __future__ import annotations

import pytest
import torch

from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.training.growth import widened


def narrow(cell: str) -> CharacterModel:
    torch.manual_seed(0)
    return CharacterModel(CharacterModelConfig(cell, 10, 6))  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", CELLS)
def test_a_widened_model_computes_the_same(cell: str) -> None:
    model = narrow(cell)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    wide = widened(model, 17)
    tokens = torch.randint(0, 256, (3, 40))
    torch.testing.assert_close(wide(tokens)[0], model(tokens)[0], rtol=1e-5, atol=1e-5)
    assert wide.config == CharacterModelConfig(cell, 17, 6)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", CELLS)
def test_every_weight_learns_after_one_update(cell: str) -> None:
    wide = widened(narrow(cell), 17)
    optimiser = torch.optim.SGD(wide.parameters(), 0.1)
    tokens = torch.randint(0, 256, (4, 30))
    for _ in range(2):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(wide(tokens)[0].flatten(0, 1), tokens.flatten()).backward()
        optimiser.step()
    assert all(weight.grad is not None and weight.grad[:, 10:].any() for weight in [wide.head.weight])
    assert wide.recurrent.weight_hh_l0.grad[:10, 10:].any()
    assert wide.recurrent.weight_ih_l0.grad[10:17].any()


def test_a_model_is_never_narrowed() -> None:
    with pytest.raises(ValueError, match="can't be widened to 10"):
        widened(narrow("gru"), 10)
