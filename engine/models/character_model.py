"""A character language model on PyTorch's fused recurrent modules: embedding, nn.RNN/LSTM/GRU, linear."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from engine.checkpoint import load_tensors, save_tensors
from engine.errors import UserError
from engine.models.byte_tokens import VOCABULARY

Cell = Literal["rnn", "lstm", "gru"]
State = torch.Tensor | tuple[torch.Tensor, torch.Tensor]
"""h (layers, B, H), or for an LSTM (h, c), as PyTorch's modules carry it."""

CELLS: tuple[Cell, ...] = ("rnn", "lstm", "gru")
_MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_FORMAT = "gridloop character model 1"


@dataclass(frozen=True)
class CharacterModelConfig:
    """What a character model is built from; the tokens are always the 256 bytes."""

    cell: Cell
    hidden: int
    embedding: int = 64
    layers: int = 1

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"cell is {self.cell!r} and must be one of {', '.join(CELLS)}")
        if min(self.hidden, self.embedding, self.layers) < 1:
            raise ValueError("hidden, embedding and layers must be at least 1")


class CharacterModel(nn.Module):
    """P(next byte | all bytes so far); without `initialise` the weights are those of nothing yet.

    Tokens are (B, T) int64, states are PyTorch's own, logits (B, T, 256). Orthogonal recurrent matrices
    (Saxe et al. 2014, one block per gate) and an LSTM forget gate opened by a bias of 1 (Jozefowicz et
    al. 2015) let gradients through from the first step.
    """

    def __init__(self, config: CharacterModelConfig, *, initialise: bool = True) -> None:
        super().__init__()
        self.config = config
        # On the meta device random numbers would come from torch's compiler, whose import takes seconds.
        nothing = torch.empty(VOCABULARY, config.embedding)
        self.embedding = nn.Embedding(VOCABULARY, config.embedding, _weight=nothing)
        if initialise:
            self.embedding.reset_parameters()
        self.recurrent = _MODULES[config.cell](
            config.embedding, config.hidden, config.layers, batch_first=True
        )
        self.head = nn.Linear(config.hidden, VOCABULARY)
        if initialise:
            self._initialise()

    def forward(self, tokens: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """Logits (B, T, 256) of the byte after each of `tokens` (B, T), and the state after the last."""
        hidden, state = self.recurrent(self.embedding(tokens), state)
        return self.head(hidden), state

    def step(self, token: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """One token further: (log-probabilities (B, 256), state) for `token` (B,).

        The same numbers as `forward` at T = 1 from PyTorch's cell functions, which skip the fused LSTM's
        preparation of its weights for a whole sequence (five times as fast at B = 1 and H = 640).
        """
        state = self.initial_state(len(token)) if state is None else state
        x, after = self.embedding(token), []
        for layer in range(self.config.layers):
            after.append(self._cell_step(x, _of_layer(state, layer), layer))
            x = after[-1][0] if isinstance(after[-1], tuple) else after[-1]
        return torch.log_softmax(self.head(x), -1), _stacked(after)

    def log_probabilities(
        self, tokens: torch.Tensor, state: State | None = None
    ) -> tuple[torch.Tensor, State]:
        """(B, T, 256) log P(byte | the tokens up to and with t), and the state after the last."""
        logits, state = self(tokens, state)
        return torch.log_softmax(logits, -1), state

    def initial_state(self, batch: int = 1) -> State:
        """All zeros, as PyTorch starts a sequence: (layers, B, H), twice for an LSTM."""
        zeros = self.head.weight.new_zeros(self.config.layers, batch, self.config.hidden)
        return (zeros, zeros.clone()) if self.config.cell == "lstm" else zeros

    def _cell_step(self, x: torch.Tensor, state: State, layer: int) -> State:
        weights = [
            getattr(self.recurrent, f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        if isinstance(state, tuple):
            return torch.lstm_cell(x, state, *weights)
        return (torch.gru_cell if self.config.cell == "gru" else torch.rnn_tanh_cell)(x, state, *weights)

    @torch.no_grad()
    def _initialise(self) -> None:
        hidden = self.config.hidden
        for name, parameter in self.recurrent.named_parameters():
            if name.startswith("weight_hh"):
                for block in parameter.split(hidden):
                    nn.init.orthogonal_(block)
            elif name.startswith("bias"):
                parameter.zero_()
                if self.config.cell == "lstm" and name.startswith("bias_ih"):
                    parameter[hidden : 2 * hidden] = 1.0
        self.head.bias.zero_()


def detached(state: State) -> State:
    """The same numbers, cut from the graph: where truncated back-propagation through time stops."""
    if isinstance(state, tuple):
        return state[0].detach(), state[1].detach()
    return state.detach()


def select_streams(state: State, streams: torch.Tensor) -> State:
    """The state of the rows `streams` of the batch."""
    if isinstance(state, tuple):
        return state[0][:, streams].contiguous(), state[1][:, streams].contiguous()
    return state[:, streams].contiguous()


def save_character_model(
    path: str | os.PathLike[str],
    model: CharacterModel,
    notes: dict[str, str] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write the weights, their configuration and `notes` (strings, for the card) as one safetensors file.

    `half` stores float16, which moves a trained model by less than 1e-4 nats a character. Raises UserError.
    """
    weights = {name: w.half() if half else w for name, w in model.state_dict().items()}
    config = json.dumps(dataclasses.asdict(model.config))
    save_tensors(path, weights, {**(notes or {}), "format": _FORMAT, "config": config})


def load_character_model(path: str | os.PathLike[str]) -> tuple[CharacterModel, dict[str, str]]:
    """The model saved by `save_character_model`, in float32 and evaluation mode, and its notes.

    Raises UserError where the file is missing, damaged or no character model.
    """
    weights, notes = load_tensors(path)
    try:
        if notes.pop("format", "") != _FORMAT:
            raise ValueError("it was not saved by save_character_model")
        with torch.device("meta"):
            config = CharacterModelConfig(**json.loads(notes.pop("config")))
            model = CharacterModel(config, initialise=False)
        model.load_state_dict({name: w.float() for name, w in weights.items()}, assign=True)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{os.path.basename(path)} is no character model",
            "its weights don't fit together, or it was saved by something else",
            "Choose a model that this application trained",
            details=repr(error),
        ) from error
    return model.eval().requires_grad_(True), notes


def _of_layer(state: State, layer: int) -> State:
    return (state[0][layer], state[1][layer]) if isinstance(state, tuple) else state[layer]


def _stacked(states: list[State]) -> State:
    pairs = [state for state in states if isinstance(state, tuple)]
    if pairs:
        return torch.stack([h for h, _ in pairs]), torch.stack([c for _, c in pairs])
    return torch.stack([state for state in states if isinstance(state, torch.Tensor)])
