"""One picture as the pictures of a set are: as large, and as colourful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.data.prepare import prepare
from engine.models.preprocessing import unscaled

if TYPE_CHECKING:
    import torch


def fitted_picture(rgb: np.ndarray, shape: tuple[int, int, int]) -> torch.Tensor:
    """`rgb` (H, W, 3) uint8 as (C, S, S) uint8: short side resized, centre cropped, grey where C is 1.

    The very bytes that the image classification lab gives the same network, once it was handed over.
    """
    import torch

    channels, side, _ = shape
    prepared = prepare(rgb, unscaled(channels, side))
    return torch.from_numpy(prepared.rgb.copy()).permute(2, 0, 1)[:channels].contiguous()
