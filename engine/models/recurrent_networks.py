"""The six recurrent networks that are compared: a fused nn.RNN, nn.LSTM or nn.GRU and a linear head.

A start that is chosen for W_hh or for the gate biases changes nothing else: the other weights are what they
are at that seed with PyTorch's own start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.models.recurrent_layer import GATES

Initialisation = Literal["default", "orthogonal", "identity", "gaussian"]
GateBias = Literal["default", "one", "chrono"]

INITIALISATIONS: tuple[Initialisation, ...] = ("default", "orthogonal", "identity", "gaussian")
GATE_BIASES: tuple[GateBias, ...] = ("default", "one", "chrono")
_KEEPING = {"LSTM": "forget", "GRU": "update"}
"""The gate that keeps the past where it is open; PyTorch's GRU is h = (1 − z) n + z h(t − 1)."""


@dataclass(frozen=True)
class NetworkKind:
    """One of the six, and what a person is told about it."""

    title: str
    sentence: str
    make: Callable[..., nn.RNNBase]
    fixed_start: bool = False
    """Whether initialisation and gain are its own, whatever is asked for."""
    forget_bias: bool = True
    """Whether the gate bias asked for is given to it."""


_RELU: Callable[..., nn.RNNBase] = partial(nn.RNN, nonlinearity="relu")
NETWORKS: dict[str, NetworkKind] = {
    "rnn": NetworkKind("tanh RNN", "Every step goes through W_hh and tanh.", nn.RNN),
    "relu": NetworkKind("relu RNN", "As the tanh RNN, but relu lets through all that is positive.", _RELU),
    "irnn": NetworkKind(
        "IRNN",
        "A relu RNN whose W_hh starts as the identity and whose biases start at 0 (Le et al. 2015).",
        _RELU,
        fixed_start=True,
    ),
    "lstm": NetworkKind(
        "LSTM",
        "Its cell state passes a step multiplied by the forget gate alone "
        "(Hochreiter and Schmidhuber 1997; Gers et al. 2000).",
        nn.LSTM,
    ),
    "lstm-no-forget-bias": NetworkKind(
        "LSTM without forget bias",
        "An LSTM whose forget gate starts with bias 0, that is half closed, "
        "whatever gate bias is chosen (Jozefowicz et al. 2015).",
        nn.LSTM,
        forget_bias=False,
    ),
    "gru": NetworkKind(
        "GRU", "Its update gate chooses between the old state and a new one (Cho et al. 2014).", nn.GRU
    ),
}


@dataclass(frozen=True)
class NetworkConfig:
    """What a network is built from. Raises ValueError for what none can be built from."""

    network: str
    """A key of `NETWORKS`."""
    inputs: int
    hidden: int
    outputs: int
    seed: int = 0
    initialisation: Initialisation = "default"
    """Of W_hh, each gate's block by itself. default: uniform in ±1/√H, as PyTorch starts. orthogonal: Saxe et
    al. (2014). gaussian: standard deviation 1/√H, so that the spectral radius is close to 1 (Ginibre,
    1965)."""
    gain: float = 1.0
    """What W_hh is then multiplied with."""
    gate_bias: GateBias = "default"
    """Of an LSTM's forget gate, or a GRU's update gate. default: PyTorch's, close to 0. one: Gers et al.
    (2000), Jozefowicz et al. (2015). chrono: Tallec and Ollivier (2018), log u with u uniform in
    1 … length − 1, so that a unit forgets in about u steps; and the opposite for an LSTM's input gate."""
    length: int = 100
    """Steps of the sequences to come; chrono biases are drawn for it."""

    def __post_init__(self) -> None:
        _require("network", self.network, tuple(NETWORKS))
        _require("initialisation", self.initialisation, INITIALISATIONS)
        _require("gate_bias", self.gate_bias, GATE_BIASES)
        if min(self.inputs, self.hidden, self.outputs, self.length) < 1:
            raise ValueError("inputs, hidden, outputs and length must be at least 1")
        if not (math.isfinite(self.gain) and self.gain >= 0):
            raise ValueError(f"gain is {self.gain} and must be a finite number from 0 on")


