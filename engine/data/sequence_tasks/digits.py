"""Handwritten digits as sequences: 8 × 8 pixels read row by row, or pixel by pixel."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from engine.data.digits_file import BRIGHTEST, CLASSES, SIDE, SOURCE, read_digits
from engine.data.sequence_tasks.task import Baseline, Batch, Classification


class _Digits(Classification):
    """Images drawn with replacement from all 1,797; what is right of them is right of images seen before."""

    source = SOURCE
    outputs = CLASSES

    def lag(self, length: int) -> int:
        return self.steps(length) - 1

    def batch(self, generator: torch.Generator, batch: int, length: int) -> Batch:
        """Raises UserError where scikit-learn's file of digits is not there."""
        images, classes = _digits()
        chosen = torch.randint(len(images), (batch,), generator=generator)
        sequences = images[chosen].reshape(batch, self.steps(length), self.inputs)
        return Batch(sequences.transpose(0, 1).contiguous(), classes[chosen])

    def baseline(self, length: int) -> Baseline:
        return Baseline(math.log(CLASSES), 1 / CLASSES, "A guess among 10 digits costs ln 10 = 2.30 nats.")


class Rows(_Digits):
    """x(t) is row t of the image, each pixel from 0 to 1."""

    name, title = "rows", "A digit, row by row"
    sentence = "A handwritten digit of 8 × 8 pixels is read from top to bottom; at the end it must be named."
    inputs, fixed_length = SIDE, SIDE


class Pixels(_Digits):
    """x(t) is pixel t of the image, row after row, from 0 to 1."""

    name, title = "pixels", "A digit, pixel by pixel"
    sentence = "A handwritten digit is read one of its 64 pixels at a time; at the end it must be named."
    inputs, fixed_length = 1, SIDE * SIDE


@cache
def _digits() -> tuple[Tensor, Tensor]:
    """(1797, 64) the images from 0 to 1, and (1797,) what they show."""
    images, classes = read_digits()
    return torch.tensor(images, dtype=torch.float32) / BRIGHTEST, torch.tensor(classes)
