"""The closed list of operators, and the bound on their results, against PyTorch's schemas and shapes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.models.operator_sizes import largest_result
from engine.models.operators import OPERATORS, SYMBOLIC, bind, find_operator, is_inplace

ATEN = sorted(OPERATORS - SYMBOLIC.keys())


@pytest.mark.parametrize("target", ATEN)
def test_each_only_turns_tensors_into_tensors(target: str) -> None:
    schema = find_operator(target)._schema
    texts = {argument.name for argument in schema.arguments if "str" in str(argument.type)}
    assert texts <= {"padding", "mode", "approximate"}
    assert "Device" not in str(schema)
    assert "Tensor" in str(schema.arguments[0].type)
    assert {str(result.type) for result in schema.returns} <= {"Tensor", "List[Tensor]", "int", "SymInt"}


@pytest.mark.parametrize("target", [target for target in ATEN if is_inplace(target)])
def test_a_twin_takes_the_same_arguments_in_the_same_order(target: str) -> None:
    own, twin = find_operator(target)._schema, find_operator(target, inplace=False)._schema
    assert [str(a.type) for a in own.arguments] == [str(a.type) for a in twin.arguments]
    assert [a.name for a in own.arguments][1:] == [a.name for a in twin.arguments][1:]
    assert not any(argument.is_write for argument in twin.arguments)


def test_unknown_operators_are_not_found() -> None:
    for target in ("torch.ops.aten.from_file.default", "torch.hub.load", "_operator.attrgetter"):
        with pytest.raises(KeyError):
            find_operator(target)


def test_arguments_are_bound_by_name() -> None:
    x = torch.rand(1)
    positional, keywords = bind("torch.ops.aten.leaky_relu.default", {"self": x})
    assert (positional[1:], keywords) == ([0.01], {})
    assert bind("torch.ops.aten.gelu.default", {"self": x, "approximate": "tanh"})[1] == {
        "approximate": "tanh"
    }
    for wrong in ({}, {"self": x, "other": 1}):
        with pytest.raises(ValueError, match=r"lacks|has no"):
            bind("torch.ops.aten.relu.default", wrong)


def tensor(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


X = tensor(2, 6, 20, 30)
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("relu.default", {"self": X}),
    ("batch_norm.default", {"input": X, "weight": None, "bias": None, "running_mean": tensor(6),
        "running_var": tensor(6), "training": False, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}),
    ("conv2d.default", {"input": X, "weight": tensor(50, 6, 3, 3), "padding": [40, 1]}),
    ("conv2d.default", {"input": X, "weight": tensor(6, 1, 3, 3), "groups": 6, "stride": [2, 2]}),
    ("conv2d.padding", {"input": X, "weight": tensor(8, 6, 3, 3), "padding": "same"}),
    ("max_pool2d.default", {"self": X, "kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1]}),
    ("avg_pool2d.default", {"self": X, "kernel_size": [2]}),
    ("adaptive_avg_pool2d.default", {"self": X, "output_size": [100, 100]}),
    ("pad.default", {"self": X, "pad": [10, 20, 30, 40]}),
    ("constant_pad_nd.default", {"self": X, "pad": [0, 0, 5, 5, 100, 0]}),
    ("expand.default", {"self": tensor(1, 6), "size": [1000, -1]}),
    ("add.Tensor", {"self": tensor(100, 1), "other": tensor(1, 100)}),
    ("mul.Tensor", {"self": X, "other": tensor(6, 1, 1)}),
    ("cat.default", {"tensors": [X] * 9, "dim": 1}),
    ("stack.default", {"tensors": [X, X]}),
    ("linear.default", {"input": tensor(7, 8), "weight": tensor(1000, 8)}),
    ("mm.default", {"self": tensor(100, 1), "mat2": tensor(1, 100)}),
    ("addmm.default", {"self": tensor(9), "mat1": tensor(7, 8), "mat2": tensor(8, 9)}),
    ("matmul.default", {"self": tensor(5, 7, 8), "other": tensor(8, 9)}),
    ("mean.dim", {"self": X, "dim": [2, 3]}),
    ("softmax.int", {"self": X, "dim": 1}),
    ("flatten.using_ints", {"self": X, "start_dim": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_the_bound_is_a_bound_and_not_far_off(name: str, arguments: dict[str, Any]) -> None:
    target = f"torch.ops.aten.{name}"
    positional, keywords = bind(target, arguments)
    actual = find_operator(target)(*positional, **keywords).numel()
    assert actual <= largest_result(target, positional)
    if name not in ("mean.dim", "max_pool2d.default", "avg_pool2d.default"):
        assert largest_result(target, positional) <= 2 * actual


def test_sizes_alone_are_free() -> None:
    assert largest_result("_operator.mul", [3, 4]) == 0
