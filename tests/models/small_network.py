"""A small classifier with most kinds of layers, and how the tests export it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 16


class Block(nn.Module):
    """A residual block that calls its layers twice, pads unevenly and weighs its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU(inplace=True)
        self.scale = nn.Parameter(torch.rand(8, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.norm(self.conv(F.pad(x, (0, 2, 1, 1)))))
        return self.act(self.norm(self.conv(F.pad(y, (0, 2, 1, 1)))) * self.scale + x)


class Net(nn.Module):
    """A small classifier with most kinds of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, groups=1), nn.ReLU6())
        self.block = Block()
        self.depthwise = nn.Conv2d(8, 8, 3, padding="same", groups=8)
        self.pools = nn.ModuleList([nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(2)])
        self.types = nn.ModuleDict({"hardswish": nn.Hardswish(inplace=True), "gelu": nn.GELU()})
        self.pool, self.drop, self.fc = nn.AdaptiveAvgPool2d(1), nn.Dropout(0.2), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.types["hardswish"](self.depthwise(self.block(self.stem(x))))
        one, two = self.types["gelu"](x).chunk(2, 1)
        x = torch.cat([pool(torch.cat([one, two], 1)) for pool in self.pools], 1)
        return self.fc(self.drop(torch.flatten(self.pool(x), 1)))


def trained(model: nn.Module) -> nn.Module:
    """The model in eval mode with batch norms that have seen something."""
    torch.manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-1, 1)
                module.running_var.uniform_(0.5, 2)
    return model.eval()


def save(model: nn.Module, file: Path, example: Tensor | None = None, **options: Any) -> Path:
    """Export `model` to `file`, for any number of pictures unless an example is given."""
    shapes = ({0: torch.export.Dim("batch")},) if example is None else None
    example = torch.rand(2, 3, SIDE, SIDE) if example is None else example
    torch.export.save(torch.export.export(model, (example,), dynamic_shapes=shapes), file, **options)
    return file


def pictures(count: int) -> Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(7))
