"""Causal convolutions with a residual around every layer, which answer from the last position alone.

No statistics of a batch go into them: nothing outside the receptive field moves an answer, in training too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from engine.models.receptive_field import Axis
from engine.models.sequence_modules import CONVOLUTIONS, DILATED_KERNEL, SequenceNetwork, SequenceShape
from engine.models.sequence_networks import make_network


class ResidualNetwork(SequenceNetwork):
    """A stack of convolutions of (kernel, dilation), each with a relu, whose input is added to what it finds.

    As in WaveNet (van den Oord et al. 2016) and in Bai, Kolter and Koltun (2018); the first layer, which
    changes the number of maps, has no residual.
    """

    def __init__(self, shape: SequenceShape, width: int, windows: Sequence[tuple[int, int]]) -> None:
        super().__init__(shape)
        self._sights: dict[str, Axis] = {}
        self._layers = len(windows)
        axis, channels = Axis(shape.length), shape.width
        for number, (kernel, dilation) in enumerate(windows, start=1):
            reach = (kernel - 1) * dilation
            axis = axis.windowed(kernel, 1, reach, dilation)
            self.add_module(f"pad{number}", nn.ConstantPad1d((reach, 0), 0.0))
            self.add_module(f"conv{number}", nn.Conv1d(channels, width, kernel, dilation=dilation))
            self.add_module(f"relu{number}", nn.ReLU())
            self._sights |= {f"conv{number}": axis, f"relu{number}": axis}
            channels = width
        self.head = nn.Linear(width, shape.classes)

    def sights(self) -> dict[str, Axis]:
        return dict(self._sights)

    def _stages(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        maps = x.transpose(1, 2)
        for number in range(1, self._layers + 1):
            found = maps
            for name in (f"pad{number}", f"conv{number}", f"relu{number}"):
                found = self.get_submodule(name)(found)
                yield name, found
            maps = found if number == 1 else found + maps
        yield "head", self.head(maps[..., -1])


def windows_of(name: str, length: int) -> tuple[tuple[int, int], ...]:
    """Kernel and dilation of every layer: the CNN’s as elsewhere, or doubling up to the `length`."""
    if name == "cnn":
        return tuple((kernel, 1) for kernel, _ in CONVOLUTIONS)
    dilations, field = [1], DILATED_KERNEL
    while field < length:
        dilations.append(2 * dilations[-1])
        field += (DILATED_KERNEL - 1) * dilations[-1]
    return tuple((DILATED_KERNEL, dilation) for dilation in dilations)


def make_remembering_network(name: str, shape: SequenceShape, width: int, seed: int) -> SequenceNetwork:
    """As `make_network`, but both convolutions are a `ResidualNetwork`. Raises ValueError as that does."""
    if name not in ("cnn", "dilated-cnn"):
        return make_network(name, shape, width, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResidualNetwork(shape, width, windows_of(name, shape.length))
