"""Singular values, bounds and gates against float64 autograd, and health against its words."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.sequence_tasks import TASKS, Batch
from engine.labs.gradient_flow.flow import MeasuredFlow, flow_of_sample
from engine.labs.gradient_flow.health import HealthRecord, dead, saturated
from engine.labs.gradient_flow.mechanism import MechanismRecord, evenly
from engine.labs.gradient_flow.snapshot import Mechanism
from engine.models.recurrent_networks import NETWORKS, NetworkConfig, RecurrentNetwork

every_cell = pytest.mark.parametrize("cell", NETWORKS)


def flow_of(
    cell: str, length: int = 30, hidden: int = 10, task: str = "recall", **more: Any
) -> tuple[RecurrentNetwork, Batch, MeasuredFlow]:
    chosen = TASKS[task]
    config = NetworkConfig(cell, chosen.inputs, hidden, chosen.outputs, length=length, **more)
    network = RecurrentNetwork(config)
    sample = chosen.batch(torch.Generator().manual_seed(1), 2, length).sample(0)
    return network, sample, flow_of_sample(network, chosen, sample, 5)


def mechanism_of(network: RecurrentNetwork, flow: MeasuredFlow) -> Mechanism:
    record = MechanismRecord(network.recurrent)
    *_, (done, total) = record.measure(flow)
    seen = record.seen()
    assert done == total
    assert seen is not None
    return seen


def step_of(module: nn.RNNBase, x: Tensor) -> Any:
    """s(t) to s(t + 1) for the input of that step, by PyTorch's module in float64."""

    def step(state: Tensor) -> Tensor:
        parts = tuple(part[None, None] for part in state.split(module.hidden_size))
        after = module(x[None], parts if len(parts) > 1 else parts[0])[1]
        return torch.cat([part.flatten() for part in (after if isinstance(after, tuple) else (after,))])

    return step


def jacobians(network: RecurrentNetwork, sample: Batch) -> list[Tensor]:
    """Every step's, by autograd."""
    module = deepcopy(network.recurrent).double()
    state = torch.zeros(module.hidden_size * (2 if module.mode == "LSTM" else 1), dtype=torch.float64)
    found = []
    for x in sample.inputs.double():
        step = step_of(module, x)
        found.append(torch.autograd.functional.jacobian(step, state))
        state = step(state).detach()
    return found


@every_cell
def test_singular_values_are_those_of_autograds_jacobian(cell: str):
    network, sample, flow = flow_of(cell)
    seen = mechanism_of(network, flow)
    assert seen.step == 5
    assert seen.places.tolist() == list(range(30))
    values = [torch.linalg.svdvals(matrix).numpy() for matrix in jacobians(network, sample)]
    assert seen.largest == pytest.approx([each[0] for each in values], rel=1e-4)
    assert seen.middle == pytest.approx([np.median(each) for each in values], abs=1e-4)
    assert seen.smallest == pytest.approx([each[-1] for each in values], abs=1e-4)


@every_cell
@pytest.mark.parametrize("task", ["recall", "copy"])
def test_no_measured_gradient_lies_above_the_bound(cell: str, task: str):
    network, sample, flow = flow_of(cell, 60, task=task, initialisation="orthogonal", gate_bias="chrono")
    seen = mechanism_of(network, flow)
    assert seen.log10_bound.shape == (61,)
    assert (seen.log10_bound >= flow.log10_norms - 1e-6).all()
    assert seen.log10_bound[-1] == pytest.approx(flow.log10_norms[-1])
    if cell not in ("rnn", "relu", "irnn") and task == "recall":
        norms = [math.log10(torch.linalg.matrix_norm(each, 2)) for each in jacobians(network, sample)]
        assert seen.log10_bound[0] - seen.log10_bound[-1] == pytest.approx(sum(norms), abs=60 * 5e-4)


