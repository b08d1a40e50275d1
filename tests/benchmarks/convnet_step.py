"""An update of a convolutional network as the lab makes it against a plain PyTorch loop's, and its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import BASE, Timings, interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from torch import Tensor

    from engine.data.pictures import LabelledPictures
    from engine.models.designs import Design, DesignedNetwork

SENTENCE = "An update that writes down loss, accuracy and all gradient norms, against a plain PyTorch loop's."
LIMIT = 1 / 0.95
NORMS_LIMIT = 1.01
LOADING_LIMIT = 1.0
"""Times as long as the plain loop takes to pick a batch."""
HISTOGRAMS_LIMIT = 3.0
"""Updates that TensorBoard's histograms of everything cost, each time."""
ROUNDS = 40
UPDATES = 8
"""In a turn, so that the one of them that also measures how far the weights moved is counted in."""
CASES = {"plain, 28 x 28": ("plain", (1, 28, 28)), "small-vgg, 32 x 32": ("small-vgg", (3, 32, 32))}
PICTURES, CLASSES, BATCH = 512, 10, 64


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Two presets on random pictures, whose time does not depend on what is in them."""
    from engine.models.designs import PRESETS

    for name, (preset, shape) in CASES.items():
        data, design, others = _pictures(shape), PRESETS[preset], Others()
        runs = {
            "update": _ours(design, data),
            "norms": plain_update(design, data, with_norms=True),
            "histograms": _histograms(design, data),
            "batch": _batches(data),
            "DataLoader": _loaded(data),
            "plain batch": _picked(data),
        }
        several = {what: timed(_repeated(run, UPDATES)) for what, run in runs.items()}
        timings = interleave(timed(_repeated(plain_update(design, data), UPDATES)), several, rounds)
        yield from _findings(name, timings, others.cores())


def _findings(name: str, timings: Timings, others: float) -> Iterator[Finding]:
    control, milliseconds = timings.control, _Milliseconds(timings)
    for what, title, limit in (
        ("update", name, LIMIT),
        ("norms", f"{name}: a plain update with all norms", NORMS_LIMIT),
        ("histograms", f"{name}: histograms of all layers", HISTOGRAMS_LIMIT),
    ):
        note = timings.fastest(what)
        yield Finding(title, timings.ratio(what), limit, others, control=control, note=note)
    ours, picked, loader = (milliseconds.of(what) for what in ("batch", "plain batch", "DataLoader"))
    note = (
        f"ours {ours:.3g} ms, by index {picked:.3g}, DataLoader {loader:.3g}, of {milliseconds.of(BASE):.3g}"
    )
    ratio = timings.ratio("batch", "DataLoader")
    yield Finding(f"{name}: a batch", ratio, LOADING_LIMIT, others, control=control, note=note)


class _Milliseconds:
    """What once took at best, which other programs disturb least."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings

    def of(self, name: str) -> float:
        return 1e3 * min(self._timings.seconds[name]) / UPDATES


def _repeated(call: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            call()

    return run


def _pictures(shape: tuple[int, int, int]) -> LabelledPictures:
    import torch

    from engine.data.pictures import LabelledPictures

    draw = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (PICTURES, *shape), generator=draw).to(torch.uint8)
    labels = torch.randint(CLASSES, (PICTURES,), generator=draw)
    return LabelledPictures(pictures, labels, tuple(map(str, range(PICTURES))))


def _ours(design: Design, data: LabelledPictures) -> Callable[[], None]:
    from engine.training.pictures.recipe import Recipe
    from engine.training.pictures.trainer import PictureTraining

    return PictureTraining(_network(design, data), data, Recipe(epochs=10**6, optimiser="adam")).step


def plain_update(design: Design, data: LabelledPictures, *, with_norms: bool = False) -> Callable[[], None]:
    """What anyone would write, with nothing watching but the loss; `with_norms` of all gradients as well."""
    import torch
    import torch.nn.functional as F

    model, pick = _network(design, data), _picker(data)
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(parameters, 0.002, weight_decay=5e-4, fused=True)

    def run() -> None:
        model.train()
        inputs, labels = pick()
        loss = F.cross_entropy(model(inputs), labels)
        optimiser.zero_grad()
        loss.backward()
        if with_norms:
            gradients = [each.grad for each in parameters if each.grad is not None]
            torch.stack([loss.detach(), *torch._foreach_norm(gradients)]).tolist()
        optimiser.step()
        if not with_norms:
            loss.item()

    return run


def _picker(data: LabelledPictures) -> Callable[[], tuple[Tensor, Tensor]]:
    """Batches by index, in a drawn order."""
    import torch

    order, place = torch.randperm(len(data.labels)), 0

    def pick() -> tuple[Tensor, Tensor]:
        nonlocal place
        chosen = order[place : place + BATCH]
        place = (place + BATCH) % (len(order) - BATCH + 1)
        return data.pictures[chosen].to(torch.float32).div_(255), data.labels[chosen]

    return pick


def _picked(data: LabelledPictures) -> Callable[[], object]:
    return _picker(data)


def _batches(data: LabelledPictures) -> Callable[[], object]:
    """As the lab picks them."""
    from itertools import count

    from engine.training.pictures.batches import Batches
    from engine.training.pictures.recipe import Augmentation

    batches, steps, as_they_are = Batches(data.pictures, data.labels, BATCH, 0), count(), Augmentation()
    return lambda: batches.batch(next(steps), as_they_are)


def _loaded(data: LabelledPictures) -> Callable[[], object]:
    """As PyTorch's tutorials do it: a picture at a time."""
    from itertools import chain, repeat

    import torch
    from torch.utils.data import DataLoader, TensorDataset

    pictures = data.pictures.to(torch.float32).div_(255)
    loader = DataLoader(TensorDataset(pictures, data.labels), BATCH, shuffle=True)
    batches = chain.from_iterable(repeat(loader))
    return lambda: next(batches)


def _histograms(design: Design, data: LabelledPictures) -> Callable[[], None]:
    """What the lab does where it is due: values, weights, gradients and updates of every layer."""
    import torch

    from engine.data.pictures import PictureData
    from engine.labs.convnet_training.health import HealthRecord
    from engine.labs.convnet_training.run import TrainingRun
    from engine.training.pictures.recipe import Recipe

    classes, few = tuple(map(str, range(CLASSES))), Recipe(epochs=10**6, optimiser="adam")
    pictures = PictureData("random", "Random", classes, data, data, "", "", ())
    run = TrainingRun("run", pictures, design, few, torch.device("cpu"), network=_network(design, data))
    run.training.step()

    def look() -> None:
        for _ in HealthRecord(run).look():
            pass

    return look


def _network(design: Design, data: LabelledPictures) -> DesignedNetwork:
    from engine.models.designs import build

    channels, height, width = data.pictures.shape[1:]
    mean, std = (0.5,) * channels, (0.3,) * channels
    classes = int(data.labels.max()) + 1
    return build(design, (channels, height, width), classes, mean=mean, std=std, seed=0)
