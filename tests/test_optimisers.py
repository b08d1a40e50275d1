"""The optimisers take PyTorch's own steps and go on exactly from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.checkpoint import load_tensors, save_tensors
from engine.optimisers import SGD, Adam, Optimiser

STEPS = 20
Make = Callable[[list[nn.Parameter]], Any]
PAIRS: dict[str, tuple[Make, Make]] = {
    "Adam": (lambda p: Adam(p, 0.01), lambda p: torch.optim.Adam(p, 0.01, fused=True)),
    "Adam, decaying": (
        lambda p: Adam(p, 0.01, (0.8, 0.95), 1e-6, 0.1),
        lambda p: torch.optim.Adam(p, 0.01, (0.8, 0.95), 1e-6, 0.1, fused=True),
    ),
    "AdamW": (
        lambda p: Adam(p, 0.01, weight_decay=0.1, decoupled=True),
        lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1, fused=True),
    ),
    "SGD": (lambda p: SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1, fused=True)),
    "SGD, decaying": (
        lambda p: SGD(p, 0.1, 0.9, 0.1),
        lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1, fused=True),
    ),
    "Nesterov": (
        lambda p: SGD(p, 0.1, 0.9, 0.1, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1, nesterov=True, fused=True),
    ),
}
PLAIN: dict[str, tuple[Make, Make]] = {
    "AdamW": (PAIRS["AdamW"][0], lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1, foreach=False)),
    "Nesterov": (
        PAIRS["Nesterov"][0],
        lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1, nesterov=True, foreach=False),
    ),
}


def weights() -> list[nn.Parameter]:
    """A matrix, a vector and a matrix of doubles, the same at every call."""
    generator = torch.Generator().manual_seed(0)
    return [
        nn.Parameter(torch.randn(37, 23, generator=generator)),
        nn.Parameter(torch.randn(23, generator=generator)),
        nn.Parameter(torch.randn(5, 3, generator=generator, dtype=torch.float64)),
    ]


def train(optimiser: Any, parameters: list[nn.Parameter], steps: int = STEPS) -> None:
    for _ in range(steps):
        optimiser.zero_grad()
        sum((p - 0.3).pow(2).sin().sum() for p in parameters).backward()
        optimiser.step()


@pytest.mark.parametrize("name", PAIRS)
def test_twenty_steps_are_those_of_pytorch_bit_for_bit(name: str) -> None:
    (mine, theirs), parameters, plain = PAIRS[name], weights(), weights()
    train(mine(parameters), parameters)
    train(theirs(plain), plain)
    for own, other, start in zip(parameters, plain, weights(), strict=True):
        assert own.equal(other)
        assert not own.equal(start)


@pytest.mark.parametrize("name", PLAIN)
def test_twenty_steps_are_those_of_the_formula_written_out(name: str) -> None:
    (mine, theirs), parameters, plain = PLAIN[name], weights(), weights()
    train(mine(parameters), parameters)
    train(theirs(plain), plain)
    for own, other in zip(parameters, plain, strict=True):
        torch.testing.assert_close(own, other, rtol=2e-6, atol=2e-7)


def test_a_learning_rate_given_to_a_step_holds_for_that_step_alone() -> None:
    parameters = weights()
    optimiser = SGD(parameters, 0.1)
    sum(p.sum() for p in parameters).backward()
    before = [p.detach().clone() for p in parameters]
    optimiser.step(0.5)
    optimiser.step()
    optimiser.lr = 0.25
    optimiser.step()
    for own, start in zip(parameters, before, strict=True):
        torch.testing.assert_close(own.detach(), start - (0.5 + 0.1 + 0.25))


def test_a_parameter_without_a_gradient_is_left_alone() -> None:
    parameters = weights()
    optimiser = Adam(parameters, 0.1, weight_decay=0.1, decoupled=True)
    parameters[1].square().sum().backward()
    optimiser.step()
    assert [p.equal(start) for p, start in zip(parameters, weights(), strict=True)] == [True, False, True]
    assert optimiser.tensors()["step.0"] == 0
    optimiser.zero_grad()
    assert parameters[1].grad is None


@pytest.mark.parametrize("name", ["Adam, decaying", "AdamW", "Nesterov"])
def test_from_a_file_it_goes_on_exactly(tmp_path: Path, name: str) -> None:
    make, parameters = PAIRS[name][0], weights()
    optimiser = make(parameters)
    train(optimiser, parameters, 7)
    save_tensors(tmp_path / "o.safetensors", optimiser.tensors())
    again = [nn.Parameter(p.detach().clone()) for p in parameters]
    resumed = make(again)
    resumed.restore(load_tensors(tmp_path / "o.safetensors")[0])
    train(optimiser, parameters, 7)
    train(resumed, again, 7)
    assert all(own.equal(other) for own, other in zip(parameters, again, strict=True))


@pytest.mark.parametrize("spoil", ["missing", "shape"])
def test_the_tensors_of_another_model_are_refused_and_nothing_changes(spoil: str) -> None:
    parameters = weights()
    optimiser: Optimiser = Adam(parameters, 0.01)
    train(optimiser, parameters, 2)
    before = {name: t.clone() for name, t in optimiser.tensors().items()}
    tensors = {name: torch.zeros_like(t) for name, t in before.items()}
    if spoil == "missing":
        del tensors["exp_avg.1"]
    else:
        tensors["exp_avg.1"] = torch.zeros(24)
    with pytest.raises(ValueError, match=r"exp_avg\.1"):
        optimiser.restore(tensors)
    assert all(t.equal(before[name]) for name, t in optimiser.tensors().items())


def test_nesterovs_momentum_needs_one() -> None:
    with pytest.raises(ValueError, match="momentum"):
        SGD(weights(), 0.1, nesterov=True)
