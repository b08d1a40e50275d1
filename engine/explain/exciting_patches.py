"""Where in the person's own pictures a channel is excited most."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.ask import Box
from engine.models.layer import ReceptiveField
from engine.models.receptive_field import field_box
from engine.probe import forward_to, select_channel


@dataclass(frozen=True)
class Excitation:
    """One place of one picture and how much it excites the channel."""

    picture_index: int
    row: int
    column: int
    value: float
    box: Box
    """What that value sees, in the prepared picture's pixels, clipped to the picture."""


@dataclass(frozen=True)
class Ranking:
    """The most exciting places among the pictures searched so far, most exciting first."""

    found: tuple[Excitation, ...]
    done: int
    total: int


def exciting_patches(
    model: nn.Module,
    layer: nn.Module,
    channel: int,
    pictures: Sequence[Tensor],
    *,
    field: ReceptiveField | None,
    count: int = 9,
) -> Generator[Ranking]:
    """Rank pictures (1, 3, H, W) by their largest value of one channel of `layer`; one picture a yield.

    Each picture gives its one best place, because the neighbours of a peak see nearly the same pixels.
    `field` says what a value sees; None, or a dense layer, means the whole picture. The network runs
    only as far as the layer. Raises UserError where the layer has no such channel.
    """
    found: list[Excitation] = []
    for index, picture in enumerate(pictures):
        with torch.no_grad():
            values = select_channel(forward_to(model, layer, picture), channel)
        found = heapq.nlargest(count, [*found, _peak(index, values, picture, field)], key=_value)
        yield Ranking(tuple(found), index + 1, len(pictures))


def clipped(box: Box, height: int, width: int) -> Box:
    """The part of `box` that lies on a picture of height x width pixels."""
    return Box(max(box.top, 0), max(box.left, 0), min(box.bottom, height), min(box.right, width))


def _peak(index: int, values: Tensor, picture: Tensor, field: ReceptiveField | None) -> Excitation:
    height, width = picture.shape[2:]
    values = values.reshape(-1, values.shape[-1] if values.ndim else 1)  # a dense unit is one place
    row, column = divmod(int(values.argmax()), values.shape[1])
    box = Box(0, 0, height, width) if field is None else field_box(field, row, column)
    return Excitation(index, row, column, float(values[row, column]), clipped(box, height, width))


def _value(excitation: Excitation) -> float:
    return excitation.value
