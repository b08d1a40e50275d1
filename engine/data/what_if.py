"""What if the picture were turned, moved, darker, blurred, noisy, shuffled? One small tensor per question."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from engine.data.prepare import Prepared
from engine.errors import UserError

MID_GREY = 0.5
"""What is shown where the picture has no surroundings, in [0, 1]."""


@dataclass(frozen=True)
class Sweep:
    """The values a slider runs through, for the chart of the top classes against it."""

    values: tuple[float, ...]
    """Rising; the value that changes nothing is one of them."""
    unit: str = ""

    @property
    def low(self) -> float:
        """Smallest value allowed."""
        return self.values[0]

    @property
    def high(self) -> float:
        """Largest value allowed."""
        return self.values[-1]


def _evenly(low: float, high: float, points: int) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(low, high, points))


SWEEPS: dict[str, Sweep] = {
    "rotate": Sweep(_evenly(-180, 180, 37), "degrees"),
    "shift_x": Sweep(_evenly(-128, 128, 33), "px"),
    "shift_y": Sweep(_evenly(-128, 128, 33), "px"),
    "zoom": Sweep(tuple(3.0 ** (step / 8) for step in range(-8, 9)), "×"),
    "mirror": Sweep((0, 1)),
    "brightness": Sweep(_evenly(-1, 1, 21)),
    "blur": Sweep(_evenly(0, 8, 17), "px"),
    "noise": Sweep(_evenly(0, 1, 21)),
    "shuffle": Sweep((1, 2, 4, 7, 8, 14, 16, 28, 32), "patches a side"),  # the divisors of 224
}
"""Range and points of each slider."""


@dataclass(frozen=True)
class WhatIf:
    """What is done to the picture, in this order; the defaults leave it as it is.

    Raises UserError where a value lies outside its range in SWEEPS.
    """

    mirror: bool = False
    """Left and right exchanged."""
    zoom: float = 1.0
    """Above 1 things look larger, below 1 more of the surroundings comes into sight."""
    rotate: float = 0.0
    """Degrees counter-clockwise about the centre."""
    shift_x: float = 0.0
    """Pixels of the network's input to the right."""
    shift_y: float = 0.0
    """Pixels of the network's input downwards."""
    brightness: float = 0.0
    """The part of the way to white (up to 1) or to black (down to -1) that every value goes."""
    blur: float = 0.0
    """Standard deviation of a Gaussian in pixels."""
    noise: float = 0.0
    """Standard deviation of the Gaussian noise added to each value in [0, 1]."""
    shuffle: int = 1
    """Patches a side that exchange their places; 1 is the whole picture."""
    seed: int = 0
    """Which noise and which order of the patches."""

    def __post_init__(self) -> None:
        for name, sweep in SWEEPS.items():
            value = getattr(self, name)
            if not sweep.low <= value <= sweep.high:  # NaN is outside too
                raise UserError(
                    f"{name} can't be {value}",
                    f"it goes from {sweep.low:.3g} to {sweep.high:.3g} {sweep.unit}".rstrip(),
                    "Choose a value in between",
                )

    def with_value(self, name: str, value: float) -> WhatIf:
        """The same with the slider `name` at `value`, in the type that the slider has."""
        kind = type(getattr(IDENTITY, name))
        return replace(self, **{name: kind(value)})


IDENTITY = WhatIf()


def sweep_values(name: str) -> np.ndarray:
    """The points (n,) float64 of the slider `name` in SWEEPS, rising."""
    return np.asarray(SWEEPS[name].values, dtype=np.float64)


def apply(prepared: Prepared, what_if: WhatIf) -> torch.Tensor:
    """The changed crop (3, S, S) float32 in [0, 1]; `normalise` makes it the network's input.

    In order: geometry (one bicubic resampling of the picture with its surroundings), brightness, blur,
    noise, patches. A step at its neutral value is not taken, so IDENTITY gives the very bytes of the crop.
    What is grey stays grey.
    """
    rgb = _crop(prepared, what_if)
    if what_if.brightness:
        rgb = brighten(rgb, what_if.brightness)
    if what_if.blur:
        rgb = blur(rgb, what_if.blur)
    if what_if.noise:
        noise = _noise(rgb.shape[-1], what_if.seed)[: len(prepared.preprocessing.mean)]
        rgb = (rgb + what_if.noise * noise).clamp_(0, 1)
    if what_if.shuffle > 1:
        rgb = shuffle(rgb, what_if.shuffle, what_if.seed)
    return rgb


def brighten(rgb: torch.Tensor, amount: float) -> torch.Tensor:
    """`rgb` in [0, 1] moved by the part `amount` of the way to white, or to black where it is negative.

    Unlike adding a constant, nothing is cut off: what differed still differs, until the very ends.
    """
    return rgb * (1 - abs(amount)) + max(amount, 0.0)


