"""What the tests of the arithmetic share: torch in float64 as the oracle, and layers to ask."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.ask import Step
from engine.explain.arithmetic import explain_value


def everywhere(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(size) for size in shape))


def corners_and_middle(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    return set(itertools.product(*({0, size // 2, size - 1} for size in shape)))


def exact(module: nn.Module, *inputs: Tensor) -> Tensor:
    """What torch puts out in float64 for the same float32 numbers."""
    module.double()
    try:
        return module(*(x.double() for x in inputs))
    finally:
        module.float()


def check(module: nn.Module, *inputs: Tensor, name: str = "layer") -> list[Step]:
    """Every corner, edge and middle of the output: 1e-12 to float64, 1e-5 to the float32 output."""
    output = module(*inputs)
    wanted = exact(module, *inputs)
    steps = []
    for index in sorted(corners_and_middle(tuple(output.shape[1:]))):
        step = explain_value(module, inputs, output, index, name=name)
        value = step.lines[-1].value
        assert value == pytest.approx(float(wanted[(0, *index)]), rel=1e-12, abs=1e-12)
        assert value == pytest.approx(float(output[(0, *index)]), rel=1e-5, abs=1e-5)
        assert step.layer == name
        assert step.operation
        assert all(line.label and line.formula for line in step.lines)
        steps.append(step)
    return steps


def trained_norm(module: nn.Module) -> nn.Module:
    """Running statistics, scales and shifts that are not one and zero."""
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    return module.eval()


class SameConv(nn.Conv2d):
    """TensorFlow's SAME padding: enough for ceil(size / stride) outputs, the odd pixel at the end."""

    def same_padding(self, height: int, width: int) -> tuple[int, int, int, int]:
        pads = []
        for size, k, s, d in zip(
            (width, height), self.kernel_size[::-1], self.stride[::-1], self.dilation[::-1], strict=True
        ):
            needed = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
            pads += [needed // 2, needed - needed // 2]
        return tuple(pads)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.same_padding(*x.shape[-2:]))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class ResidualSum(nn.Module):
    def forward(self, *terms: Tensor) -> Tensor:
        return sum(terms[1:], terms[0])
