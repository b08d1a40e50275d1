"""Step Jacobians against float64 autograd through one step of PyTorch's own cells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from recurrent_loop import CELLS, _cell, as_float64, make, sequence
from torch import Tensor, nn

from engine.explain.step_jacobian import (
    log_bound,
    recurrent_weight_sizes,
    step_jacobians,
    vanilla_step_bounds,
)
from engine.explain.through_time import gradients_through_time
from engine.models.recurrent_trace import Trace, trace

kinds = pytest.mark.parametrize("kind", CELLS)
STEPS = 12


def state_before(traced: Trace, step: int, layer: int = 0) -> Tensor:
    """(S,) h, or h and c, before a step of a layer, in float64."""
    kept = traced.layers[layer]
    row = kept.row(step) - 1
    names = ("h", "c") if kept.mode == "LSTM" else ("h",)
    return torch.cat([kept.table.tensor[row, kept.table.columns[name]] for name in names]).double()


def by_autograd(module: nn.RNNBase, traced: Trace, step: int, layer: int = 0) -> Tensor:
    """(S, S) from the derivative of one step of a cell, its input held."""
    module = as_float64(module)
    cell, x = _cell(module, module.all_weights[layer]), torch.from_numpy(traced.layers[layer].x[step].copy())
    units = module.hidden_size

    def one_step(state: Tensor) -> Tensor:
        row = x.double()[None]
        if isinstance(cell, nn.LSTMCell):
            return torch.cat(cell(row, (state[None, :units], state[None, units:])), 1)[0]
        return cell(row, state[None])[0]

    return torch.autograd.functional.jacobian(one_step, state_before(traced, step, layer))


def traced(kind: str, units: int = 10, *, scale: float = 1.0, steps: int = STEPS, **more: Any) -> Any:
    module = make(kind, 4, units, dtype=torch.float64, **more)
    for name, weight in module.named_parameters():
        if "hh" in name:
            weight.data.mul_(scale)
    return module, trace(module, sequence(steps, 4))


@kinds
@pytest.mark.parametrize("scale", [1.0, 4.0])
@pytest.mark.parametrize("bias", [True, False])
def test_every_step_is_the_derivative_by_autograd(kind: str, scale: float, bias: bool):
    module, ran = traced(kind, scale=scale, bias=bias)
    found = step_jacobians(ran, module).matrices()
    wanted = torch.stack([by_autograd(module, ran, step) for step in range(STEPS)]).numpy()
    assert np.abs(found - wanted).max() < 1e-13 * max(1, np.abs(wanted).max())


@kinds
@pytest.mark.parametrize("units", [1, 10, 70])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_singular_values_are_those_of_autograds_matrices(kind: str, units: int, scale: float):
    module, ran = traced(kind, units, scale=scale)
    chosen = [0, 5, -1]
    jacobians = step_jacobians(ran, module, chosen)
    wanted = torch.linalg.svdvals(torch.stack([by_autograd(module, ran, step) for step in chosen])).numpy()
    assert np.abs(jacobians.singular_values() - wanted).max() <= 1e-12 * wanted.max()
    largest = jacobians.largest_singular_values()
    assert largest == pytest.approx(wanted[:, 0], rel=1e-6, abs=1e-15)
    assert (largest <= wanted[:, 0] * (1 + 1e-10)).all()


@kinds
def test_float32_says_the_same(kind: str):
    module, ran = traced(kind, 32)
    single = make(kind, 4, 32)
    single.load_state_dict(module.state_dict())
    mine = step_jacobians(trace(single, sequence(STEPS, 4).float()), single)
    exact = step_jacobians(ran, module)
    assert np.abs(mine.matrices() - exact.matrices()).max() < 1e-6
    assert mine.matrices().dtype == np.float32
    assert mine.largest_singular_values() == pytest.approx(exact.singular_values()[:, 0], rel=2e-6)


@kinds
def test_the_product_of_all_steps_is_the_gradient_through_time(kind: str):
    """dL/ds(0) = J(1)-transposed … J(T)-transposed dL/ds(T), in a loop of PyTorch's own cells."""
    module, ran = traced(kind)
    vector = torch.randn(10, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    matrices = torch.from_numpy(step_jacobians(ran, module).matrices())
    gradient = torch.zeros(matrices.shape[-1], dtype=torch.float64)
    gradient[:10] = vector
    for matrix in matrices.flip(0):
        gradient = matrix.T @ gradient
    start = [
        torch.zeros(1, 1, 10, dtype=torch.float64, requires_grad=True) for _ in range(1 + (kind == "lstm"))
    ]
    output = module(sequence(STEPS, 4)[:, None], tuple(start) if kind == "lstm" else start[0])[0]
    (output[-1, 0] * vector).sum().backward()
    assert torch.allclose(
        gradient, torch.cat([each.grad.flatten() for each in start]), rtol=1e-11, atol=1e-15
    )


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_layer_of_several(kind: str, layer: int):
    module = make(kind, 4, 6, 2, dtype=torch.float64)
    ran = trace(module, sequence(STEPS, 4))
    found = step_jacobians(ran, module, [3], layer=layer).matrices()[0]
    assert np.abs(found - by_autograd(module, ran, 3, layer).numpy()).max() < 1e-14


def test_a_layer_that_reads_from_the_end():
    module = make("tanh", 4, 6, bidirectional=True, dtype=torch.float64)
    ran = trace(module, sequence(STEPS, 4))
    weight, h = module.weight_hh_l0_reverse.detach().numpy(), ran.layers[1].h
    found = step_jacobians(ran, module, [2], layer=1).matrices()[0]
    assert np.abs(found - (1 - h[2, :, None] ** 2) * weight).max() < 1e-14


def test_a_projected_hidden_state():
    module = make("lstm", 4, 7, proj_size=3, dtype=torch.float64)
    x = sequence(STEPS, 4)
    ran = trace(module, x)

    def one_step(state: Tensor) -> Tensor:
        given = (state[None, None, :3], state[None, None, 3:])
        return torch.cat([part.flatten() for part in module(x[5, None, None], given)[1]])

    wanted = torch.autograd.functional.jacobian(one_step, state_before(ran, 5)).numpy()
    jacobians = step_jacobians(ran, module, [5])
    assert np.abs(jacobians.matrices()[0] - wanted).max() < 1e-14
    assert jacobians.largest_singular_values()[0] == pytest.approx(np.linalg.norm(wanted, 2), rel=1e-10)
    acting = (module.weight_hh_l0 @ module.weight_hr_l0).detach()[:7]
    assert recurrent_weight_sizes(module)["input"].largest_singular_value == pytest.approx(
        np.linalg.norm(acting.numpy(), 2)
    )


def test_the_paths_of_an_lstm():
    """c to c is the forget gate alone: what the constant error carousel was made for."""
    module, ran = traced("lstm")
    jacobians = step_jacobians(ran, module)
    forget = ran.layers[0].gates["forget"]
    assert np.abs(jacobians.matrices("c") - forget[:, None] * np.eye(10)).max() < 1e-15
    assert jacobians.singular_values("c") == pytest.approx(np.sort(forget)[:, ::-1], rel=1e-12)
    assert np.array_equal(jacobians.matrices("h"), jacobians.matrices()[:, :10, :10])
    gru, other = traced("gru")
    with pytest.raises(ValueError, match="only an LSTM has a cell state"):
        step_jacobians(other, gru).matrices("c")


@pytest.mark.parametrize("case", ["zero", "identity", "orthogonal", "rank one", "one unit far ahead", "huge"])
def test_the_largest_of_matrices_that_are_hard_to_search(case: str):
    """Of linear steps, by keeping a tanh RNN at zero: J is W_hh itself."""
    module = make("tanh", 2, 40, bias=False)
    draw = torch.Generator().manual_seed(0)
    weight = {
        "zero": torch.zeros(40, 40),
        "identity": torch.eye(40),
        "orthogonal": nn.init.orthogonal_(torch.empty(40, 40), 1.3, generator=draw),
        "rank one": torch.outer(torch.arange(40.0), torch.ones(40)),
        "one unit far ahead": torch.diag(torch.cat([torch.tensor([50.0]), torch.rand(39, generator=draw)])),
        "huge": torch.randn(40, 40, generator=draw) * 1e25,
    }[case]
    module.weight_hh_l0.data.copy_(weight)
    found = step_jacobians(trace(module, torch.zeros(3, 2)), module).largest_singular_values()
    assert found == pytest.approx([float(torch.linalg.matrix_norm(weight.double(), 2))] * 3, rel=1e-5)


@kinds
def test_what_is_not_finite_is_said_to_be(kind: str):
    module = make(kind, 4, 6)
    ran = trace(module, sequence(STEPS, 4).float())
    module.weight_hh_l0.data[-1, 0] = math.nan
    jacobians = step_jacobians(ran, module)
    assert np.isnan(jacobians.largest_singular_values()).all()
    assert np.isnan(jacobians.singular_values()).all()
    *sound, broken = recurrent_weight_sizes(module).values()
    assert math.isnan(broken.spectral_radius)
    assert math.isnan(broken.largest_singular_value)
    assert all(math.isfinite(each.spectral_radius) for each in sound)


@kinds
def test_no_steps_and_steps_that_are_not_there(kind: str):
    module, ran = traced(kind)
    none = step_jacobians(ran, module, [])
    assert none.largest_singular_values().shape == (0,)
    assert none.matrices().shape == (0, none.size, none.size)
    with pytest.raises(IndexError, match="no step 12 in a trace of 12"):
        step_jacobians(ran, module, [12])


@kinds
def test_the_sizes_of_the_hidden_weights(kind: str):
    module = make(kind, 4, 20)
    names = {"lstm": ["input", "forget", "cell", "output"], "gru": ["reset", "update", "new"]}.get(
        kind, ["hidden"]
    )
    sizes = recurrent_weight_sizes(module)
    assert list(sizes) == names
    for block, found in zip(module.weight_hh_l0.detach().double().split(20), sizes.values(), strict=True):
        assert found.spectral_radius == pytest.approx(
            np.abs(np.linalg.eigvals(block.numpy())).max(), rel=1e-10
        )
        assert found.largest_singular_value == pytest.approx(np.linalg.norm(block.numpy(), 2), rel=1e-12)


@kinds
@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("steps", [1, 60])
def test_no_gradient_is_above_its_bound(kind: str, scale: float, steps: int):
    module, ran = traced(kind, 16, scale=scale, steps=steps)
    vector = torch.randn(16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    measured = gradients_through_time(ran, module, vector).layers[0].hidden.log_norms
    tight = log_bound(step_jacobians(ran, module).largest_singular_values())
    assert tight.shape == (steps + 1,)
    assert tight[-1] == 0
    assert (measured - measured[-1] <= tight[1:] + 1e-9).all()
    if kind in ("tanh", "relu"):
        loose = log_bound(vanilla_step_bounds(ran, module))
        assert (tight <= loose + 1e-9).all()
        norm = np.linalg.norm(module.weight_hh_l0.detach().numpy(), 2)
        assert (loose <= np.arange(steps, -1, -1) * math.log(norm) + 1e-9).all()


def test_the_bound_is_reached_by_a_linear_network():
    """With an orthogonal W_hh of gain 1.2 and tanh at zero every step lengthens by 1.2 exactly."""
    module = make("tanh", 2, 8, bias=False, dtype=torch.float64)
    nn.init.orthogonal_(module.weight_hh_l0, 1.2)
    ran = trace(module, torch.zeros(50, 2))
    measured = gradients_through_time(ran, module, np.ones(8)).layers[0].hidden.log_norms
    bound = log_bound(vanilla_step_bounds(ran, module))
    assert measured - measured[-1] == pytest.approx(bound[1:], abs=1e-12)
    assert bound[0] == pytest.approx(50 * math.log(1.2), rel=1e-12)


def test_a_step_that_lets_nothing_through():
    assert log_bound(np.array([2.0, 0.0, 4.0])).tolist() == [-math.inf, -math.inf, math.log(4), 0]
    assert np.isnan(log_bound(np.array([1.0, math.nan]))[:2]).all()
    module = make("relu", 3, 4)
    module.bias_ih_l0.data.fill_(-100)
    assert not vanilla_step_bounds(trace(module, sequence(5, 3).float()), module).any()


def test_the_bound_is_not_about_gates():
    module, ran = traced("gru")
    with pytest.raises(ValueError, match="of a vanilla RNN"):
        vanilla_step_bounds(ran, module)
