"""Networks too wide to be decomposed: the largest singular values and the bounds that are sought instead."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from recurrent_loop import as_float64
from torch import Tensor, nn

from engine.data.sequence_tasks import TASKS, Batch
from engine.explain.step_jacobian import (
    DIRECTIONS,
    SOUGHT_BELOW,
    WIDE,
    recurrent_weight_norms,
    step_jacobians,
    vanilla_step_bounds,
    weight_norm_bound,
)
from engine.labs.gradient_flow import mechanism
from engine.labs.gradient_flow.config import EXAMPLE
from engine.labs.gradient_flow.flow import MeasuredFlow, flow_of_sample
from engine.labs.gradient_flow.mechanism import LARGE_STATE, PLACES, MechanismRecord
from engine.labs.gradient_flow.sentence import Sentence
from engine.labs.gradient_flow.snapshot import Mechanism
from engine.models.language_models import load_language_models
from engine.models.recurrent_networks import NetworkConfig, RecurrentNetwork
from engine.models.recurrent_trace import trace

UNITS = {"rnn": 520, "lstm": 260, "gru": 520}
every_kind = pytest.mark.parametrize("cell", UNITS)


def flow_of(cell: str, length: int, hidden: int) -> tuple[RecurrentNetwork, Batch, MeasuredFlow]:
    task = TASKS["recall"]
    network = RecurrentNetwork(NetworkConfig(cell, task.inputs, hidden, task.outputs, length=length))
    sample = task.batch(torch.Generator().manual_seed(1), 2, length).sample(0)
    return network, sample, flow_of_sample(network, task, sample, 5)


def measured(network: RecurrentNetwork, flow: MeasuredFlow) -> Mechanism:
    record = MechanismRecord(network.recurrent)
    *_, (done, total) = record.measure(flow)
    seen = record.seen()
    assert done == total
    assert seen is not None
    return seen


def norm_by_autograd(module: nn.RNNBase, x: Tensor, state: Tensor) -> float:
    """The largest singular value of the derivative of one step of PyTorch's own module in float64."""
    module = as_float64(module)

    def step(state: Tensor) -> Tensor:
        parts = tuple(part[None, None] for part in state.split(module.hidden_size))
        after = module(x.double()[None, None], parts if len(parts) > 1 else parts[0])[1]
        return torch.cat([part.flatten() for part in (after if isinstance(after, tuple) else (after,))])

    jacobian = torch.autograd.functional.jacobian(step, state.double(), vectorize=True)
    return float(torch.linalg.svdvals(jacobian)[0])


def state_after(flow: MeasuredFlow, step: int) -> Tensor:
    layer = flow.trace.layers[-1]
    parts = [layer.h[step]] if layer.c is None else [layer.h[step], layer.c[step]]
    return torch.from_numpy(np.concatenate(parts))


@every_kind
def test_the_largest_singular_value_is_that_of_autograds_jacobian(cell: str) -> None:
    network, _, flow = flow_of(cell, 12, UNITS[cell])
    seen = measured(network, flow)
    assert seen.places.tolist() == list(range(12))
    for step in (1, 8):
        x = torch.from_numpy(flow.trace.layers[-1].x[step].copy())
        wanted = norm_by_autograd(network.recurrent, x, state_after(flow, step - 1))
        assert wanted * (1 - SOUGHT_BELOW) < seen.largest[step] < wanted * (1 + 1e-5)
    for nothing in (seen.middle, seen.smallest):  # not measured, and not made up
        assert np.isnan(nothing).all()


@every_kind
def test_no_gradient_lies_above_the_bound_of_a_wide_network(cell: str) -> None:
    network, _, flow = flow_of(cell, 12, UNITS[cell])
    seen = measured(network, flow)
    assert seen.log10_bound.shape == (13,)
    assert (seen.log10_bound >= flow.log10_norms - 1e-9).all()
    if cell == "rnn":
        norm = float(torch.linalg.matrix_norm(network.recurrent.weight_hh_l0.detach().double(), 2))
        slopes = 1 - flow.trace.layers[0].h.astype(np.float64) ** 2
        excess = -np.diff(seen.log10_bound) - np.log10(norm * slopes.max(1))
        assert (excess > 0).all()
        assert (excess <= math.log10(1 + SOUGHT_BELOW)).all()
    else:
        steps = np.log10(seen.largest * (1 + SOUGHT_BELOW))
        assert -np.diff(seen.log10_bound) == pytest.approx(steps, abs=1e-9)