def test_the_bound_of_a_vanilla_network_is_pascanus():
    network, _, flow = flow_of("rnn")
    seen = mechanism_of(network, flow)
    weight = network.recurrent.weight_hh_l0.detach().double()
    norm = float(torch.linalg.matrix_norm(weight, 2))
    slopes = 1 - flow.trace.layers[0].h.astype(np.float64) ** 2
    steps = np.diff(seen.log10_bound)
    assert -steps == pytest.approx(np.log10(norm * slopes.max(1)), abs=1e-6)
    assert seen.gates == ("hidden",)
    assert seen.spectral_radius[0, 0] == pytest.approx(float(torch.linalg.eigvals(weight).abs().max()))
    assert seen.largest_singular[0, 0] == pytest.approx(norm)


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "forget"), ("gru", "update"), ("rnn", "")])
def test_the_gate_that_keeps_the_past(cell: str, gate: str):
    network, _, flow = flow_of(cell, gate_bias="chrono")
    seen = mechanism_of(network, flow)
    assert seen.gate == gate
    if gate:
        values = flow.trace.layers[0].gates[gate]
        assert seen.gate_mean == pytest.approx(values.mean(1))
        assert ((values < seen.gate_low[:, None]).sum(1) == 1).all()  # of ten units
        assert ((values > seen.gate_high[:, None]).sum(1) == 1).all()
        assert seen.spectral_radius.shape == (len(seen.gates), 1)
    else:
        assert seen.gate_mean.shape == (0,)


def test_the_weights_are_followed_over_training_while_the_rest_is_as_it_was():
    network, sample, flow = flow_of("lstm")
    record = MechanismRecord(network.recurrent)
    assert record.seen() is None
    first = record.measure(flow)
    next(first)
    network.recurrent.weight_hh_l0.data.mul_(3)  # training goes on between two slices
    list(first)
    before = record.seen()
    later = flow_of_sample(network, TASKS["recall"], sample, 9)
    record.measure_weights(later)
    record.measure_weights(later)
    seen = record.seen()
    assert (before.step, seen.step) == (5, 5)
    assert seen.radius_steps.tolist() == [5, 9]
    assert seen.spectral_radius[:, 1] == pytest.approx(3 * before.spectral_radius[:, 0], rel=1e-5)
    assert np.array_equal(seen.largest, before.largest)
    wanted = mechanism_of(*flow_of("lstm")[::2])
    assert seen.largest == pytest.approx(wanted.largest, rel=1e-6)


def test_a_network_without_numbers_has_none_here_either():
    network, sample, _ = flow_of("gru")
    network.recurrent.bias_ih_l0.data.fill_(math.nan)
    seen = mechanism_of(network, flow_of_sample(network, TASKS["recall"], sample, 1))
    for values in (seen.largest, seen.middle, seen.smallest, seen.log10_bound[:-1]):
        assert np.isnan(values).all()


def test_a_large_network_is_measured_at_fewer_places():
    large = flow_of("lstm", 40, 128)
    seen = mechanism_of(*large[::2])
    assert 3 <= len(seen.places) < 10
    assert (seen.places[0], seen.places[-1]) == (0, 39)
    assert seen.log10_bound.shape == (41,)


def test_what_can_be_seen_cannot_be_written_to():
    seen = mechanism_of(*flow_of("lstm")[::2])
    arrays = [value for value in vars(seen).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 12
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize(("steps", "count"), [(1, 50), (2, 3), (7, 50), (300, 50), (1000, 3)])
def test_places_are_spread_over_the_sequence(steps: int, count: int):
    places = evenly(steps, count)
    assert len(places) == min(steps, count)
    assert (places[0], places[-1]) == (0, steps - 1)
    assert max(np.diff(places), default=0) - min(np.diff(places), default=0) <= 1


def test_saturated_and_dead_are_what_their_words_say():
    hidden = np.array([[0.995, 0.0, 0.5, -0.999], [0.995, 0.0, 0.505, 0.2], [0.994, 0.0, 0.5, 0.3]])
    assert saturated(hidden, is_relu=False) == pytest.approx(4 / 12)
    assert dead(hidden, is_relu=False) == 3 / 4
    assert saturated(hidden * 50, is_relu=True) == 0
    assert dead(hidden, is_relu=True) == 1 / 4


def test_health_is_bounded():
    record = HealthRecord(["a", "b"], is_relu=True)
    assert record.seen() is None
    for step in range(1, 3000):
        record.add(step, [1.0, 2.0], [0.1, 0.2], np.ones((3, 2)))
    seen = record.seen()
    assert record.seen() is seen
    assert 128 <= len(seen.steps) <= 256
    assert seen.gradient_norms.shape == seen.update_ratios.shape == (2, len(seen.steps))
    assert (seen.gradient_norms[1] == 2).all()
    assert seen.update_ratios[0] == pytest.approx(0.1)
    assert not seen.dead.any()
    assert not any(array.flags.writeable for array in vars(seen).values() if isinstance(array, np.ndarray))
