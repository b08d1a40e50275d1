"""The operators that a `.pt2` file may name: tensor arithmetic of picture classifiers, and nothing else.

The list is closed on purpose. PyTorch's operators include some that read files or fill the memory, and
a file must not be able to choose those.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

COMPUTING = frozenset(
    [
        "conv2d.default",
        "conv2d.padding",
        "convolution.default",
        "linear.default",
        "addmm.default",
        "mm.default",
        "matmul.default",
        "batch_norm.default",
        "_native_batch_norm_legit_no_training.default",
        "layer_norm.default",
        "native_layer_norm.default",
        "group_norm.default",
        "instance_norm.default",
        "relu.default",
        "relu_.default",
        "hardtanh.default",
        "hardtanh_.default",
        "hardswish.default",
        "hardswish_.default",
        "hardsigmoid.default",
        "hardsigmoid_.default",
        "silu.default",
        "silu_.default",
        "sigmoid.default",
        "sigmoid_.default",
        "tanh.default",
        "tanh_.default",
        "gelu.default",
        "leaky_relu.default",
        "leaky_relu_.default",
        "elu.default",
        "elu_.default",
        "mish.default",
        "mish_.default",
        "softplus.default",
        "prelu.default",
        "clamp.default",
        "clamp_.default",
        "clamp_min.default",
        "max_pool2d.default",
        "max_pool2d_with_indices.default",
        "avg_pool2d.default",
        "adaptive_avg_pool2d.default",
        "_adaptive_avg_pool2d.default",
        "mean.dim",
        "amax.default",
        "sum.dim_IntList",
        "add.Tensor",
        "add_.Tensor",
        "add.Scalar",
        "sub.Tensor",
        "sub_.Tensor",
        "sub.Scalar",
        "rsub.Scalar",
        "mul.Tensor",
        "mul_.Tensor",
        "mul.Scalar",
        "div.Tensor",
        "div_.Tensor",
        "div.Scalar",
        "neg.default",
        "abs.default",
        "exp.default",
        "sqrt.default",
        "rsqrt.default",
        "pow.Tensor_Scalar",
        "cat.default",
        "stack.default",
        "softmax.int",
        "_softmax.default",
        "log_softmax.int",
        "_log_softmax.default",
        "dropout.default",
        "dropout_.default",
        "pad.default",
        "constant_pad_nd.default",
    ]
)

MOVING = frozenset(
    [
        "flatten.using_ints",
        "view.default",
        "reshape.default",
        "unflatten.int",
        "expand.default",
        "permute.default",
        "transpose.int",
        "t.default",
        "squeeze.dim",
        "squeeze.dims",
        "unsqueeze.default",
        "select.int",
        "slice.Tensor",
        "chunk.default",
        "split.Tensor",
        "split_with_sizes.default",
        "contiguous.default",
        "clone.default",
        "alias.default",
        "detach.default",
        "sym_size.int",
    ]
)

SYMBOLIC: Mapping[str, Callable[..., Any]] = {
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv,
}
"""Arithmetic on sizes, where an export left the number of pictures open."""

OPERATORS = frozenset(f"torch.ops.aten.{name}" for name in COMPUTING | MOVING) | frozenset(SYMBOLIC)

_MOVING_NAMES = frozenset(name.partition(".")[0] for name in MOVING)


def base_name(target: str) -> str:
    """ "conv2d" of "torch.ops.aten.conv2d.default", "relu" of "torch.ops.aten.relu_.default"."""
    return target if target in SYMBOLIC else target.split(".")[3].rstrip("_")


def moves(target: str) -> bool:
    """Whether the operator computes no value of a feature map: it moves values about, or counts."""
    return target in SYMBOLIC or base_name(target) in _MOVING_NAMES


def is_inplace(target: str) -> bool:
    """Whether the operator writes its result over its first argument."""
    return target not in SYMBOLIC and target.split(".")[3].endswith("_")


def find_operator(target: str, *, inplace: bool = True) -> Any:
    """The operator of that name, one of OPERATORS; without `inplace`, the one that returns a new tensor."""
    if target not in OPERATORS:
        raise KeyError(target)
    if target in SYMBOLIC:
        return SYMBOLIC[target]
    name, overload = target.split(".")[3:]
    packet = getattr(torch.ops.aten, name if inplace else name.rstrip("_"))
    return getattr(packet, overload)


def bind(target: str, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments in the operator's order, defaults filled in, and those that go by keyword.

    An operator and its in-place twin take the same order, though not always the same names. Raises
    ValueError where a name is not the operator's or a required one is missing.
    """
    if target in SYMBOLIC:
        return list(arguments.values()), {}
    positional, keywords, given = [], {}, dict(arguments)
    for parameter in find_operator(target)._schema.arguments:
        if parameter.name not in given and not parameter.has_default_value():
            raise ValueError(f"{target} lacks {parameter.name}")
        if not parameter.kwarg_only:
            positional.append(given.pop(parameter.name, parameter.default_value))
        elif parameter.name in given:
            keywords[parameter.name] = given.pop(parameter.name)
    if given:
        raise ValueError(f"{target} has no {', '.join(given)}")
    return positional, keywords
