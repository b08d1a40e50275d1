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
