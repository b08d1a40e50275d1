"""The layers of designed networks that `torch.nn` lacks; `exports.py` copies them into source text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.efficientnet_lite import ResidualSum


class Normalise(nn.Module):
    """Pictures (N, C, H, W) with values from 0 to 1, less `mean` and divided by `std`, one each a channel."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).reshape(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """As large as it came."""
        return (x - self.mean) / self.std


class Enlarge(nn.Module):
    """Pictures (N, 1 or 3, H, W) as (N, 3, side, side): bicubic, averaged where they get smaller."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """Grey is repeated for red, green and blue."""
        x = x.expand(-1, 3, -1, -1)
        if tuple(x.shape[2:]) == (self.side, self.side):
            return x
        return F.interpolate(x, (self.side, self.side), mode="bicubic", align_corners=False, antialias=True)


class Residual(nn.Module):
    """What two convolutions make of their input, added to the input (He et al., CVPR 2016)."""

    def __init__(
        self,
        first: nn.Module,
        second: nn.Module,
        shortcut: nn.Module | None = None,
        act: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.shortcut = shortcut
        self.sum = ResidualSum()
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """From (N, C, H, W) to as many maps as `second` puts out."""
        new = self.second(self.first(x))
        both = self.sum(new, x if self.shortcut is None else self.shortcut(x))
        return both if self.act is None else self.act(both)
