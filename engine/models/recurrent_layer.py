"""One layer of a fused `nn.RNN`, `nn.LSTM` or `nn.GRU`: its weights, and running it alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import UserError

GATES = {
    "LSTM": ("input", "forget", "cell", "output"),
    "GRU": ("reset", "update", "new"),
    "RNN_TANH": (),
    "RNN_RELU": (),
}
"""The gates of each kind of cell (`nn.RNNBase.mode`), in the order of the rows of its weights."""

_FUSED: dict[str, Callable[..., Any]] = {
    "LSTM": torch.lstm,
    "GRU": torch.gru,
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
}


@dataclass(frozen=True)
class RecurrentLayer:
    """One direction of one layer. G gates (1 for a vanilla RNN) of H units; P = H unless projected.

    The tensors are the module's own where it is on the CPU in float32 or float64, and follow its training;
    otherwise they are copies on the CPU, in float32.
    """

    mode: str
    """`nn.RNNBase.mode`: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU"."""
    number: int
    reverse: bool
    """Whether it reads the sequence from its end (the second direction of a bidirectional layer)."""
    input_weight: Tensor
    """W_ih (G·H, inputs)."""
    hidden_weight: Tensor
    """W_hh (G·H, P)."""
    input_bias: Tensor | None
    """b_ih (G·H,)."""
    hidden_bias: Tensor | None
    """b_hh (G·H,)."""
    projection: Tensor | None
    """W_hr (P, H): an LSTM's hidden state is W_hr times what leaves its output gate (`proj_size`)."""

    @property
    def name(self) -> str:
        """ "layer 0"; "layer 0, backwards"."""
        return f"layer {self.number}, backwards" if self.reverse else f"layer {self.number}"

    @property
    def inputs(self) -> int:
        return self.input_weight.shape[1]

    @property
    def units(self) -> int:
        """H: what a gate, and an LSTM's cell state, has of values."""
        return self.input_weight.shape[0] // (len(GATES[self.mode]) or 1)

    @property
    def outputs(self) -> int:
        """P: the size of the hidden state."""
        return self.hidden_weight.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        return self.input_weight.dtype

    def run(self, x: Tensor, h: Tensor, c: Tensor | None) -> Tensor:
        """The hidden states (T, P) from inputs (T, inputs), by PyTorch's fused kernel.

        `h` (P,), and `c` (H,) for an LSTM, is the state before the first step.
        """
        weights = (self.input_weight, self.hidden_weight, self.input_bias, self.hidden_bias, self.projection)
        given = [weight for weight in weights if weight is not None]
        state = h[None, None] if c is None else (h[None, None], c[None, None])
        has_bias = self.input_bias is not None
        with _without_onednn() if self.projection is not None else nullcontext():
            output = _FUSED[self.mode](x[:, None], state, given, has_bias, 1, 0.0, False, False, False)
        return output[0][:, 0]


def read_layers(module: nn.RNNBase) -> tuple[RecurrentLayer, ...]:
    """The layers of a module, each direction by itself, in the order of the rows of its state.

    Raises UserError for anything but PyTorch's own `nn.RNN`, `nn.LSTM` and `nn.GRU`.
    """
    if not isinstance(module, nn.RNNBase) or module.mode not in GATES:
        raise UserError(
            "This layer cannot be traced",
            f"{type(module).__name__} is none of PyTorch's nn.RNN, nn.LSTM and nn.GRU",
            "Choose a recurrent layer",
        )
    directions = 2 if module.bidirectional else 1
    return tuple(
        _layer(module, [_readable(weight) for weight in weights], *divmod(row, directions))
        for row, weights in enumerate(module.all_weights)
    )


@contextmanager
def _without_onednn() -> Generator[None]:
    """oneDNN has no LSTM with a projection; asked for one, it warns and leaves it to PyTorch's own kernel."""
    flags: Any = torch.backends.mkldnn
    before = flags.enabled
    flags.enabled = False
    try:
        yield
    finally:
        flags.enabled = before


def _layer(module: nn.RNNBase, weights: list[Tensor], number: int, direction: int) -> RecurrentLayer:
    input_weight, hidden_weight, *rest = weights
    projection = rest.pop() if module.proj_size else None
    input_bias, hidden_bias = rest if module.bias else (None, None)
    return RecurrentLayer(
        module.mode,
        number,
        bool(direction),
        input_weight,
        hidden_weight,
        input_bias,
        hidden_bias,
        projection,
    )


def _readable(weight: Tensor) -> Tensor:
    """The weight as a trace computes with it: on the CPU, in float32 unless it is in float64."""
    weight = weight.detach()
    if weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64):
        return weight
    return weight.to("cpu", torch.float64 if weight.dtype == torch.float64 else torch.float32)
