"""Ask any pixel: from a value of a layer's output to the sum that made it, with its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.ask import Answer, Box, Step
from engine.explain.arithmetic_convolution import convolution_kind
from engine.explain.arithmetic_ends import explain_input, explain_softmax
from engine.explain.arithmetic_layer import explain_value, index_before, passes_on, same_place
from engine.explain.arithmetic_window import numbers
from engine.models.designs.layers import Enlarge, Normalise
from engine.models.layer import Layer, ReceptiveField

__all__ = [
    "answer",
    "chain",
    "explain_chain",
    "explain_input",
    "explain_softmax",
    "explain_value",
    "own_kind",
]

Index = tuple[int, ...]
Inputs = Mapping[str, tuple[Tensor, ...]]
Outputs = Mapping[str, Tensor]

_DOES = {
    "convolution": "sums a patch of the maps before it, each value times a weight it has learned",
    "depthwise convolution": "sums a patch of one map, each value times a weight it has learned",
    "grouped convolution": "sums a patch of its group of maps, each value times a weight it has learned",
    "pointwise convolution": "sums the maps before it at one place, each times a weight it has learned",
    "batch norm": "brings each map to a common scale, by the mean and variance seen in training",
    "activation": "is applied to each value on its own; without it, layers would add up to one linear map",
    "pooling": "puts one number in place of a patch of one map",
    "residual sum": "adds what a block computed to what went into it",
    "dense": "sums all features, each times a weight it has learned",
    "softmax": "turns logits into probabilities that add up to one",
}
"""What each kind of layer does, in plain words."""

_OF_THIS = "brings {} to a common scale, by the mean and variance of the values themselves"
_BY_TYPE: dict[type[nn.Module], tuple[str, str]] = {
    nn.GroupNorm: ("group norm", _OF_THIS.format("each group of maps")),
    nn.LayerNorm: ("layer norm", _OF_THIS.format("the features of each place")),
    Normalise: (
        "normalisation",
        "takes the training pictures' mean off each channel and divides by their spread",
    ),
    Enlarge: ("resampling", "brings the picture to the size that the next layers were trained on (bicubic)"),
}
"""What layers are and do whose kind says too little or another thing."""


def chain(model: nn.Module, layers: Mapping[str, Layer], name: str) -> tuple[str, ...]:
    """The layers to capture to explain a value of `name`: from the one that makes it to `name`.

    Goes back through layers that keep each value in its place (activation, batch norm, dropout,
    identity, flatten) to one that computes it from several (convolution, pooling, sum, dense).
    """
    names = [name]
    while (before := _layer_before(model, layers, names[0])) is not None:
        names.insert(0, before)
    return tuple(names)


def explain_chain(
    model: nn.Module, layers: Mapping[str, Layer], inputs: Inputs, outputs: Outputs, name: str, index: Index
) -> tuple[Step, ...]:
    """The steps that made `outputs[name][0][index]`, in forward order: convolution, norm, activation.

    `inputs` and `outputs` hold what was captured (each tensor (1, ...)) for the layers of `chain`. The
    steps begin at the earliest of them from which on all were captured and each handed its output to
    the next.
    """
    steps: list[Step] = []
    after = ""
    for link in reversed(chain(model, layers, name)):
        if link not in inputs or link not in outputs:
            break
        if after:
            if not inputs[after] or not _is_handed_on(outputs[link], inputs[after][0]):
                break
            received = inputs[after][0]
            index = index_before(model.get_submodule(after), received, outputs[after], index)
            index = same_place(received, outputs[link], index)
        module = model.get_submodule(link)
        steps.insert(0, explain_value(module, inputs[link], outputs[link], index, name=link))
        after = link
    return tuple(steps)


def answer(
    model: nn.Module, layers: Mapping[str, Layer], inputs: Inputs, outputs: Outputs, name: str, index: Index
) -> Answer:
    """What the Ask pane shows for `outputs[name][0][index]`; the captures are those of `explain_chain`.

    Raises KeyError for a layer that was not captured, IndexError where `index` is no place in it.
    """
    layer, output = layers[name], outputs[name]
    steps = explain_chain(model, layers, inputs, outputs, name, index)
    return Answer(
        title=f"{name} · {_place(index)}",
        meaning=_meaning(layer, model.get_submodule(name)),
        value=float(numbers(output[(0, *index)])),
        shape=tuple(output.shape[1:]),
        steps=steps,
        field=None if layer.field is None else _box(layer.field, index),
    )


def _layer_before(model: nn.Module, layers: Mapping[str, Layer], name: str) -> str | None:
    """The one layer whose values `name` only changes in place, or `None` where it makes its own."""
    layer = layers.get(name)
    if layer is None or len(layer.inputs) != 1 or layer.inputs[0] not in layers:
        return None
    module = model.get_submodule(name)
    keeps = layer.kind in ("activation", "batch norm") and layer.shape == layers[layer.inputs[0]].shape
    return layer.inputs[0] if keeps or passes_on(module) else None


def _is_handed_on(output: Tensor, received: Tensor) -> bool:
    """Whether a layer received just what the one before put out, were it in another shape.

    An operation that belongs to no layer may have come between; only one that reshapes is harmless.
    """
    alike = output.numel() == received.numel() and output.dtype == received.dtype
    return alike and torch.equal(output.reshape(received.shape), received)


def _place(index: Index) -> str:
    """ "map 7, row 21, column 30"; "feature 12"; "token 3, feature 12"."""
    names = {1: ("feature",), 2: ("token", "feature"), 3: ("map", "row", "column")}
    axes = names.get(len(index), tuple(f"axis {axis}:" for axis in range(len(index))))
    return ", ".join(f"{axis} {at}" for axis, at in zip(axes, index, strict=True))


def _box(field: ReceptiveField, index: Index) -> Box:
    row, column = index[1:] if len(index) == 3 else (0, 0)
    top, left = field.start_y + row * field.jump_y, field.start_x + column * field.jump_x
    return Box(top, left, top + field.size_y, left + field.size_x)


def _meaning(layer: Layer, module: nn.Module) -> str:
    """One sentence in plain words: what kind of layer it is, what it does, how much it sees."""
    text = f"This {_kind(layer, module)} {_does(layer, module)}"
    if layer.field is not None:
        text += f"; its receptive field is {layer.field.size_y}×{layer.field.size_x} pixels"
    return f"{text}."


def own_kind(layer: Layer, module: nn.Module) -> str:
    """What kind of layer it is, by its type where its kind says too little: "group norm"."""
    if type(module) in _BY_TYPE:
        return _BY_TYPE[type(module)][0]
    return f"{layer.type} layer" if layer.kind == "other" else layer.kind


def _kind(layer: Layer, module: nn.Module) -> str:
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        return f"{height}×{width} {convolution_kind(module)}"
    if layer.kind in ("activation", "pooling"):
        return f"{layer.kind} ({layer.type})"
    return own_kind(layer, module).replace("dense", "dense layer")


def _does(layer: Layer, module: nn.Module) -> str:
    if passes_on(module):
        return "hands every value on as it is"
    if type(module) in _BY_TYPE:
        return _BY_TYPE[type(module)][1]
    return _DOES.get(layer.kind, "is a step of the model that has no simple formula here")
