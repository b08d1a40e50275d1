"""Receptive fields along one axis as plain arithmetic, and the box that a value sees on the picture.

Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.ask import Box
from engine.models.layer import ReceptiveField


def field_box(field: ReceptiveField, row: int, col: int) -> Box:
    """The part of the network's input that value (`row`, `col`) of a feature map depends on, in pixels.

    It reaches outside the picture where the value depends on padding; there it is the most the value can
    depend on. For a value that has no place (of a dense layer, say) row and column are 0.
    """
    top = field.start_y + row * field.jump_y
    left = field.start_x + col * field.jump_x
    return Box(top, left, top + field.size_y, left + field.size_x)


@dataclass(frozen=True)
class Axis:
    """What values see along one axis of a picture that is `extent` pixels long.

    Value i sees `size` pixels from `start + i * jump` on. Where not every value sees equally much, or their
    order is lost, `exact` is False and each sees at most the `size` pixels from `start` on.
    """

    extent: int
    size: int = 1
    jump: int = 1
    start: int = 0
    exact: bool = True

    def windowed(self, kernel: int, stride: int, before: int, dilation: int = 1) -> Axis:
        """What the values of a sliding window see, `before` zeros standing in front of the first value."""
        return replace(
            self,
            size=self.size + (kernel - 1) * dilation * self.jump,
            jump=self.jump * stride,
            start=self.start - before * self.jump,
        )

    def everywhere(self, length: int, *, exact: bool = True) -> Axis:
        """What `length` neighbouring values see together, no further than the picture."""
        start = max(self.start, 0)
        end = min(self.start + (length - 1) * self.jump + self.size, self.extent)
        return replace(self, size=max(end - start, 0), jump=0, start=start, exact=exact)


def together(axes: Sequence[Axis], length: int) -> Axis:
    """What `length` values see that are made from the values of several tensors, place by place."""
    first = axes[0]
    if all(axis.exact and axis.jump == first.jump for axis in axes):
        start = min(axis.start for axis in axes)
        return replace(first, start=start, size=max(axis.start + axis.size for axis in axes) - start)
    wholes = [axis.everywhere(length) for axis in axes]
    start = min(whole.start for whole in wholes)
    size = max(whole.start + whole.size for whole in wholes) - start
    for axis in axes:
        if axis.exact and (axis.jump, axis.start, axis.size) == (0, start, size):
            return axis  # a gate: one of them sees from everywhere all that the others see
    return Axis(first.extent, size, jump=0, start=start, exact=False)
