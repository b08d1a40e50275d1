"""From one exported operator call to the `nn` layer that computes the same, so that it can be explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.efficientnet_lite import ResidualSum
from engine.models.exported_program import Ref
from engine.models.operators import base_name, bind, find_operator

Arguments = Mapping[str, Any]


def layer_for(target: str, arguments: Arguments, x: Tensor) -> nn.Module | None:
    """The layer that computes this call, or None where `nn` has none that is exactly it.

    `arguments` holds weights as tensors and computed values as Refs; `x`, the first of these, may lie on
    the meta device. Raises ValueError or TypeError where the arguments make no sense.
    """
    builder = _BUILDERS.get(base_name(target))
    layer = builder(_complete(target, arguments), x) if builder else None
    return None if layer is None else layer.eval().requires_grad_(False)


def _complete(target: str, arguments: Arguments) -> dict[str, Any]:
    """The arguments with the operator's defaults, by the names that the operator gives them."""
    positional, keywords = bind(target, arguments)
    schema = find_operator(target, inplace=False)._schema.arguments
    names = [parameter.name for parameter in schema if not parameter.kwarg_only]
    return {**dict(zip(names, positional, strict=True)), **keywords}


def _put(layer: nn.Module, **tensors: Tensor | None) -> nn.Module:
    """Give a layer built on the meta device the file's own tensors."""
    for name, tensor in tensors.items():
        if name in layer._parameters and tensor is not None:
            tensor = tensor if isinstance(tensor, nn.Parameter) else nn.Parameter(tensor, requires_grad=False)
        setattr(layer, name, tensor)
    return layer


def _conv2d(given: Arguments, x: Tensor) -> nn.Module | None:
    weight, bias, groups = given["weight"], given["bias"], given["groups"]
    if not isinstance(weight, Tensor) or isinstance(bias, Ref) or weight.dim() != 4 or x.dim() != 4:
        return None
    if given.get("transposed"):
        return None
    padding = given["padding"] if isinstance(given["padding"], str) else _pair(given["padding"])
    layer = nn.Conv2d(
        weight.shape[1] * groups, weight.shape[0], _pair(weight.shape[2:]), _pair(given["stride"]), padding,
        _pair(given["dilation"]), groups, bias is not None, device="meta",
    )  # fmt: skip
    return _put(layer, weight=weight, bias=bias)


def _linear(given: Arguments, x: Tensor) -> nn.Module | None:
    weight, bias = given["weight"], given["bias"]
    if not isinstance(weight, Tensor) or isinstance(bias, Ref) or weight.dim() != 2:
        return None
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    return _put(layer, weight=weight, bias=bias)


def _batch_norm(given: Arguments, x: Tensor) -> nn.Module | None:
    names = ("weight", "bias", "running_mean", "running_var")
    tensors = {name: given[name] for name in names}
    if any(isinstance(tensor, Ref) for tensor in tensors.values()) or tensors["running_mean"] is None:
        return None
    affine = tensors["weight"] is not None
    if affine != (tensors["bias"] is not None):
        return None
    kind = nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d
    layer = kind(x.shape[1], given["eps"], given["momentum"], affine=affine, device="meta")
    layer.num_batches_tracked = torch.tensor(0)
    return _put(layer, **tensors)


def _layer_norm(given: Arguments, x: Tensor) -> nn.Module | None:
    weight, bias = given["weight"], given["bias"]
    if isinstance(weight, Ref) or isinstance(bias, Ref) or (weight is None) != (bias is None):
        return None
    affine = weight is not None
    layer = nn.LayerNorm(given["normalized_shape"], given["eps"], elementwise_affine=affine, device="meta")
    return _put(layer, weight=weight, bias=bias)


def _group_norm(given: Arguments, x: Tensor) -> nn.Module | None:
    weight, bias = given["weight"], given["bias"]
    if isinstance(weight, Ref) or isinstance(bias, Ref) or (weight is None) != (bias is None):
        return None
    layer = nn.GroupNorm(given["num_groups"], x.shape[1], given["eps"], weight is not None, device="meta")
    return _put(layer, weight=weight, bias=bias)