@every_kind
def test_of_weights_that_are_too_wide_the_norm_is_known_and_no_radius_made_up(cell: str) -> None:
    network, _, flow = flow_of(cell, 3, 260)
    seen = measured(network, flow)
    assert np.isnan(seen.spectral_radius).all()
    blocks = network.recurrent.weight_hh_l0.detach().double().split(260)
    wanted = [float(torch.linalg.matrix_norm(block, 2)) for block in blocks]
    assert seen.largest_singular[:, 0] == pytest.approx(wanted, rel=SOUGHT_BELOW)


def test_of_a_long_sequence_some_steps_are_looked_at_and_slices_stay_short(monkeypatch) -> None:
    network, _, flow = flow_of("lstm", 120, 300)
    whole = measured(network, flow)
    monkeypatch.setattr(mechanism, "BOUND_WORK", 1000)
    sparse = measured(network, flow)
    assert sparse.log10_bound.shape == (0,)
    assert len(sparse.places) == PLACES
    assert (sparse.places[0], sparse.places[-1]) == (0, 119)
    assert sparse.largest == pytest.approx(whole.largest, rel=1e-5)
    assert sparse.places.tolist() == whole.places.tolist()
    for steps, directions in ((64, 4), (56, 4), (2, DIRECTIONS)):
        parts = mechanism._Parts(120, 600, 4 * 300 * 300, is_gated=True)
        monkeypatch.setattr(mechanism, "SEEK_WORK", 2 * 64 * 4 * 300 * 300 * 5)
        assert parts.directions(list(range(steps))) == directions
    assert parts.slices == len(list(MechanismRecord(network.recurrent).measure(flow))) - 2


def test_seeking_in_slices_is_seeking_at_once() -> None:
    network, _, flow = flow_of("gru", 5, 30)
    jacobians = step_jacobians(flow.trace, network.recurrent)
    sought: list[np.ndarray] = []

    def seek() -> Iterator[None]:
        sought.append((yield from jacobians.seek_largest()))

    assert len(list(seek())) == DIRECTIONS
    assert np.array_equal(sought[0], jacobians.largest_singular_values())


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("units", [WIDE // 8, WIDE + 44])
def test_the_norms_of_weights_narrow_and_wide(kind: type[nn.RNNBase], units: int) -> None:
    module = kind(3, units)
    blocks = module.weight_hh_l0.detach().double().split(units)
    norms = recurrent_weight_norms(module)
    for block, found in zip(blocks, norms.values(), strict=True):
        wanted = float(torch.linalg.matrix_norm(block, 2))
        assert wanted * (1 - SOUGHT_BELOW) < found < wanted * (1 + 1e-6)
    if kind is nn.RNN:
        assert norms["hidden"] <= weight_norm_bound(module) <= norms["hidden"] * (1 + SOUGHT_BELOW)
        bounds = vanilla_step_bounds(trace(module, torch.zeros(2, 3)), module)
        assert (bounds <= weight_norm_bound(module)).all()
    module.weight_hh_l0.data.fill_(math.nan)
    assert all(math.isnan(found) for found in recurrent_weight_norms(module).values())


def test_a_step_of_the_network_that_reads_prose() -> None:
    model = load_language_models("prose")["gru"].requires_grad_(False)
    assert model.recurrent.hidden_size > LARGE_STATE
    read = Sentence(EXAMPLE[:12])
    for _ in read.measure():
        pass
    seen, flow = read.runners()[-1], read.networks["gru"].newest
    assert flow is not None
    x = torch.from_numpy(flow.trace.layers[-1].x[7].copy())
    batched = nn.GRU(x.shape[0], model.recurrent.hidden_size)
    batched.load_state_dict(model.recurrent.state_dict())
    wanted = norm_by_autograd(batched, x, state_after(flow, 6))
    assert seen.mechanism.largest[7] == pytest.approx(wanted, rel=1e-4)
    for one in read.runners():
        assert np.isfinite(one.mechanism.largest).all()
        assert (one.mechanism.log10_bound >= one.flow.log10_norms).all()
