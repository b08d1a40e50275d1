"""What a channel wants to see: a picture optimised, step by step, to excite it (Olah et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.attribution import Partial
from engine.probe import forward_to, select_channel

COLOUR_FROM_DECORRELATED = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of ImageNet's red, green and blue: the columns are brightness,
blue-yellow and green-magenta. Published with Olah et al., Feature Visualization (Distill 2017)."""

_FLAT = (nn.ReLU, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid)
"""Activations that are constant over part of their range (ReLU6 is a Hardtanh): nothing to climb there."""


def visualize_channel(
    model: nn.Module,
    layer: nn.Module,
    channel: int,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    size: int = 128,
    steps: int = 256,
    rate: float = 0.04,
    jitter: int = 16,
    angle: float = 15.0,
    zoom: float = 0.2,
    seed: int = 0,
) -> Generator[Partial]:
    """Paint the picture that excites one channel of `layer` most; one step of Adam a yield.

    Each yield's `map` is the picture (size, size, 3), red-green-blue in 0..1, and its `value` the mean
    activation of the channel on the shaken view of it that the step was taken on: over all places of a
    feature map, or the one unit of a dense layer (a logit). Where the layer is an activation with flat
    parts, what it receives is climbed instead; `value` is still what it puts out.

    The picture is a sum of waves in decorrelated colours (Olah et al., 2017), so that one step changes
    coarse and fine structure alike. Before each step it is shifted by up to `jitter` pixels, turned by up
    to `angle` degrees and zoomed by up to `zoom` at random; only what survives that is kept.
    `mean` and `std` are those of the model's preprocessing: one value each for red, green and blue, or a
    single one of a model that reads grey, whose picture is then grey. The same seed gives the same pictures
    on the same device. Raises UserError where the layer has no such channel.
    """
    device = next(model.parameters()).device
    with torch.inference_mode(False):
        painter = _Painter(size, torch.Generator().manual_seed(seed), device, rate, colours=len(mean))
    shake = _Shake(size, jitter, math.radians(angle), zoom)
    for done in range(1, steps + 1):
        with torch.inference_mode(False), torch.enable_grad():
            canvas = painter.paint()
            normalised = _normalise(shake(canvas, painter.generator), mean, std)
            objective, value = _excitation(model, layer, channel, normalised)
            painter.climb(objective)
        picture = _centre(canvas.detach(), size).expand(3, -1, -1)
        yield Partial(picture.permute(1, 2, 0), done, steps, value=value)


class _Painter:
    """A canvas (1, C, side, side) in 0..1 as waves in decorrelated colours, or grey, and how to improve it.

    The canvas is half as wide again as the picture, so that what is shaken into view was painted too.
    """

    def __init__(
        self, size: int, generator: torch.Generator, device: torch.device, rate: float, *, colours: int
    ) -> None:
        self.generator = generator
        self._side = side = size + size // 2
        mixed = torch.tensor(COLOUR_FROM_DECORRELATED) if colours == 3 else torch.eye(colours)
        self._colours = (mixed / mixed.norm(dim=0).max()).to(device)
        self._amplitude = _amplitude(side, size).to(device)
        waves = 0.01 * torch.randn(colours, side, side // 2 + 1, 2, generator=generator)
        self._waves = waves.to(device).requires_grad_()
        self._ascent = Ascent(self._waves, rate)

    def paint(self) -> Tensor:
        """The canvas as it is now; differentiable in its waves."""
        spectrum = torch.view_as_complex(self._waves) * self._amplitude
        decorrelated = torch.fft.irfft2(spectrum, s=(self._side, self._side), norm="forward")
        return torch.einsum("rd,dhw->rhw", self._colours, decorrelated).sigmoid()[None]

    def climb(self, objective: Tensor) -> None:
        """One step up; parameters of the model get no gradient."""
        self._ascent.step(torch.autograd.grad(objective, self._waves)[0])


class Ascent:
    """Adam (Kingma & Ba, ICLR 2015) upwards, for one tensor.

    The first optimiser of `torch.optim` that a process makes imports torch's compiler, which takes seconds,
    and the window would stand still meanwhile.
    """

    def __init__(self, parameter: Tensor, rate: float) -> None:
        self._parameter, self._rate, self._steps = parameter, rate, 0
        self._mean, self._square = torch.zeros_like(parameter), torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        """Move the parameter, in place, by about `rate` where the gradient keeps its sign."""
        self._steps += 1
        self._mean.lerp_(gradient, 1 - 0.9)
        self._square.lerp_(gradient.square(), 1 - 0.999)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        self._parameter += self._rate * mean / (square.sqrt() + 1e-8)


class _Shake:
    """A view (1, C, size, size) of the canvas, at random a little shifted, turned and zoomed."""

    def __init__(self, size: int, jitter: int, angle: float, zoom: float) -> None:
        self._size, self._jitter, self._angle, self._zoom = size, jitter, angle, zoom

    def __call__(self, canvas: Tensor, generator: torch.Generator) -> Tensor:
        turn, zoom, right, down = (2 * torch.rand(4, generator=generator) - 1).tolist()
        side = canvas.shape[-1]
        scale = self._size / side * (1 + self._zoom * zoom)
        cos, sin = scale * math.cos(self._angle * turn), scale * math.sin(self._angle * turn)
        shift = 2 * self._jitter / side  # coordinates run from -1 to 1 across the canvas
        affine = torch.tensor([[[cos, -sin, shift * right], [sin, cos, shift * down]]])
        grid = F.affine_grid(affine, [1, 1, self._size, self._size], align_corners=False)
        # Outside the canvas it is grey; only the corners of the strongest turn and zoom reach there.
        return F.grid_sample(canvas - 0.5, grid.to(canvas.device), align_corners=False) + 0.5


def _amplitude(side: int, size: int) -> Tensor:
    """What each wave of a canvas weighs, (side, side // 2 + 1): less the more often it goes up and down.

    Olah et al. use 1/f, as natural pictures have. 1/f**2, with f in cycles across the picture, is steeper:
    strided convolutions reward dots at the finest scale, and those hid the shapes in the deep layers.
    """
    cycles = size * torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None])
    return 1 / cycles.clamp(min=1).square()


def _centre(canvas: Tensor, size: int) -> Tensor:
    """The picture (C, size, size) in the middle of the canvas."""
    margin = (canvas.shape[-1] - size) // 2
    return canvas[0, :, margin : margin + size, margin : margin + size]


def _normalise(picture: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    return (picture - picture.new_tensor(mean).view(-1, 1, 1)) / picture.new_tensor(std).view(-1, 1, 1)


def _excitation(model: nn.Module, layer: nn.Module, channel: int, x: Tensor) -> tuple[Tensor, float]:
    """What to climb (a scalar with a gradient) and the channel's mean activation."""
    if not isinstance(layer, _FLAT):
        objective = select_channel(forward_to(model, layer, x), channel).mean()
        return objective, float(objective.detach())
    received = forward_to(model, layer, x, before=True)
    with torch.no_grad():
        put_out = layer.forward(received.clone())
    return select_channel(received, channel).mean(), float(select_channel(put_out, channel).mean())
