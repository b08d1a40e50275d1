"""Normalisation, residual sums, softmax, and layers that only pass a value on."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor, nn

from engine.ask import Line, Step
from engine.explain.arithmetic_format import added, constant, counted, factor, number, taken, total
from engine.explain.arithmetic_window import numbers
from engine.models.designs.layers import Normalise

Index = tuple[int, ...]


def explain_batch_norm(module: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, index: Index, name: str) -> Step:
    """Output (channel, ...) of batch normalisation (Ioffe and Szegedy 2015) of `x` (N, C, ...).

    In evaluation with the running statistics, else with those of the batch.
    """
    channel = index[0]
    value = float(numbers(x[(0, *index)]))
    if module.training or module.running_mean is None or module.running_var is None:
        batch, whose = numbers(x[:, channel]), "this batch"
        mean, variance = float(batch.mean()), float(batch.var())
    else:
        whose = "training"
        mean, variance = (
            float(numbers(module.running_mean[channel])),
            float(numbers(module.running_var[channel])),
        )
    lines = _normalised(value, mean, variance, module.eps, f"normalise by {whose}")
    if not module.affine:
        return Step(name, "batch norm", lines)
    weight, bias = (float(numbers(learned[channel])) for learned in (module.weight, module.bias))
    scale = weight / math.sqrt(variance + module.eps)
    folded = f"{factor(value)} × {factor(scale)} {added(bias - mean * scale)}"
    result = lines[-1].value * weight + bias
    lines += (_affine(lines[-1].value, weight, bias), Line("the same as one line", folded, result))
    return Step(name, "batch norm", lines)


def explain_layer_norm(module: nn.LayerNorm, x: Tensor, index: Index, name: str) -> Step:
    """Output `index` of layer normalisation (Ba et al. 2016) of `x` (1, ..., *normalized_shape)."""
    within = index[-len(module.normalized_shape) :]
    group = numbers(x[(0, *index[: len(index) - len(within)])])
    mean, variance = float(group.mean()), float(group.var())
    lines = _normalised(float(group[within]), mean, variance, module.eps, f"normalise {group.size} values")
    if module.elementwise_affine:
        weight = float(numbers(module.weight[within]))
        bias = 0.0 if module.bias is None else float(numbers(module.bias[within]))
        lines += (_affine(lines[-1].value, weight, bias),)
    return Step(name, "layer norm", lines)


def explain_group_norm(module: nn.GroupNorm, x: Tensor, index: Index, name: str) -> Step:
    """Output (channel, ...) of group normalisation (Wu and He 2018) of `x` (1, C, ...)."""
    channel, each = index[0], module.num_channels // module.num_groups
    first = channel // each * each
    group = numbers(x[0, first : first + each])
    channels = f"channels {first} to {first + each - 1}" if each > 1 else f"channel {first}"
    label = f"normalise {counted(group.size, 'value')} of {channels}"
    value = float(numbers(x[(0, *index)]))
    lines = _normalised(value, float(group.mean()), float(group.var()), module.eps, label)
    if module.affine:
        weight, bias = (float(numbers(learned[channel])) for learned in (module.weight, module.bias))
        lines += (_affine(lines[-1].value, weight, bias),)
    return Step(name, "group norm", lines)


def explain_normalise(module: Normalise, x: Tensor, index: Index, name: str) -> Step:
    """Output (channel, row, column) of what a built network does first to its pictures `x` (1, C, H, W)."""
    value, channel = float(numbers(x[(0, *index)])), index[0]
    mean, std = (float(numbers(part[channel, 0, 0])) for part in (module.mean, module.std))
    formula = f"({number(value)} {taken(mean)}) / {number(std)}"
    return Step(name, "by the training pictures", (Line("normalise", formula, (value - mean) / std),))


def explain_sum(inputs: tuple[Tensor, ...], index: Index, name: str) -> Step:
    """Output `index` of the sum of `inputs`, all of one shape (1, ...)."""
    terms = [float(numbers(x[(0, *index)])) for x in inputs]
    return Step(name, "residual sum", (Line("sum", total(terms), math.fsum(terms)),))


def explain_softmax_layer(module: nn.Softmax, x: Tensor, index: Index, name: str) -> Step:
    """Output `index` of a softmax of `x` (1, ...) along the module's `dim`."""
    # Without a `dim`, torch takes the batch of a (1, N, D) array; odd, but it is what was computed.
    unsaid = 0 if x.ndim == 3 else 1
    dim = unsaid if module.dim is None else module.dim % x.ndim
    place = (0, *index)
    logits = numbers(x[tuple(slice(None) if axis == dim else at for axis, at in enumerate(place))])
    return Step(name, "softmax", softmax_lines(logits, place[dim]))


def softmax_lines(logits: np.ndarray, index: int) -> tuple[Line, ...]:
    """One share of a softmax of `logits` (K,): its exponential, their sum, the quotient."""
    largest, logit = float(logits.max()), float(logits[index])
    own = math.exp(logit - largest)
    everything = float(np.exp(logits - largest).sum())
    return (
        Line("exponential", f"e^({number(logit)} {taken(largest)}), {number(largest)} is the largest", own),
        Line("sum", f"{len(logits)} exponentials summed", everything),
        Line("share", f"{number(own)} / {number(everything)}", own / everything),
    )


def explain_passed_on(value: float, operation: str, name: str) -> Step:
    """A layer that hands the value on as it is: dropout in evaluation, identity, flatten."""
    return Step(name, operation, (Line("passed on", number(value), value),))


def _normalised(value: float, mean: float, variance: float, eps: float, label: str) -> tuple[Line, ...]:
    """(value − mean) / √(variance + eps)."""
    formula = f"({number(value)} {taken(mean)}) / √({number(variance)} + {constant(eps)})"
    return (Line(label, formula, (value - mean) / math.sqrt(variance + eps)),)


def _affine(value: float, weight: float, bias: float) -> Line:
    return Line("scale and shift", f"{factor(value)} × {factor(weight)} {added(bias)}", value * weight + bias)
