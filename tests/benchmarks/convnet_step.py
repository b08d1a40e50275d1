"""An update of a convolutional network as the lab makes it against the same written plainly in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from engine.data.pictures import LabelledPictures
    from engine.models.designs import DesignedNetwork

SENTENCE = "An update that writes down loss, accuracy and all gradient norms, against a plain PyTorch loop's."
LIMIT = 1 / 0.95
ROUNDS = 40
UPDATES = 8
"""In a turn, so that the one of them that also measures how far the weights moved is counted in."""
CASES = {"plain, 28 x 28": ("plain", (1, 28, 28)), "small-vgg, 32 x 32": ("small-vgg", (3, 32, 32))}
PICTURES, CLASSES, BATCH = 512, 10, 64


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Two presets on random pictures, whose time does not depend on what is in them."""
    for name, (preset, shape) in CASES.items():
        data = _pictures(shape)
        others = Others()
        timings = interleave(timed(_plain(preset, data)), {name: timed(_ours(preset, data))}, rounds)
        note = timings.fastest(name)
        yield Finding(name, timings.ratio(name), LIMIT, others.cores(), control=timings.control, note=note)


def _pictures(shape: tuple[int, int, int]) -> LabelledPictures:
    import torch

    from engine.data.pictures import LabelledPictures

    draw = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (PICTURES, *shape), generator=draw).to(torch.uint8)
    labels = torch.randint(CLASSES, (PICTURES,), generator=draw)
    return LabelledPictures(pictures, labels, tuple(map(str, range(PICTURES))))


def _ours(preset: str, data: LabelledPictures) -> Callable[[], None]:
    from engine.training.pictures.recipe import Recipe
    from engine.training.pictures.trainer import PictureTraining

    training = PictureTraining(_network(preset, data), data, Recipe(epochs=10**6, optimiser="adam"))

    def run() -> None:
        for _ in range(UPDATES):
            training.step()

    return run


def _plain(preset: str, data: LabelledPictures) -> Callable[[], None]:
    """What anyone would write, with nothing watching but the loss."""
    import torch
    import torch.nn.functional as F

    model = _network(preset, data)
    optimiser = torch.optim.AdamW(model.parameters(), 0.002, weight_decay=5e-4, fused=True)
    order, place = torch.randperm(PICTURES), 0

    def run() -> None:
        nonlocal order, place
        model.train()
        for _ in range(UPDATES):
            chosen = order[place : place + BATCH]
            place = (place + BATCH) % PICTURES
            inputs = data.pictures[chosen].to(torch.float32).div_(255)
            loss = F.cross_entropy(model(inputs), data.labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss.item()

    return run


def _network(preset: str, data: LabelledPictures) -> DesignedNetwork:
    from engine.models.designs import PRESETS, build

    shape = tuple(data.pictures.shape[1:])
    mean, std = (0.5,) * shape[0], (0.3,) * shape[0]
    return build(PRESETS[preset], shape, CLASSES, mean=mean, std=std, seed=0)
