"""Ask a value inside a network that reads sequences: the sums of its convolution, or its cell's equation."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from engine.ask import Answer, Step
from engine.explain.arithmetic_layer import explain_value
from engine.explain.arithmetic_recurrent import explain_unit
from engine.labs.grid_versus_loop.contest import Entrant
from engine.models.recurrent_trace import trace


def answer_about_reading(entrant: Entrant, x: Tensor, place: int, index: tuple[int, ...]) -> Answer | None:
    """How the value at `index` of the entrant's shown layer number `place` came about; None for no such one.

    x: (1, T, C) or (1, T) as its first layer gets it. Indices of maps are (map, position), of pictures (map,
    row, column), of states (unit, position).
    """
    from engine.labs.grid_versus_loop.opening import shown_layers

    names = shown_layers(entrant)
    if not 0 <= place < len(names):
        return None
    entrant.network.eval()
    with torch.no_grad():
        inside = dict(entrant.network.stages(x))
    name = names[place]
    shape = tuple(inside[name].shape[1:])
    found = index[::-1] if name == "recurrent" else index
    if len(found) != len(shape) or not all(0 <= at < size for at, size in zip(found, shape, strict=True)):
        return None
    if name == "recurrent":
        return _of_state(entrant, inside, x, *index)
    return _of_map(entrant, inside, x, name, index)


def _before(inside: dict[str, Tensor], x: Tensor, name: str) -> Tensor:
    """What the layer `name` received: the stage before it, or the sequence itself."""
    names = list(inside)
    at = names.index(name)
    return inside[names[at - 1]] if at else x


def _of_state(entrant: Entrant, inside: dict[str, Tensor], x: Tensor, unit: int, step: int) -> Answer:
    module = entrant.network.get_submodule("recurrent")
    assert isinstance(module, nn.RNNBase)
    received = _before(inside, x, "recurrent")[0]
    if entrant.counted.family == "both":
        received = received.T  # maps (C, T) become a sequence
    with torch.no_grad():
        traced = trace(module, received)
    found = explain_unit(traced, module, "h", step, unit)
    return replace(found, title=f"{entrant.counted.title} · hidden state, position {step + 1}, unit {unit}")


def _of_map(
    entrant: Entrant, inside: dict[str, Tensor], x: Tensor, name: str, index: tuple[int, ...]
) -> Answer:
    """The convolution, and what comes between it and its activation, one step each."""
    number, names = name.removeprefix("relu"), list(inside)
    first = names.index(f"conv{number}")
    steps = [_of_convolution(entrant, inside, x, names[first], index)]
    for before, layer in pairwise(names[first : names.index(name) + 1]):
        module = entrant.network.get_submodule(layer)
        steps.append(explain_value(module, (inside[before],), inside[layer], index, name=layer))
    where = f"position {index[1] + 1}" if len(index) == 2 else f"row {index[1] + 1}, column {index[2] + 1}"
    return Answer(
        f"{entrant.counted.title} · convolution {number}, map {index[0]}, {where}",
        "How strongly the pattern of this map’s kernel was found here, after the relu.",
        float(inside[name][(0, *index)]),
        tuple(inside[name].shape[1:]),
        tuple(steps),
    )


def _of_convolution(
    entrant: Entrant, inside: dict[str, Tensor], x: Tensor, name: str, index: tuple[int, ...]
) -> Step:
    """Its sum at `index`. What comes first is (1, T, C), and (1, C, T) or a picture (1, 1, T, C) to it."""
    module, received = entrant.network.get_submodule(name), _before(inside, x, name)
    is_first = received is x or received is inside.get("embedding")
    if isinstance(module, nn.Conv2d):
        received = received.unsqueeze(1) if is_first else received
        return explain_value(module, (received,), inside[name], index, name=name)
    assert isinstance(module, nn.Conv1d)
    received = received.transpose(1, 2) if is_first else received
    at = (index[0], 0, index[1])
    return explain_value(_widened(module), (received.unsqueeze(2),), inside[name].unsqueeze(2), at, name=name)


def _widened(convolution: nn.Conv1d) -> nn.Conv2d:
    """The same convolution over pictures of one row, which the arithmetic of pictures explains."""
    (kernel,), (stride,), (dilation,) = convolution.kernel_size, convolution.stride, convolution.dilation
    (padding,) = convolution.padding if isinstance(convolution.padding, tuple) else (0,)
    wide = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        (1, kernel),
        (1, stride),
        (0, padding),
        (1, dilation),
    )
    with torch.no_grad():
        wide.weight.copy_(convolution.weight.unsqueeze(2))
        if convolution.bias is not None and wide.bias is not None:
            wide.bias.copy_(convolution.bias)
    return wide
