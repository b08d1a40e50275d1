"""Streams of random symbols of which one is marked: a reader asked about a name that came long ago."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SYMBOLS = 8
"""Among which every step chooses; also the classes."""
CHANNELS = SYMBOLS + 1
"""Values at a step: the symbol, one-hot, and the mark."""
CHANCE = 1 / SYMBOLS
"""Accuracy of guessing: all symbols come equally often, and no other step tells anything of the answer."""


@dataclass(frozen=True)
class Lookback:
    """The class of a stream is the symbol `lag` steps before its last, the only one that bears the mark.

    Lag 0 would be the last step itself; lag k is x(T − 1 − k), steps counted from 0. A network that reads
    k + 1 steps, the last included, can therefore answer up to lag k. After the latching of Bengio, Simard and
    Frasconi (1994), with symbols of the same kind in the place of their noise. Without the mark a recurrent
    network would have to carry the last k symbols all at once, a test of its size and not of how long it
    remembers.

    Raises ValueError where the lag does not lie within the stream.
    """

    length: int
    """T, steps of every stream."""
    lag: int

    def __post_init__(self) -> None:
        if not 0 <= self.lag < self.length:
            raise ValueError(f"a lag of {self.lag} in streams of {self.length} steps")

    @property
    def place(self) -> int:
        """The step that is asked for, from 0."""
        return self.length - 1 - self.lag

    def batch(self, generator: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
        """`count` streams (count, T, CHANNELS) float32, and their classes (count,) int64.

        They depend on nothing but the generator, which is one of the CPU.
        """
        symbols = torch.randint(SYMBOLS, (count, self.length), generator=generator)
        streams = torch.zeros(count, self.length, CHANNELS)
        streams[..., :SYMBOLS] = functional.one_hot(symbols, SYMBOLS)
        streams[:, self.place, SYMBOLS] = 1.0
        return streams, symbols[:, self.place]
