"""Back-propagation through time in slices against one pass over all steps."""

from __future__ import annotations

import math

import pytest
import torch

from engine.data.sequence_tasks import TASKS
from engine.labs.gradient_flow.slices import SlicedPass, slice_steps
from engine.models.recurrent_networks import NETWORKS, NetworkConfig, RecurrentNetwork


@pytest.mark.parametrize("task", ["recall", "copy"])
@pytest.mark.parametrize("cell", NETWORKS)
def test_a_pass_in_slices_is_the_pass_as_a_whole(cell: str, task: str, monkeypatch):
    chosen = TASKS[task]
    network = RecurrentNetwork(NetworkConfig(cell, chosen.inputs, 8, chosen.outputs, gate_bias="chrono"))
    batch = chosen.batch(torch.Generator().manual_seed(0), 5, 100)
    outputs, hidden = network(batch.inputs, chosen.every_step)
    chosen.loss(outputs, batch.targets).backward()
    wanted = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
    for width in (7, 64, 100):
        monkeypatch.setattr("engine.labs.gradient_flow.slices.MOST", width)
        monkeypatch.setattr("engine.labs.gradient_flow.slices.FEWEST", width)
        network.zero_grad()
        ran = SlicedPass(network, chosen, batch)
        count = math.ceil(100 / width)
        assert len(list(ran.forward())) == count
        assert torch.allclose(ran.hidden(2), hidden[:, 2], atol=1e-6)
        assert float(ran.accuracy) == float(chosen.accuracy(outputs, batch.targets))
        assert len(list(ran.backward())) == count
        for name, parameter in network.named_parameters():
            assert torch.allclose(parameter.grad, wanted[name], rtol=1e-4, atol=1e-7), (name, width)


def test_how_long_a_slice_is_hangs_on_sizes_alone():
    batch = TASKS["recall"].batch(torch.Generator(), 64, 200)
    lengths = [
        slice_steps(RecurrentNetwork(NetworkConfig(cell, 8, hidden, 8)), batch)
        for cell, hidden in (("rnn", 8), ("gru", 64), ("lstm", 64), ("lstm", 512))
    ]
    assert lengths == [64, 64, 64, 8]
