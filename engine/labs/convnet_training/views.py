"""What is seen of pictures, network and score: plain arrays and words."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional as F

from engine.data.pictures import LabelledPictures, PictureData
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import DataView, Mistake, NetworkView, Verdict
from engine.models.designs import Design, examine
from engine.read_only import read_only

EXAMPLES, LARGEST = 12, 64
"""Pictures of each class that are shown, and the side in pixels to which they are averaged down."""
WORST, IN_CELL = 24, 48
"""Mistakes that are shown."""


def data_view(data: PictureData) -> DataView:
    """The pictures, a few of each class to look at."""
    classes = len(data.classes)
    return DataView(
        title=data.title,
        classes=data.classes,
        shape=data.shape,
        train_counts=tuple(torch.bincount(data.train.labels, minlength=classes).tolist()),
        test_counts=tuple(torch.bincount(data.test.labels, minlength=classes).tolist()),
        split=data.split,
        source=data.source,
        examples=_examples(data),
        skipped=tuple(error.sentence for error in data.skipped),
    )


def _examples(data: PictureData) -> np.ndarray:
    side = min(LARGEST, data.shape[1])
    found = np.zeros((len(data.classes), EXAMPLES, side, side, 3), np.uint8)
    for label in range(len(data.classes)):
        places = (data.train.labels == label).nonzero()[:EXAMPLES, 0]
        if len(places):
            found[label, : len(places)] = small_rgb(data.train.pictures[places])
    return read_only(found)


def small_rgb(pictures: torch.Tensor) -> np.ndarray:
    """(N, C, H, W) uint8 as (N, S, S, 3) uint8, averaged down to `LARGEST` where they are larger."""
    small = pictures
    if max(pictures.shape[2:]) > LARGEST:
        small = F.interpolate(pictures.float(), (LARGEST, LARGEST), mode="area").round().to(torch.uint8)
    colours = small.expand(-1, 3, -1, -1) if small.shape[1] == 1 else small
    return read_only(colours.permute(0, 2, 3, 1).contiguous().cpu().numpy())


def network_view(run: TrainingRun, refused: tuple[str, int, str] | None) -> NetworkView:
    """The network in front; an edited one that cannot be gives its reason."""
    return _network_view(run.design, run.data.shape, len(run.data.classes), refused)


@lru_cache(maxsize=4)  # it rides along in every snapshot, and takes longer than all the rest
def _network_view(
    design: Design, shape: tuple[int, int, int], classes: int, refused: tuple[str, int, str] | None
) -> NetworkView:
    found = examine(design, shape, classes)
    return NetworkView(
        title=design.name,
        design=design.to_json(),
        parameters=found.parameters,
        multiply_adds=found.multiply_adds,
        problem=refused[2] if refused else "",
        problem_at=refused[1] if refused else None,
    )


def verdict(run: TrainingRun, cell: tuple[int, int] | None) -> Verdict | None:
    """The newest score, its worst mistakes, and the pictures in a cell of the confusion matrix."""
    found = run.verdict
    if found is None or not len(found.labels):
        return None
    losses, predicted = found.losses, found.predicted
    wrong = np.flatnonzero(predicted != found.labels)
    worst = wrong[np.argsort(-losses[wrong], kind="stable")][:WORST]
    inside = np.zeros(0, np.int64)
    if cell is not None:
        inside = np.flatnonzero((found.labels == cell[0]) & (predicted == cell[1]))[:IN_CELL]
    return Verdict(
        step=found.step,
        of=len(found.labels),
        accuracy=found.accuracy,
        loss=found.loss,
        confusion=read_only(found.confusion),
        worst=_mistakes(run, worst),
        cell=cell,
        in_cell=_mistakes(run, inside),
    )


def _mistakes(run: TrainingRun, places: np.ndarray) -> tuple[Mistake, ...]:
    found, test = run.verdict, run.data.test
    if found is None or not len(places):
        return ()
    indices = found.indices[places]
    pictures = small_rgb(test.pictures[torch.from_numpy(indices)])
    sure = torch.from_numpy(found.logits[places].copy()).softmax(1).amax(1).tolist()
    predicted, losses = found.predicted, found.losses
    return tuple(
        Mistake(
            index=int(index),
            name=test.names[int(index)],
            picture=picture,
            truth=int(found.labels[place]),
            predicted=int(predicted[place]),
            probability=probability,
            loss=float(losses[place]),
        )
        for place, index, picture, probability in zip(places, indices, pictures, sure, strict=True)
    )


def without_pictures(classes: tuple[str, ...], shape: tuple[int, int, int]) -> PictureData:
    """A saved network's classes and shape, and no pictures to learn from."""
    none = LabelledPictures(
        torch.zeros((0, *shape), dtype=torch.uint8), torch.zeros(0, dtype=torch.int64), ()
    )
    split = "This network was saved; there are no pictures here with its classes."
    return PictureData("none", "No pictures", classes, none, none, split, "", ())
