"""The six networks: against PyTorch's own start and cells, and against what the papers start with."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from recurrent_loop import loop, sequence
from torch import Tensor, nn

from engine.models.recurrent_networks import NETWORKS, NetworkConfig, RecurrentNetwork

MODULES = {
    "rnn": lambda *sizes: nn.RNN(*sizes),
    "relu": lambda *sizes: nn.RNN(*sizes, nonlinearity="relu"),
    "lstm": lambda *sizes: nn.LSTM(*sizes),
    "gru": lambda *sizes: nn.GRU(*sizes),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def build(name: str, hidden: int = 16, inputs: int = 3, outputs: int = 5, **more: Any) -> RecurrentNetwork:
    return RecurrentNetwork(NetworkConfig(name, inputs, hidden, outputs, **more))


def bias_of(network: RecurrentNetwork, gate: int) -> Tensor:
    """b_ih + b_hh of a gate, by its place among the rows."""
    weights, units = network.weights(), network.config.hidden
    total = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    return total[gate * units : (gate + 1) * units]


@pytest.mark.parametrize("name", MODULES)
def test_the_default_start_is_that_of_pytorch(name: str):
    torch.manual_seed(7)
    module, head = MODULES[name](3, 16), nn.Linear(16, 5)
    wanted = dict(module.named_parameters()) | {f"head.{key}": each for key, each in head.named_parameters()}
    found = build(name, seed=7).weights()
    assert list(found) == list(wanted)
    for key, weight in wanted.items():
        assert torch.allclose(found[key], weight, rtol=1e-6, atol=0)


@every_network
def test_nothing_is_taken_from_the_generator_of_pytorch(name: str):
    before = torch.random.get_rng_state()
    one, same, other = (build(name, seed=seed, gate_bias="chrono").weights() for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["weight_ih_l0"], other["weight_ih_l0"])


@every_network
@pytest.mark.parametrize("every_step", [False, True])
def test_the_outputs_are_those_of_a_loop_of_cells(name: str, every_step: bool):
    network, x = build(name, gate_bias="one"), torch.stack([sequence(9, 3, seed=seed) for seed in (1, 2)], 1)
    outputs, hidden = network(x.float(), every_step)
    for index in range(2):
        wanted = loop(network.recurrent, x[:, index]).output
        assert torch.allclose(hidden[:, index].double(), wanted, atol=1e-6)
        logits = wanted @ network.head.weight.double().T + network.head.bias.double()
        mine = outputs[:, index] if every_step else outputs[index]
        assert torch.allclose(mine.double(), logits if every_step else logits[-1], atol=1e-6)


@every_network
def test_every_weight_learns_and_the_upstream_gradient_is_left_behind(name: str):
    network = build(name)
    outputs, hidden = network(torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0)))
    hidden.retain_grad()
    (outputs.square().sum() / 2).backward()
    assert all(each.grad is not None and each.grad.abs().max() > 0 for each in network.parameters())
    assert torch.allclose(hidden.grad[-1], outputs.detach() @ network.head.weight, atol=1e-6)
    assert not hidden.grad[:-1].any()


@pytest.mark.parametrize("name", ["rnn", "relu", "lstm", "lstm-no-forget-bias", "gru"])
@pytest.mark.parametrize("gain", [0.5, 1.0, 1.3])
def test_what_the_hidden_weights_start_as(name: str, gain: float):
    units = 200
    default = build(name, units).weights()["weight_hh_l0"]
    for block in (
        build(name, units, initialisation="orthogonal", gain=gain).weights()["weight_hh_l0"].split(units)
    ):
        assert torch.allclose(block @ block.T, gain**2 * torch.eye(units), atol=1e-5)
    for block in (
        build(name, units, initialisation="identity", gain=gain).weights()["weight_hh_l0"].split(units)
    ):
        assert torch.equal(block, gain * torch.eye(units))
    for block in (
        build(name, units, initialisation="gaussian", gain=gain).weights()["weight_hh_l0"].split(units)
    ):
        assert float(block.std()) == pytest.approx(gain / math.sqrt(units), rel=0.02)
        assert float(torch.linalg.eigvals(block).abs().max()) == pytest.approx(gain, rel=0.1)
    scaled = build(name, units, gain=gain).weights()["weight_hh_l0"]
    assert torch.equal(scaled, default * gain)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("more", [{"initialisation": "orthogonal"}, {"gain": 2.0}, {"gate_bias": "chrono"}])
def test_a_start_changes_nothing_else(name: str, more: dict[str, Any]):
    plain, other = build(name).weights(), build(name, **more).weights()
    free = {"bias_ih_l0", "bias_hh_l0"} if "gate_bias" in more else {"weight_hh_l0"}
    changed = {key for key in plain if not torch.equal(plain[key], other[key])}
    assert changed == (set() if name == "rnn" and "gate_bias" in more else free)


def test_an_irnn_starts_as_the_identity_whatever_is_asked_for():
    network = build("irnn", initialisation="gaussian", gain=3.0, gate_bias="one")
    weights = network.weights()
    assert network.recurrent.mode == "RNN_RELU"
    assert torch.equal(weights["weight_hh_l0"], torch.eye(16))
    assert not weights["bias_ih_l0"].any()
    assert not weights["bias_hh_l0"].any()
    assert torch.equal(weights["weight_ih_l0"], build("relu").weights()["weight_ih_l0"])


def test_a_gate_bias_of_one_opens_the_gate_that_keeps():
    """sigmoid(1) = 0.73, with an input of zero and from the zero state."""
    assert torch.equal(bias_of(build("lstm", gate_bias="one"), 1), torch.ones(16))
    assert torch.equal(bias_of(build("gru", gate_bias="one"), 1), torch.ones(16))
    for gate in (0, 2, 3):
        assert torch.equal(bias_of(build("lstm", gate_bias="one"), gate), bias_of(build("lstm"), gate))


@pytest.mark.parametrize("length", [2, 20, 500])
def test_chrono_biases_are_those_of_their_paper(length: int):
    """Tallec and Ollivier (2018), section 2: b_f = log U(1, T − 1), b_i = −b_f."""
    lstm, gru = (build(name, 500, gate_bias="chrono", length=length) for name in ("lstm", "gru"))
    for opened in (bias_of(lstm, 1), bias_of(gru, 1)):
        times = opened.double().exp()
        assert times.min() >= 1 - 1e-6
        assert times.max() <= length - 1 + 1e-3
        assert float(times.mean()) == pytest.approx(length / 2, rel=0.06)
        assert float(times.std()) == pytest.approx((length - 2) / math.sqrt(12), rel=0.06)
    assert torch.equal(bias_of(lstm, 0), -bias_of(lstm, 1))


@pytest.mark.parametrize(("name", "gate_bias", "kept"), [("gru", "one", 0.731), ("lstm", "one", 0.731)])
def test_the_open_gate_keeps_the_past(name: str, gate_bias: Any, kept: float):
    """With all weights at zero a state shrinks by the gate alone: z of PyTorch's GRU keeps, as f does."""
    network = build(name, gate_bias=gate_bias)
    network.recurrent.weight_ih_l0.data.zero_()
    network.recurrent.weight_hh_l0.data.zero_()
    if name == "gru":
        network.recurrent.bias_ih_l0.data[32:].zero_()
        network.recurrent.bias_hh_l0.data[32:].zero_()
        state = network.recurrent(torch.zeros(1, 1, 3), torch.ones(1, 1, 16))[1]
    else:
        network.recurrent.bias_ih_l0.data[32:48].zero_()
        network.recurrent.bias_hh_l0.data[32:48].zero_()
        state = network.recurrent(torch.zeros(1, 1, 3), (torch.zeros(1, 1, 16), torch.ones(1, 1, 16)))[1][1]
    assert torch.allclose(state, torch.full_like(state, kept), atol=1e-3)


