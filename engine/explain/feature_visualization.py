"""What a channel wants to see: a picture optimised, step by step, to excite it (Olah et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.attribution import Partial
from engine.probe import forward_to, select_channel

Triple = tuple[float, float, float]

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
    mean: Triple,
    std: Triple,
    size: int = 128,
    steps: int = 256,
    rate: float = 0.04,
    jitter: int = 16,
    angle: float = 15.0,
    zoom: float = 0.2,
    seed: int = 0,
) -> Iterator[Partial]:
    """Paint the picture that excites one channel of `layer` most; one step of Adam a yield.

    Each yield's `map` is the picture (size, size, 3), red-green-blue in 0..1, and its `value` the mean
    activation of the channel on it: over all places of a feature map, or the one unit of a dense layer
    (a logit). Where the layer is an activation with flat parts, what it receives is climbed instead, in
    which it never falls; `value` is still what it puts out.

    The picture is a sum of waves in decorrelated colours (Olah et al., 2017), so that one step changes
    coarse and fine structure alike. Before each step it is shifted by up to `jitter` pixels, turned by up
    to `angle` degrees and zoomed by up to `zoom` at random; only what survives that is kept.
    `mean` and `std` are those of the model's preprocessing. The same seed gives the same pictures on the
    same device. Raises UserError where the layer has no such channel.
    """
    painter = _Painter(size, torch.Generator().manual_seed(seed), next(model.parameters()).device, rate)
    shake = _Shake(jitter / size, math.radians(angle), zoom)
    for done in range(1, steps + 1):
        with torch.inference_mode(False), torch.enable_grad():
            picture = painter.paint()
            normalised = _normalise(shake(picture, painter.generator), mean, std)
            objective, value = _excitation(model, layer, channel, normalised)
            painter.climb(objective)
        yield Partial(picture.detach()[0].permute(1, 2, 0), done, steps, value=value)


class _Painter:
    """A picture (1, 3, size, size) in 0..1 as waves in decorrelated colours, and how to improve it."""

    def __init__(self, size: int, generator: torch.Generator, device: torch.device, rate: float) -> None:
        self.generator = generator
        self._size = size
        colours = torch.tensor(COLOUR_FROM_DECORRELATED)
        self._colours = (colours / colours.norm(dim=0).max()).to(device)
        self._amplitude = _amplitude(size).to(device)
        with torch.inference_mode(False):
            waves = 0.01 * torch.randn(3, size, size // 2 + 1, 2, generator=generator)
            self._waves = waves.to(device).requires_grad_()
        self._optimizer = torch.optim.Adam([self._waves], lr=rate)

    def paint(self) -> Tensor:
        """The picture as it is now; differentiable in its waves."""
        spectrum = torch.view_as_complex(self._waves) * self._amplitude
        decorrelated = torch.fft.irfft2(spectrum, s=(self._size, self._size), norm="forward")
        return torch.einsum("rd,dhw->rhw", self._colours, decorrelated).sigmoid()[None]

    def climb(self, objective: Tensor) -> None:
        """One step up; parameters of the model get no gradient."""
        (self._waves.grad,) = torch.autograd.grad(-objective, self._waves)
        self._optimizer.step()


class _Shake:
    """A random small shift, turn and zoom of the picture; what comes in from outside is grey."""

    def __init__(self, shift: float, angle: float, zoom: float) -> None:
        self._shift, self._angle, self._zoom = shift, angle, zoom

    def __call__(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        turn, zoom, right, down = (2 * torch.rand(4, generator=generator) - 1).tolist()
        scale = 1 + self._zoom * zoom
        cos, sin = scale * math.cos(self._angle * turn), scale * math.sin(self._angle * turn)
        # Coordinates run over -1..1, so a shift by a fraction of the picture counts twice.
        affine = [[cos, -sin, 2 * self._shift * right], [sin, cos, 2 * self._shift * down]]
        grid = F.affine_grid(torch.tensor([affine]), list(picture.shape), align_corners=False)
        return F.grid_sample(picture - 0.5, grid.to(picture.device), align_corners=False) + 0.5


def _amplitude(size: int) -> Tensor:
    """What a wave weighs, (size, size // 2 + 1): less the more often it goes up and down.

    Olah et al. use 1/f, as natural pictures have. 2/f**2, with f in cycles across the picture, is steeper:
    strided convolutions reward dots at the finest scale, and those hid the shapes in the deep layers.
    """
    cycles = size * torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None])
    return 2 / cycles.clamp(min=1).square()


def _normalise(picture: Tensor, mean: Triple, std: Triple) -> Tensor:
    return (picture - picture.new_tensor(mean).view(3, 1, 1)) / picture.new_tensor(std).view(3, 1, 1)


def _excitation(model: nn.Module, layer: nn.Module, channel: int, x: Tensor) -> tuple[Tensor, float]:
    """What to climb (a scalar with a gradient) and the channel's mean activation."""
    if not isinstance(layer, _FLAT):
        objective = select_channel(forward_to(model, layer, x), channel).mean()
        return objective, float(objective.detach())
    received = forward_to(model, layer, x, before=True)
    with torch.no_grad():
        put_out = layer.forward(received.clone())
    return select_channel(received, channel).mean(), float(select_channel(put_out, channel).mean())
