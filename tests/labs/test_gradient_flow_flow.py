"""‖∂L/∂h(t)‖ of one sequence against float64 autograd through a loop of PyTorch's cells, and its record."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from recurrent_loop import as_float64, grads, loop
from torch import nn

from engine.data.sequence_tasks import TASKS, Batch, Task
from engine.labs.gradient_flow.flow import MAP_ROWS, RECENT, FlowRecord, MeasuredFlow, flow_of_sample
from engine.models.recurrent_networks import INITIALISATIONS, NETWORKS, NetworkConfig, RecurrentNetwork
from engine.read_only import read_only

RELATIVE = {torch.float32: 1e-4, torch.float64: 1e-12}
"""How far a norm may lie from autograd's; measured: 2e-6 and 2e-14."""
FLOAT32_ENDS = math.log10(np.finfo(np.float32).smallest_subnormal)


def sample_of(task: Task, length: int, seed: int = 0) -> Batch:
    return task.batch(torch.Generator().manual_seed(seed), 3, length).sample(0)


def network_of(cell: str, task: Task, length: int, hidden: int = 12, **more: Any) -> RecurrentNetwork:
    return RecurrentNetwork(NetworkConfig(cell, task.inputs, hidden, task.outputs, length=length, **more))


def autograd_norms(network: RecurrentNetwork, task: Task, sample: Batch) -> np.ndarray:
    """(T + 1,) the same by autograd in float64, with the states as leaves' and loop's own gradients."""
    head = nn.Linear(network.head.in_features, network.head.out_features, dtype=torch.float64)
    head.load_state_dict(network.head.state_dict())
    ran = loop(network.recurrent, sample.inputs[:, 0])
    hidden = torch.stack(ran.h[0])
    targets = sample.targets.double() if sample.targets.is_floating_point() else sample.targets
    task.loss(head(hidden if task.every_step else hidden[-1]), targets).backward()
    module = as_float64(network.recurrent)
    h = torch.zeros(1, 1, module.hidden_size, dtype=torch.float64, requires_grad=True)
    output = module(sample.inputs.double(), (h, torch.zeros_like(h)) if module.mode == "LSTM" else h)[0]
    task.loss(head(output if task.every_step else output[-1]), targets).backward()
    return torch.cat([h.grad[0], grads(ran.h[0])]).norm(dim=1).numpy()


@pytest.mark.parametrize("task", [TASKS[name] for name in TASKS], ids=str)
@pytest.mark.parametrize("cell", NETWORKS)
def test_every_norm_is_that_of_autograd(cell: str, task: Task):
    """Every cell, start and task at three lengths, in float32 as it trains and in float64."""
    for length in (5, 20, 60) if task.fixed_length is None else (60,):
        for start in INITIALISATIONS:
            network = network_of(cell, task, length, initialisation=start, gate_bias="chrono")
            sample = sample_of(task, length)
            wanted = autograd_norms(network, task, sample)
            for dtype in (torch.float32, torch.float64):
                found = flow_of_sample(network.to(dtype), task, sample, 7)
                norms = 10**found.log10_norms
                assert found.step == 7
                assert norms == pytest.approx(wanted, rel=RELATIVE[dtype], abs=1e-300)


def test_what_the_network_has_put_out_spares_running_it_again():
    task = TASKS["copy"]
    network, drawn = network_of("lstm", task, 30), task.batch(torch.Generator(), 4, 30)
    hidden = network(drawn.inputs)[1][:, 0]
    alone = flow_of_sample(network, task, drawn.sample(0), 1)
    again = flow_of_sample(network, task, drawn.sample(0), 1, output=hidden)
    assert again.log10_norms == pytest.approx(alone.log10_norms, abs=1e-4)


def linear(radius: float, length: int) -> tuple[RecurrentNetwork, Batch]:
    """A relu RNN whose units never fall to 0, and which is thus linear; W_hh has that spectral radius."""
    network = network_of("relu", TASKS["adding"], length, 6).double()
    with torch.no_grad():
        weight = network.recurrent.weight_hh_l0.abs_()
        weight.mul_(radius / torch.linalg.eigvals(weight).abs().max())
        network.recurrent.bias_ih_l0.fill_(5.0)
    sample = sample_of(TASKS["adding"], length)
    return network, Batch(sample.inputs.double(), sample.targets.double())