class RecurrentNetwork(nn.Module):
    """Sequences (T, B, inputs) to hidden states by `recurrent`, from zero on; those to outputs by `head`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        kind = NETWORKS[config.network]
        with torch.random.fork_rng(devices=[]):  # what constructors draw is not to be missed elsewhere
            self.recurrent = kind.make(config.inputs, config.hidden)
            self.head = nn.Linear(config.hidden, config.outputs)
        _start(self, config, kind)

    def forward(self, x: Tensor, every_step: bool = False) -> tuple[Tensor, Tensor]:
        """The outputs (B, outputs) after the last step, or (T, B, outputs); and all hidden states (T, B, H).

        With `hidden.retain_grad()`, a backward pass leaves in `hidden.grad` how the loss depends on each
        step's output, which is what `gradients_through_time` starts from.
        """
        hidden = self.recurrent(x)[0]
        return self.head(hidden if every_step else hidden[-1]), hidden

    def weights(self) -> dict[str, Tensor]:
        """The weights as they are now, by PyTorch's names: `weight_ih_l0` …, `head.weight`, `head.bias`."""
        named = {name: weight.detach().clone() for name, weight in self.recurrent.named_parameters()}
        head = {f"head.{name}": weight.detach().clone() for name, weight in self.head.named_parameters()}
        return named | head


@torch.no_grad()
def _start(network: RecurrentNetwork, config: NetworkConfig, kind: NetworkKind) -> None:
    """All weights; those that do not depend on the start chosen are drawn first."""
    generator = torch.Generator().manual_seed(config.seed)
    bound = 1 / math.sqrt(config.hidden)
    for parameter in network.parameters():  # PyTorch's own start, of the head too
        parameter.uniform_(-bound, bound, generator=generator)
    if kind.fixed_start:
        _identity_start(network.recurrent)
        return
    _start_hidden_weight(network.recurrent, config, generator)
    gate = _KEEPING.get(network.recurrent.mode)
    if gate and not kind.forget_bias:
        _set_bias(network.recurrent, gate, 0.0)
    elif gate:
        _start_gate_bias(network.recurrent, gate, config, generator)


def _identity_start(recurrent: nn.RNNBase) -> None:
    """Of Le et al. (2015), but for the input weights: theirs are much smaller, these those of the others."""
    weights: Any = recurrent
    nn.init.eye_(weights.weight_hh_l0)
    weights.bias_ih_l0.zero_()
    weights.bias_hh_l0.zero_()


def _start_hidden_weight(recurrent: nn.RNNBase, config: NetworkConfig, generator: torch.Generator) -> None:
    weights: Any = recurrent
    weight: Tensor = weights.weight_hh_l0
    for block in weight.split(config.hidden):
        if config.initialisation == "orthogonal":
            nn.init.orthogonal_(block, generator=generator)
        elif config.initialisation == "identity":
            nn.init.eye_(block)
        elif config.initialisation == "gaussian":
            block.normal_(0, 1 / math.sqrt(config.hidden), generator=generator)
    weight.mul_(config.gain)


def _start_gate_bias(
    recurrent: nn.RNNBase, gate: str, config: NetworkConfig, generator: torch.Generator
) -> None:
    if config.gate_bias == "one":
        _set_bias(recurrent, gate, 1.0)
    elif config.gate_bias == "chrono":
        longest = max(1.0, config.length - 1)
        bias = torch.empty(config.hidden).uniform_(1, longest, generator=generator).log_()
        _set_bias(recurrent, gate, bias)
        if gate == "forget":
            _set_bias(recurrent, "input", -bias)


def _set_bias(recurrent: nn.RNNBase, gate: str, value: Tensor | float) -> None:
    """Make a gate's bias b_ih + b_hh the value: all in b_ih, with b_hh at 0."""
    weights: Any = recurrent
    first = GATES[recurrent.mode].index(gate) * recurrent.hidden_size
    rows = slice(first, first + recurrent.hidden_size)
    weights.bias_ih_l0[rows] = value
    weights.bias_hh_l0[rows] = 0


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r} and must be one of {', '.join(known)}")
