"""Random choices that depend on a seed and a place only, so that a run goes on exactly from any step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import torch

ORDER, VARIATION, DROPOUT = range(3)
"""What is drawn: the order of an epoch, how a batch is varied, which units an update leaves out."""


def generator(seed: int, purpose: int, place: int) -> torch.Generator:
    """A generator of its own for one purpose at one place (an epoch, an update) of a run."""
    return torch.Generator().manual_seed(_mixed(seed, purpose, place))


@contextmanager
def drawn_from(seed: int, purpose: int, place: int, device: torch.device) -> Generator[None]:
    """PyTorch's own random numbers, which dropout takes, begin at this place; then they are as before."""
    devices = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(devices, device_type="cuda" if device.type == "cpu" else device.type):
        torch.manual_seed(_mixed(seed, purpose, place))
        yield


def _mixed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0]) >> 1
