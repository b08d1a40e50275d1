"""One picture as the pictures of a set are: as large, and as colourful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from engine.data.pictures.squares import square

if TYPE_CHECKING:
    import torch


def fitted_picture(rgb: np.ndarray, shape: tuple[int, int, int]) -> torch.Tensor:
    """`rgb` (H, W, 3) uint8 as (C, S, S) uint8: short side resized, centre cropped, grey where C is 1."""
    import torch

    channels, side, _ = shape
    pixels = square(np.ascontiguousarray(rgb), side)
    if channels == 1:
        return torch.from_numpy(np.array(Image.fromarray(pixels).convert("L")))[None]
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).contiguous()
