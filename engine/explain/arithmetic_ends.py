"""The two ends of a network: a pixel of the picture it reads, and a class's probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.ask import Answer, Box, Line, Step
from engine.explain.arithmetic_format import constant, number, taken, total
from engine.explain.arithmetic_pointwise import softmax_lines
from engine.explain.arithmetic_window import numbers

COLOURS = ("red", "green", "blue")


def explain_softmax(logits: Tensor, classes: Sequence[str], index: int) -> Answer:
    """How class `index` of `logits` (1, K) came by its probability: a softmax in float64.

    `classes` are the K names. The answer's value is the probability in the logits' own precision.
    Raises IndexError where there is no such class.
    """
    count = logits.shape[-1]
    if not 0 <= index < count:
        raise IndexError(f"class {index} of {count}")
    step = Step("softmax", "softmax", softmax_lines(numbers(logits[0]), index))
    return Answer(
        title=f"{classes[index]} · class {index}",
        meaning="The probability the network gives this class: e to the power of its logit, as a share of "
        f"those of all {count} classes, which add up to one.",
        value=float(numbers(torch.softmax(logits.detach(), dim=-1)[0, index])),
        shape=(count,),
        steps=(step,),
    )


def explain_input(
    x: Tensor, rgb: np.ndarray, mean: Sequence[float], std: Sequence[float], row: int, column: int
) -> Answer:
    """What the network reads at one pixel: (byte / 255 − mean) / std for red, green and blue, or for grey.

    `x` (1, C, H, W) is what went into the network, C being 3 or 1, `rgb` uint8 (H, W, 3) the picture it was
    made of. A pixel in colour has three numbers; the answer's value, worked out in the last step, is their
    mean. Raises IndexError where there is no such pixel.
    """
    height, width = x.shape[-2:]
    if not (0 <= row < height and 0 <= column < width):
        raise IndexError(f"pixel ({row}, {column}) of a picture of {height}×{width}")
    pixel = [int(byte) for byte in rgb[row, column]]
    if len(mean) == 1:
        return _grey(x, pixel[0], _colour("grey", pixel[0], mean[0], std[0]), row, column)
    steps = tuple(
        _colour(colour, byte, average, spread)
        for colour, byte, average, spread in zip(COLOURS, pixel, mean, std, strict=True)
    )
    read = [step.lines[-1].value for step in steps]
    together = Step("input", "mean of the three", (Line("mean", f"({total(read)}) / 3", sum(read) / 3),))
    return Answer(
        title=f"picture · row {row}, column {column}",
        meaning=f"A pixel of colour {_hexadecimal(pixel)} as the network reads it: three numbers, one each "
        "for red, green and blue; the value is their mean.",
        value=float(numbers(x[0, :, row, column]).mean()),
        shape=tuple(x.shape[1:]),
        steps=(*steps, together),
        field=Box(row, column, row + 1, column + 1),
    )


def _grey(x: Tensor, byte: int, step: Step, row: int, column: int) -> Answer:
    return Answer(
        title=f"picture · row {row}, column {column}",
        meaning=f"A grey pixel as the network reads it: one number, made of its brightness, {byte} of 255.",
        value=float(numbers(x[0, 0, row, column])),
        shape=tuple(x.shape[1:]),
        steps=(step,),
        field=Box(row, column, row + 1, column + 1),
    )


def _colour(colour: str, byte: int, mean: float, std: float) -> Step:
    share = byte / 255
    lines = (
        Line("brightness", f"{byte} / 255", share),
        Line("normalise", f"({number(share)} {taken(mean)}) / {constant(std)}", (share - mean) / std),
    )
    return Step("input", colour, lines)


def _hexadecimal(pixel: Sequence[int]) -> str:
    return "#" + "".join(f"{byte:02X}" for byte in pixel)
