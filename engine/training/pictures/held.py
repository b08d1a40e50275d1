"""Pictures on their way to the layers that learn: as they are, or as layers that never change leave them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from engine.data.pictures import LabelledPictures
from engine.models.designs import DesignedNetwork
from engine.training.pictures.batches import as_input

SLICE_SECONDS = 0.03
"""What a slice aims at: between two, commands are answered."""
MOST = 512
"""Pictures in a slice at most."""


class Pace:
    """How many pictures the next slice may hold so that it takes about `SLICE_SECONDS`."""

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        took = max(time.perf_counter() - self._begun, 1e-6)
        self.size = max(1, min(MOST, round(self.size * min(4.0, SLICE_SECONDS / took))))


class Held:
    """Pictures on the network's device, to be learned from or scored again and again."""

    def __init__(self, network: DesignedNetwork, pictures: LabelledPictures) -> None:
        device = next(network.parameters()).device
        self._network = network
        self.inputs = pictures.pictures.to(device)
        """(N, C, H, W) uint8; where layers are frozen, once `prepare` is done, (N, ...) float: features."""
        self.labels = pictures.labels.to(device)
        """(N,) int64."""
        self.is_prepared = not network.has_frozen

    @torch.no_grad()
    def prepare(self) -> Iterator[tuple[int, int]]:
        """Compute, once, what the frozen layers make of each picture, in slices of (done, total)."""
        if self.is_prepared:
            return
        parts: list[Tensor] = []
        done, total, pace = 0, len(self.labels), Pace()
        while done < total:
            part = as_input(self.inputs[done : done + pace.size])
            with pace:
                parts.append(self._network.frozen_features(part))
            done += len(part)
            yield done, total
        self.inputs, self.is_prepared = torch.cat(parts), True

    def drawn(self, most: int, seed: int) -> Tensor:
        """Which pictures (N,): all, or `most` of them, drawn with `seed`."""
        count, device = len(self.labels), self.labels.device
        if most >= count:
            return torch.arange(count, device=device)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
        return order[:most].sort().values.to(device)
