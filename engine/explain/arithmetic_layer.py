"""One layer's part in one value: recomputed in float64 from what went into that layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from engine.ask import Line, Step
from engine.explain import arithmetic_pooling as pooling
from engine.explain.arithmetic_activation import explain_activation, explain_prelu
from engine.explain.arithmetic_convolution import explain_convolution, explain_linear
from engine.explain.arithmetic_pointwise import (
    explain_batch_norm,
    explain_group_norm,
    explain_layer_norm,
    explain_normalise,
    explain_passed_on,
    explain_softmax_layer,
    explain_sum,
)
from engine.explain.arithmetic_resampling import explain_enlarge
from engine.explain.arithmetic_window import numbers
from engine.models.designs.layers import Enlarge, Normalise

Index = tuple[int, ...]

TOLERANCE = 0.02
"""How far, as a part of the terms' size, the recomputed value may lie from the layer's own. Wide enough
for bfloat16; a wrong formula or an input overwritten in place is much further off."""

ROUNDED_AWAY = 1e-6
"""What is always forgiven: float32 loses this much in the 1 + erf(x) of a GELU far below zero."""

_ALONE: dict[type[nn.Module], Callable[[Any, Tensor, Index, str], Step]] = {
    nn.Conv2d: explain_convolution,
    nn.Linear: explain_linear,
    nn.BatchNorm2d: explain_batch_norm,
    nn.BatchNorm1d: explain_batch_norm,
    nn.LayerNorm: explain_layer_norm,
    nn.GroupNorm: explain_group_norm,
    Normalise: explain_normalise,
    Enlarge: explain_enlarge,
    nn.Softmax: explain_softmax_layer,
    nn.PReLU: explain_prelu,
}
"""Layers explained from their one input."""

_POOLING: dict[type[nn.Module], Callable[[Any, Tensor, Tensor, Index, str], Step]] = {
    nn.MaxPool2d: pooling.explain_max_pool,
    nn.AvgPool2d: pooling.explain_average_pool,
    nn.AdaptiveAvgPool2d: pooling.explain_adaptive_average_pool,
    nn.AdaptiveMaxPool2d: pooling.explain_adaptive_max_pool,
}
"""Layers explained from their input and the size of their output."""

_MOVES = frozenset(("Identity", "Flatten", "Unflatten", "Permute"))
"""Layers, by class name, that keep each value; the last is torchvision's."""

_ONLY_IN_TRAINING = frozenset(
    ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "StochasticDepth", "DropPath")
)


def explain_value(
    module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, index: Index, *, name: str
) -> Step:
    """How `module` made `output[0][index]` from `inputs` (each (1, ...)), in float64.

    The last line's value is the layer's output up to rounding. A module whose formula is not known
    here, or whose captured input does not lead to its output, gives a step that says so.

    Raises IndexError where `index` is no place in `output[0]`.
    """
    shape = tuple(output.shape[1:])
    if len(index) != len(shape) or not all(0 <= at < size for at, size in zip(index, shape, strict=True)):
        raise IndexError(f"{name}: {index} is no place in an output of shape {shape}")
    value = float(numbers(output[(0, *index)]))
    step = _explained(module, inputs, output, index, name) if inputs else None
    if step is None:
        return _unexplained(module, name, value, "as the model computed it; its formula is not known here")
    if not _agrees(step, value):
        return _unexplained(module, name, value, "as the model computed it; its captured input gives another")
    return step


def passes_on(module: nn.Module) -> bool:
    """Whether `module` changes no value: identity, a change of shape, and dropout in evaluation."""
    kind = type(module).__name__
    return kind in _MOVES or (kind in _ONLY_IN_TRAINING and not module.training)


def index_before(module: nn.Module, x: Tensor, output: Tensor, index: Index) -> Index:
    """The place in `x[0]` of `output[0][index]`, for a layer that computes each value from one."""
    if type(module).__name__ == "Permute":
        dims: Any = module.dims
        return tuple(at for _, at in sorted(zip(dims, (0, *index), strict=True)))[1:]
    return same_place(output, x, index)


def same_place(reshaped: Tensor, tensor: Tensor, index: Index) -> Index:
    """The place in `tensor[0]` of the value at `reshaped[0][index]`, where one is a view of the other."""
    place = np.ravel_multi_index((0, *index), tuple(reshaped.shape))
    return tuple(int(at) for at in np.unravel_index(place, tuple(tensor.shape)))[1:]


def _explained(
    module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, index: Index, name: str
) -> Step | None:
    """The step, or `None` where no formula is known."""
    x = inputs[0]
    if type(module).__name__ == "ResidualSum":
        same = all(each.shape == output.shape for each in inputs)
        return explain_sum(inputs, index, name) if same else None
    if passes_on(module):
        before = index_before(module, x, output, index)
        return explain_passed_on(float(numbers(x[(0, *before)])), type(module).__name__, name)
    if type(module).__name__ == "LayerNorm2d" and isinstance(module, nn.LayerNorm):
        *_, row, column = index
        return explain_layer_norm(module, x.permute(0, 2, 3, 1), (row, column, index[0]), name)
    for kind, alone in _ALONE.items():
        if _computes_like(module, kind):
            return alone(module, x, index, name)
    for kind, pool in _POOLING.items():
        if _computes_like(module, kind):
            return pool(module, x, output, index, name)
    return explain_activation(module, x, index, name)


def _computes_like(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether `module` is of `kind` and computes as it: a subclass may have a forward of its own.

    A convolution may, if it says by `same_padding` how it pads: the one thing it does differently.
    """
    if not isinstance(module, kind):
        return False
    return type(module).forward is kind.forward or (kind is nn.Conv2d and hasattr(module, "same_padding"))


def _unexplained(module: nn.Module, name: str, value: float, why: str) -> Step:
    return Step(name, type(module).__name__, (Line("result", why, value),))


def _agrees(step: Step, value: float) -> bool:
    """Whether the recomputed value is the layer's own, up to the rounding of its terms."""
    found = step.lines[-1].value
    if not np.isfinite([found, value]).all():
        return bool(np.isnan(found) and np.isnan(value)) or found == value
    size = max(abs(line.value) for line in step.lines if np.isfinite(line.value))
    if step.products is not None:
        size = max(size, float(np.abs(step.products.products).sum()))
    return abs(found - value) <= TOLERANCE * max(size, abs(value)) + ROUNDED_AWAY
