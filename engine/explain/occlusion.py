"""Which part of the picture matters: cover it with a patch and watch the logit fall, coarse to fine."""

from __future__ import annotations

from collections.abc import Generator
from math import ceil

import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.explain.attribution import Partial, class_logits
from engine.explain.heat_parts import Squares

Corner = tuple[int, int]
"""Row and column of a patch's upper left pixel."""


def occlusion(
    model: nn.Module,
    x: Tensor,
    target: int,
    *,
    patch: int = 32,
    finest_stride: int = 8,
    fill: float = 0.0,
    batch: int = 1,
) -> Generator[Partial]:
    """How much the logit of `target` drops where a square patch covers the picture, map (H, W).

    Zeiler & Fergus (ECCV 2014) slide a grey square (`fill`, in normalised values; 0 is the mean colour)
    over the picture. A pixel's value is the mean drop over the patches that covered it; negative
    where covering it helps the class, 0 where no patch has been yet. Patches that reach over
    the right or lower edge are cut off there.

    The drop is one of the logit, not of the probability: a probability near 0 or 1 hardly moves
    whatever is covered, so only the logit answers for every class, and in the same unit as the gradients.

    The first pass places the patches side by side (or as far apart as `finest_stride` times a power of
    two allows); each further pass halves the stride and keeps what is known. One batch of patches a
    yield: on a CPU a larger batch only makes it longer, on a GPU it pays. `note` names the stride, `value`
    is the largest drop of a single patch so far. Raises UserError where the stride is larger than the
    patch or there is no such class.
    """
    if not 1 <= finest_stride <= patch:
        raise UserError(
            "Occlusion would leave gaps",
            f"the stride ({finest_stride}) is larger than the patch ({patch}) or below 1",
            f"Choose a stride from 1 to {patch}",
        )
    size = (x.shape[2], x.shape[3])
    levels = {stride: _corners(size, patch, stride) for stride in _strides(patch, finest_stride)}
    total = len(set().union(*levels.values()))
    uncovered = _logits(model, x, target)[0]
    drops: dict[Corner, float] = {}
    for stride, corners in levels.items():
        mean = _OverlapMean(x, patch)
        for corner in corners:
            if corner in drops:
                mean.add(corner, drops[corner])
        unknown = [corner for corner in corners if corner not in drops]
        for first in range(0, len(unknown), batch):
            covered = unknown[first : first + batch]
            logits = _logits(model, _cover(x, covered, patch, fill), target)
            for corner, logit in zip(covered, logits, strict=True):
                drops[corner] = uncovered - logit
                mean.add(corner, drops[corner])
            squares = Squares(patch, uncovered, tuple(mean.placed))
            yield Partial(mean.map, len(drops), total, f"stride {stride}", max(drops.values()), squares)


class _OverlapMean:
    """Mean of the drops over the patches that cover each pixel."""

    def __init__(self, x: Tensor, patch: int) -> None:
        self._sum = torch.zeros(x.shape[2:], dtype=x.dtype)
        self._count = torch.zeros(x.shape[2:], dtype=x.dtype)
        self._patch = patch
        self.placed: list[tuple[Corner, float]] = []

    def add(self, corner: Corner, drop: float) -> None:
        self.placed.append((corner, drop))
        row, column = corner
        place = (slice(row, row + self._patch), slice(column, column + self._patch))
        self._sum[place] += drop
        self._count[place] += 1

    @property
    def map(self) -> Tensor:
        return self._sum / self._count.clamp(min=1)


def _strides(patch: int, finest: int) -> list[int]:
    """From the coarsest that leaves no gap to the finest, each half of the one before."""
    strides = [finest]
    while strides[0] * 2 <= patch:
        strides.insert(0, strides[0] * 2)
    return strides


def _corners(size: tuple[int, int], patch: int, stride: int) -> list[Corner]:
    """Where patches stand, row by row, so that the last in a row and column reaches the edge."""
    rows, columns = (ceil(max(extent - patch, 0) / stride) + 1 for extent in size)
    return [(row * stride, column * stride) for row in range(rows) for column in range(columns)]


def _cover(x: Tensor, corners: list[Corner], patch: int, fill: float) -> Tensor:
    """A copy of the picture for every corner, each with one patch on it: (len(corners), C, H, W)."""
    covered = x.repeat(len(corners), 1, 1, 1)
    for picture, (row, column) in zip(covered, corners, strict=True):
        picture[:, row : row + patch, column : column + patch] = fill
    return covered


@torch.no_grad()
def _logits(model: nn.Module, x: Tensor, target: int) -> list[float]:
    return class_logits(model(x), target).tolist()
