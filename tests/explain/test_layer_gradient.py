"""What a change of a layer's output does to the loss: autograd's own, and the model stays as it is."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.errors import UserError
from engine.explain.layer_gradient import layer_gradient


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(3 * 16, 4),
        nn.ReLU(),
        nn.Linear(4, 5),
    )
    return layers.double().eval().requires_grad_(False)


def test_it_is_the_numerical_derivative(model: nn.Sequential):
    x = torch.randn(1, 1, 6, 6, dtype=torch.float64)
    for place in (0, 3):
        found = layer_gradient(model, model[place], x, 2)
        output = model[: place + 1](x)
        rest = model[place + 1 :]
        flat = found.flatten()
        for index in range(0, len(flat), 5):
            bump = torch.zeros(len(flat), dtype=torch.float64)
            bump[index] = 1e-6
            ends = [
                F.cross_entropy(rest((output + sign * bump.view_as(output)).clone()), torch.tensor([2]))
                for sign in (1, -1)
            ]
            assert float(flat[index]) == pytest.approx(float((ends[0] - ends[1]) / 2e-6), abs=1e-7)


def test_nothing_stays_behind(model: nn.Sequential):
    x = torch.randn(1, 1, 6, 6, dtype=torch.float64)
    layer_gradient(model, model[0], x, 0)
    assert not model[0]._forward_hooks
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())


def test_a_layer_that_the_answer_does_not_depend_on(model: nn.Sequential):
    with pytest.raises(UserError, match="does not depend"):
        layer_gradient(model, nn.Linear(2, 2), torch.randn(1, 1, 6, 6, dtype=torch.float64), 0)
