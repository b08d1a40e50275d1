"""The batches of a training run: every picture once an epoch, each time in another order, and varied."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.training.pictures.randomness import ORDER, VARIATION, generator
from engine.training.pictures.recipe import Augmentation


class Batches:
    """Batch `step` of a run is the same whenever it is asked for: it depends on the seed and `step` only.

    `inputs` are pictures (N, C, H, W) uint8, or the features (N, ...) float of frozen layers, which are never
    varied; `labels` (N,) int64. The last batch of an epoch holds what is left, unless that is less than a
    quarter of a batch, which would make batch norm blind; those pictures then sit out that epoch.
    """

    def __init__(self, inputs: Tensor, labels: Tensor, batch: int, seed: int) -> None:
        self.inputs, self.labels, self._seed = inputs, labels, seed
        self._batch = min(batch, len(labels))
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        whole, left = divmod(len(labels), self._batch)
        self.per_epoch = whole + (left > 1 and 4 * left >= self._batch)
        """Updates in an epoch; of a single picture that is left over none is made."""

    def indices(self, step: int) -> Tensor:
        """(B,) which pictures batch `step` holds."""
        epoch, place = divmod(step, self.per_epoch)
        if self._order[0] != epoch:
            drawn = torch.randperm(len(self.labels), generator=generator(self._seed, ORDER, epoch))
            self._order = epoch, drawn
        return self._order[1][place * self._batch : (place + 1) * self._batch]

    def batch(self, step: int, augmentation: Augmentation) -> tuple[Tensor, Tensor]:
        """The inputs of batch `step`, pictures as float from 0 to 1 (B, C, H, W), and its labels (B,)."""
        chosen = self.indices(step).to(self.labels.device)
        inputs = self.inputs[chosen]
        if inputs.dtype == torch.uint8:
            if not augmentation.is_none:
                inputs = varied(inputs, augmentation, generator(self._seed, VARIATION, step))
            inputs = as_input(inputs)
        return inputs, self.labels[chosen]


def as_input(pictures: Tensor) -> Tensor:
    """uint8 pictures as what a network reads: float32 from 0 to 1."""
    return pictures.to(torch.float32).div_(255)


def varied(pictures: Tensor, augmentation: Augmentation, draw: torch.Generator) -> Tensor:
    """Copies of `pictures` (B, C, H, W) uint8, each shifted, mirrored and partly covered at random.

    What is drawn is drawn on the CPU, so that the same seed gives the same pictures on every device.
    """
    count, side = len(pictures), pictures.shape[2:]
    if augmentation.shift:
        most = min(augmentation.shift, min(side) - 1)
        moved = torch.randint(2 * most + 1, (2, count), generator=draw)
        pictures = _shifted(pictures, most, moved)
    if augmentation.mirror:
        turned = (torch.rand(count, generator=draw) < 0.5).to(pictures.device)
        pictures = torch.where(turned[:, None, None, None], pictures.flip(3), pictures)
    if augmentation.cutout:
        middles = torch.stack([torch.randint(size, (count,), generator=draw) for size in side])
        pictures = _covered(pictures, augmentation.cutout, middles.to(pictures.device))
    return pictures


def _shifted(pictures: Tensor, most: int, moved: Tensor) -> Tensor:
    """Each picture with its first row at `moved[0]` and its first column at `moved[1]` of a padded one."""
    height, width = pictures.shape[2:]
    # Padding with the edge knows floats only; the bytes survive the way there and back.
    padded = F.pad(pictures.to(torch.float32), (most,) * 4, mode="replicate").to(torch.uint8)
    moved = moved.to(pictures.device)
    rows = moved[0, :, None] + torch.arange(height, device=pictures.device)
    columns = moved[1, :, None] + torch.arange(width, device=pictures.device)
    which = torch.arange(len(pictures), device=pictures.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _covered(pictures: Tensor, side: int, middles: Tensor) -> Tensor:
    """Each picture with a square round `middles` (2, B) of the colour that it has on average."""
    near = [
        (torch.arange(size, device=pictures.device) - middle[:, None] + side // 2).ge(0)
        & (torch.arange(size, device=pictures.device) - middle[:, None] + side // 2).lt(side)
        for size, middle in zip(pictures.shape[2:], middles, strict=True)
    ]
    covered = near[0][:, None, :, None] & near[1][:, None, None, :]
    means = pictures.to(torch.float32).mean((2, 3), keepdim=True).round().to(torch.uint8)
    return torch.where(covered, means, pictures)