@pytest.mark.parametrize(("radius", "length"), [(0.3, 300), (0.3, 40), (1.2, 40)])
def test_a_linear_network_hands_back_exactly_a_power_of_its_matrix(radius: float, length: int):
    network, sample = linear(radius, length)
    found = flow_of_sample(network, TASKS["adding"], sample, 1)
    with torch.no_grad():
        output = network(sample.inputs)[0][0, 0]
        direct = 2 * (output - sample.targets[0]) * network.head.weight[0]
    assert found.log10_direct[-1] == pytest.approx(math.log10(direct.norm()))
    weight = network.recurrent.weight_hh_l0.detach()
    for back in (1, 7, length):
        handed = torch.linalg.matrix_power(weight.t(), back) @ direct
        largest = handed.abs().max()  # the squares alone may be too small for float64
        wanted = math.log10(largest) + math.log10((handed / largest).norm())
        assert found.log10_norms[length - back] == pytest.approx(wanted, abs=1e-9)
    assert found.log10_norms[1] - found.log10_norms[0] == pytest.approx(-math.log10(radius), abs=1e-6)


def test_what_float32_would_show_as_nothing_has_its_number():
    task = TASKS["recall"]
    network = network_of("rnn", task, 300, 64, initialisation="gaussian", gain=0.3)
    found = flow_of_sample(network, task, sample_of(task, 300), 1)
    assert np.isfinite(found.log10_norms).all()
    assert found.log10_norms[0] < 3 * FLOAT32_ENDS
    assert found.has_numbers
    assert found.log10_norms[:200] == pytest.approx(
        flow_of_sample(network.double(), task, sample_of(task, 300), 1).log10_norms[:200], abs=1e-3
    )


def test_what_the_loss_takes_itself():
    sample = sample_of(TASKS["copy"], 24)
    found = flow_of_sample(network_of("gru", TASKS["copy"], 24), TASKS["copy"], sample, 1)
    assert found.log10_direct[0] == -math.inf
    assert np.isfinite(found.log10_direct[1:]).all()
    assert found.log10_direct[-1] == found.log10_norms[-1]


def measured(step: int, value: float, steps: int = 9) -> MeasuredFlow:
    network, sample = network_of("rnn", TASKS["recall"], steps), sample_of(TASKS["recall"], steps)
    found = flow_of_sample(network, TASKS["recall"], sample, step)
    return MeasuredFlow(step, np.full(steps + 1, value), found.log10_direct, found.trace, found.module)


def test_the_record_is_bounded_and_true():
    record, one = FlowRecord(9), measured(1, 0.0)
    for step in range(1, 2001):
        curve = read_only(np.full(10, -float(step)))
        record.add(MeasuredFlow(step, curve, one.log10_direct, one.trace, one.module))
        if step == 30:
            assert len(record.seen().recent) == 29  # densely at first
    seen = record.seen()
    assert record.seen() is seen
    assert (seen.step, seen.log10_norms[0]) == (2000, -2000)
    assert seen.recent.shape == (RECENT, 10)
    assert np.array_equal(seen.recent[:, 0], -seen.recent_steps)
    assert (np.diff(seen.recent_steps) == 8).all()
    assert 2000 - seen.recent_steps[0] > 300
    assert MAP_ROWS // 2 < len(seen.map) <= MAP_ROWS
    assert seen.map[0, 0] == pytest.approx(-np.mean(range(1, seen.map_steps[1])))
    assert record.log10_largest == -1
    arrays = (seen.log10_norms, seen.recent, seen.recent_steps, seen.map, seen.map_steps)
    assert not any(array.flags.writeable for array in arrays)


def test_nan_is_never_written_down():
    record = FlowRecord(9)
    assert not measured(1, math.nan).has_numbers
    assert record.add(measured(1, math.nan))
    assert np.isnan(record.seen().log10_norms).all()  # there is nothing else to be seen
    assert record.add(measured(2, 5.0))
    assert not record.add(measured(2, 6.0))
    assert not record.add(measured(3, math.nan))
    assert not record.add(measured(3, math.inf))
    assert record.seen().step == 2
    assert (len(record.seen().map), len(record.seen().recent), record.log10_largest) == (1, 0, 5.0)
    with pytest.raises(RuntimeError):
        FlowRecord(9).seen()