def _prelu(given: Arguments, x: Tensor) -> nn.Module | None:
    weight = given["weight"]
    return (
        _put(nn.PReLU(weight.numel(), device="meta"), weight=weight) if isinstance(weight, Tensor) else None
    )


def _hardtanh(given: Arguments, x: Tensor) -> nn.Module:
    low, high = given["min_val"], given["max_val"]
    return nn.ReLU6() if (low, high) == (0, 6) else nn.Hardtanh(low, high)


def _elu(given: Arguments, x: Tensor) -> nn.Module | None:
    return nn.ELU(given["alpha"]) if given["scale"] == given["input_scale"] == 1 else None


def _max_pool(given: Arguments, x: Tensor) -> nn.Module | None:
    if x.dim() != 4:
        return None
    window = _pair(given["kernel_size"])
    stride = _pair(given["stride"] or window)
    padding, dilation = _pair(given["padding"]), _pair(given["dilation"])
    return nn.MaxPool2d(window, stride, padding, dilation, ceil_mode=given["ceil_mode"])


def _average_pool(given: Arguments, x: Tensor) -> nn.Module | None:
    if x.dim() != 4:
        return None
    window = _pair(given["kernel_size"])
    stride, padding = _pair(given["stride"] or window), _pair(given["padding"])
    rest = (given["ceil_mode"], given["count_include_pad"], given["divisor_override"])
    return nn.AvgPool2d(window, stride, padding, *rest)


def _adaptive_pool(given: Arguments, x: Tensor) -> nn.Module | None:
    return nn.AdaptiveAvgPool2d(_pair(given["output_size"])) if x.dim() == 4 else None


def _pad(given: Arguments, x: Tensor) -> nn.Module | None:
    if given.get("mode", "constant") != "constant" or len(given["pad"]) != 4:
        return None
    return nn.ConstantPad2d(tuple(given["pad"]), given["value"] or 0.0)


def _sum(given: Arguments, x: Tensor) -> nn.Module | None:
    both = (
        isinstance(given["self"], Ref) and isinstance(given["other"], Ref) and given["self"] != given["other"]
    )
    return ResidualSum() if both and x.dim() == 4 and given.get("alpha", 1) == 1 else None


def _pair(value: Any) -> tuple[int, int]:
    """Two numbers, as the layers spell them."""
    numbers = value if isinstance(value, (list, tuple)) else (value,)
    first, second = numbers * 2 if len(numbers) == 1 else numbers
    return first, second


_BUILDERS: dict[str, Callable[[Arguments, Tensor], nn.Module | None]] = {
    "conv2d": _conv2d,
    "convolution": _conv2d,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "relu": lambda given, x: nn.ReLU(),
    "hardtanh": _hardtanh,
    "hardswish": lambda given, x: nn.Hardswish(),
    "hardsigmoid": lambda given, x: nn.Hardsigmoid(),
    "silu": lambda given, x: nn.SiLU(),
    "sigmoid": lambda given, x: nn.Sigmoid(),
    "tanh": lambda given, x: nn.Tanh(),
    "mish": lambda given, x: nn.Mish(),
    "gelu": lambda given, x: nn.GELU(given.get("approximate", "none")),
    "leaky_relu": lambda given, x: nn.LeakyReLU(given["negative_slope"]),
    "elu": _elu,
    "softplus": lambda given, x: nn.Softplus(given["beta"], given["threshold"]),
    "prelu": _prelu,
    "max_pool2d": _max_pool,
    "max_pool2d_with_indices": _max_pool,
    "avg_pool2d": _average_pool,
    "adaptive_avg_pool2d": _adaptive_pool,
    "_adaptive_avg_pool2d": _adaptive_pool,
    "dropout": lambda given, x: nn.Dropout(given["p"]),
    "flatten": lambda given, x: nn.Flatten(given["start_dim"], given["end_dim"]),
    "softmax": lambda given, x: nn.Softmax(given["dim"]),
    "log_softmax": lambda given, x: nn.LogSoftmax(given["dim"]),
    "pad": _pad,
    "constant_pad_nd": _pad,
    "add": _sum,
}
