"""What a compared network is made of and what it costs, and what is inside it for one sequence."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.models.recurrent_layer import GATES
from engine.models.sequence_modules import SequenceNetwork, SequenceShape

_KINDS: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.Embedding, "embedding"),
    (nn.Conv1d, "convolution"),
    (nn.Conv2d, "convolution"),
    (nn.BatchNorm1d, "normalisation"),
    (nn.BatchNorm2d, "normalisation"),
    (nn.RNNBase, "recurrence"),
    (nn.Linear, "dense"),
    (nn.ReLU, "activation"),
    (nn.AdaptiveMaxPool1d, "pooling"),
    (nn.Flatten, "flattening"),
    (nn.ConstantPad1d, "padding"),
)
_COMPUTING = ("convolution", "recurrence", "dense")
"""Kinds that multiply: what the sequential steps are counted in."""
_BATCH = 8
"""Sequences whose forward pass is looked at; what is kept once for a batch is shared among them."""


@dataclass(frozen=True)
class LayerLine:
    """One layer, as it is drawn: of one sequence."""

    name: str
    """As in `network.get_submodule(name)`."""
    kind: str
    """One of the words of _KINDS."""
    shape_out: tuple[int, ...]
    """Without the batch: (maps, T'), (T', H) of hidden states, (features,) …"""
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class NetworkAnatomy:
    """One network in numbers: of one sequence, forward, and without any measurement of time."""

    parameters: int
    multiply_adds: int
    """Products of weights with values; a gate's own products and sums, and activations, are not counted."""
    activations_kept: int
    """Numbers that PyTorch keeps from a forward pass on this machine for the backward pass, beside the
    weights and the sequence itself; in units of 4 bytes."""
    sequential_steps: int
    """The longest chain of computing layers of which each needs the one before; a recurrent layer is as many
    as it reads positions."""
    receptive_field: int | None
    """Positions that one value of the last convolution may depend on (Araujo et al. 2019), at most T; all T
    of a recurrent layer. None of a network in which positions mean nothing."""
    layers: tuple[LayerLine, ...]


def anatomy(network: SequenceNetwork, shape: SequenceShape) -> NetworkAnatomy:
    """Every layer of `network` and what they come to for one sequence of `shape`; nothing in it is changed.

    A copy of it reads a small batch of zeros on the CPU. (The meta device would compute nothing, but its
    first use loads modules for seconds.)
    """
    sizes, kept = _run(network, shape)
    layers = tuple(_line(network.get_submodule(name), name, size) for name, size in sizes.items())
    return NetworkAnatomy(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        multiply_adds=sum(layer.multiply_adds for layer in layers),
        activations_kept=kept,
        sequential_steps=sum(_chain(layer) for layer in layers),
        receptive_field=receptive_field(network, shape),
        layers=layers,
    )


def receptive_field(network: SequenceNetwork, shape: SequenceShape) -> int | None:
    """As in `NetworkAnatomy.receptive_field`."""
    if any(isinstance(layer, nn.RNNBase) for layer in network.modules()):
        return shape.length
    axes = list(network.sights().values())
    return min(axes[-1].size, shape.length) if axes else None


@torch.no_grad()
def readings(network: SequenceNetwork, x: Tensor) -> dict[str, Tensor]:
    """What every layer puts out for one sequence `x`, (T, C) float32 or (T,) int64, by its name, in order.

    Of a convolution its maps (maps, T'), of one on a picture (maps, T', C'), of a recurrent layer its hidden
    states (T', H), of others (features,); the logits are "head". Runs in eval mode and leaves the network as
    it was; the tensors are copies.
    """
    trained = network.training
    network.eval()
    try:
        return {name: value[0].clone() for name, value in network.stages(x.unsqueeze(0))}
    finally:
        network.train(trained)


def blank(shape: SequenceShape, device: torch.device | str = "cpu", batch: int = 1) -> Tensor:
    """Sequences of zeros: (batch, T, C) float32 or (batch, T) int64."""
    if shape.vocabulary is not None:
        return torch.zeros(batch, shape.length, dtype=torch.int64, device=device)
    return torch.zeros(batch, shape.length, shape.channels, device=device)


def _run(network: SequenceNetwork, shape: SequenceShape) -> tuple[dict[str, tuple[int, ...]], int]:
    """What each layer puts out, without the batch; and one sequence's share of what autograd holds on to.

    Counted storage by storage, so that a view is not counted twice.
    """
    own, x = copy.deepcopy(network).cpu().train(), blank(shape, batch=_BATCH)
    known = {tensor.untyped_storage().data_ptr() for tensor in (x, *own.parameters(), *own.buffers())}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        stages = dict(own.stages(x))
    numbers = sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in known) / 4
    return {name: tuple(value.shape[1:]) for name, value in stages.items()}, round(numbers / _BATCH)


def _line(layer: nn.Module, name: str, size: tuple[int, ...]) -> LayerLine:
    kind = next(kind for type_, kind in _KINDS if isinstance(layer, type_))
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    return LayerLine(name, kind, size, parameters, _multiply_adds(layer, size))


def _multiply_adds(layer: nn.Module, size: tuple[int, ...]) -> int:
    """Products with a weight that the layer makes to put out `size` for one sequence."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return math.prod(size) * math.prod(layer.weight.shape[1:])
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    if isinstance(layer, nn.RNNBase):
        gates = max(1, len(GATES[layer.mode]))
        return size[0] * gates * layer.hidden_size * (layer.input_size + layer.hidden_size)
    return 0


def _chain(layer: LayerLine) -> int:
    if layer.kind == "recurrence":
        return layer.shape_out[0]
    return int(layer.kind in _COMPUTING)