@pytest.mark.parametrize("gate_bias", ["default", "one", "chrono"])
def test_without_forget_bias_the_gate_starts_half_open(gate_bias: Any):
    network, plain = build("lstm-no-forget-bias", gate_bias=gate_bias), build("lstm")
    assert not bias_of(network, 1).any()
    for gate in (0, 2, 3):
        assert torch.equal(bias_of(network, gate), bias_of(plain, gate))
    assert torch.equal(network.weights()["weight_hh_l0"], plain.weights()["weight_hh_l0"])


def test_weights_are_as_they_were():
    network = build("gru")
    before = network.weights()
    kept = before["head.bias"].clone()
    network.head.bias.data += 1
    assert torch.equal(before["head.bias"], kept)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("elman", {}, "network is 'elman' and must be one of rnn, relu"),
        ("lstm", {"gate_bias": "two"}, "gate_bias is 'two'"),
        ("lstm", {"initialisation": "zeros"}, "initialisation is 'zeros'"),
        ("lstm", {"hidden": 0}, "at least 1"),
        ("lstm", {"gain": math.nan}, "gain is nan"),
        ("lstm", {"gain": -1.0}, "gain is -1.0"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, more: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        build(name, **more)


@every_network
def test_every_network_says_what_it_is(name: str):
    assert NETWORKS[name].title
    assert NETWORKS[name].sentence.endswith(".")