def blur(rgb: torch.Tensor, sigma: float) -> torch.Tensor:
    """`rgb` (3, S, S) convolved with a Gaussian of `sigma` > 0 pixels, cut off at 3 sigma.

    The border pixels go on outside. Two products with an S x S matrix: as fast for every sigma, and three
    times faster than a depthwise convolution at the largest.
    """
    matrix = _gaussian(rgb.shape[-1], sigma).to(rgb.dtype)
    return matrix @ rgb @ matrix.T


def shuffle(rgb: torch.Tensor, patches: int, seed: int) -> torch.Tensor:
    """`rgb` (3, S, S) cut into `patches` x `patches` squares of which none stays where it was.

    Where S is no multiple of `patches`, a border of up to half of the remainder stays as it is.
    """
    size = rgb.shape[-1]
    side = size // patches
    start = (size - side * patches) // 2
    inner = slice(start, start + side * patches)
    cut = rgb[:, inner, inner].reshape(3, patches, side, patches, side)
    pieces = cut.permute(1, 3, 0, 2, 4).reshape(patches**2, 3, side, side)
    moved = pieces[_one_cycle(patches**2, seed)].reshape(patches, patches, 3, side, side)
    result = rgb.clone()
    result[:, inner, inner] = moved.permute(2, 0, 3, 1, 4).reshape(3, side * patches, side * patches)
    return result


def _crop(prepared: Prepared, what_if: WhatIf) -> torch.Tensor:
    moved = ("mirror", "zoom", "rotate", "shift_x", "shift_y")
    if all(getattr(what_if, name) == getattr(IDENTITY, name) for name in moved):
        return _planes(prepared.rgb).to(torch.float32).div_(255)
    context = _planes(prepared.context)[None]
    height, width = context.shape[2:]
    if what_if.zoom < 1:  # shrunk with a filter first, so that fine stripes do not turn into coarse ones
        size = [max(1, round(side * what_if.zoom)) for side in (height, width)]
        context = F.interpolate(context, size, mode="bicubic", antialias=True)
    # Zero outside is what grid_sample knows; mid grey becomes that zero.
    centred = context.to(torch.float32).div_(255).sub_(MID_GREY)
    grid = _sampling_grid(prepared, what_if, (height, width))
    found = F.grid_sample(centred, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    return found[0].add_(MID_GREY).clamp_(0, 1)


def _planes(rgb: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 as a copy (3, H, W) with each colour in one piece, as all that follows is fast on."""
    return torch.tensor(rgb).permute(2, 0, 1).contiguous()


def _sampling_grid(prepared: Prepared, what_if: WhatIf, shape: tuple[int, int]) -> torch.Tensor:
    """For each pixel of the result where in the context it comes from: (1, S, S, 2), x then y, in [-1, 1].

    The steps backwards: shift, rotation, zoom and mirror undone about the centre of the crop. In float64,
    because a rounding of the coordinate is seen at an edge.
    """
    size = prepared.rgb.shape[0]
    offset = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    across, down = (offset - what_if.shift_x)[None, :], (offset - what_if.shift_y)[:, None]
    cosine, sine = (f(math.radians(what_if.rotate)) / what_if.zoom for f in (math.cos, math.sin))
    to_x, to_y = 2 / shape[1] * (-1 if what_if.mirror else 1), 2 / shape[0]
    centre_x = (prepared.left + size / 2) * 2 / shape[1] - 1
    centre_y = (prepared.top + size / 2) * 2 / shape[0] - 1
    x = across * (cosine * to_x) + (centre_x - down * (sine * to_x))
    y = across * (sine * to_y) + (centre_y + down * (cosine * to_y))
    return torch.stack((x, y), dim=-1).to(torch.float32)[None]


def _gaussian(size: int, sigma: float) -> torch.Tensor:
    """Row i of (size, size) float64: the weights with which pixel i gathers the others of its line."""
    reach = max(1, math.ceil(3 * sigma))
    steps = torch.arange(-reach, reach + 1)
    weights = torch.exp(-0.5 * (steps.to(torch.float64) / sigma) ** 2)
    gathered = (torch.arange(size)[:, None] + steps).clamp_(0, size - 1)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    return matrix.scatter_add_(1, gathered, (weights / weights.sum()).expand(size, -1))


@lru_cache(maxsize=4)
def _noise(size: int, seed: int) -> torch.Tensor:
    """Standard normal (3, size, size), the same while a slider moves; never written to."""
    return torch.randn(3, size, size, generator=torch.Generator().manual_seed(seed))


@lru_cache(maxsize=32)
def _one_cycle(count: int, seed: int) -> torch.Tensor:
    """A random order (count,) in which nothing keeps its place: one cycle through all (Sattolo 1986)."""
    generator = np.random.default_rng(seed)
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = int(generator.integers(last))
        order[last], order[other] = order[other], order[last]
    return torch.tensor(order)
