"""How a model wants its picture: resized, cropped and scaled, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preprocessing:
    """From an RGB picture with values in [0, 1] to what the network reads.

    The short side is resized to `resize` pixels, the centre `crop` x `crop` pixels are cut out, and each
    channel becomes (value - mean) / std.
    """

    resize: int
    """Length of the short side after resizing, in pixels."""
    crop: int
    """Side of the square cut from the centre, in pixels."""
    mean: tuple[float, ...]
    """One value for each of red, green, blue; a single one for grey."""
    std: tuple[float, ...]
    """One value for each of red, green, blue."""
    interpolation: str = "bicubic"
    """Name of the resampling filter, as Pillow knows it, in lower case."""

    @property
    def is_grey(self) -> bool:
        """Whether the network reads brightness only."""
        return len(self.mean) == 1


def unscaled(channels: int, side: int) -> Preprocessing:
    """Squares of `side` pixels with values from 0 to 1: what networks built here scale for themselves."""
    return Preprocessing(side, side, (0.0,) * channels, (1.0,) * channels)
