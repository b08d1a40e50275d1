"""Why this class: gradients of one logit with respect to a layer or to the input picture.

Every function takes a model in eval mode, one picture `x` of shape (1, C, H, W) and a class index
`target`, and leaves the model as it found it: no hook stays, no parameter's `.grad` is touched. The
methods that need many passes are generators; each yield is one pass and holds the best map so far.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.explain.heat_parts import Squares, WeightedMaps

SIGNED = frozenset({"integrated-gradients", "occlusion"})
"""Methods whose heat map has a sign: below zero speaks against the class."""


@dataclass(frozen=True)
class Partial:
    """What a long computation has found so far; the last one holds the result."""

    map: Tensor
    done: int
    total: int
    note: str = ""
    """What it is at, in words for the person ("stride 16"); may be empty."""
    value: float | None = None
    """A number that belongs to the map; each function says which."""
    parts: WeightedMaps | Squares | None = None
    """What its values are made of, where that is more than the parts of three colours."""


def grad_cam(model: nn.Module, layer: nn.Module, x: Tensor, target: int) -> Tensor:
    """Gradient-weighted class activation map of `layer`, shape (h, w), never negative.

    `ReLU(sum_k w_k A_k)` with A_k the layer's feature maps and w_k the mean over all places of
    d logit / d A_k (Selvaraju et al., ICCV 2017). Only what follows the layer is differentiated. A
    layer that runs several times counts with its first call, as in `engine.probe.Probe`.

    Raises UserError when the layer puts out no feature maps (1, C, h, w) or the logit does not
    depend on them.
    """
    return add_weighted(*weigh_maps(model, layer, x, target))


def weigh_maps(model: nn.Module, layer: nn.Module, x: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """What `grad_cam` adds up: the weights (C,) and the layer's maps (C, h, w). Raises the same."""
    with torch.inference_mode(False):
        maps, logit = _from_layer(model, layer, _plain(x), target)
        gradient = _gradient(logit, maps)
    if gradient is None:
        raise UserError(
            "The class does not depend on this layer", next="Choose a layer before the last pooling"
        )
    return gradient[0].mean(dim=(1, 2)), maps.detach()[0]


def add_weighted(weights: Tensor, maps: Tensor) -> Tensor:
    """`ReLU(sum_k w_k A_k)`, (h, w), from what `weigh_maps` gives."""
    return (weights[:, None, None] * maps).sum(dim=0).relu()


def saliency(model: nn.Module, x: Tensor, target: int) -> Tensor:
    """d logit / d x with its sign, shape (C, H, W) (Simonyan et al., ICLR workshop 2014)."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = _plain(x).detach().requires_grad_()
        # The model sees a copy, because a first layer that works in place may not touch a leaf.
        gradient = _gradient(class_logits(model(leaf.clone()), target), leaf)
    return torch.zeros_like(x[0]) if gradient is None else gradient[0]


def integrated_gradients(
    model: nn.Module, x: Tensor, target: int, *, steps: int = 32, baseline: Tensor | None = None
) -> Generator[Partial]:
    """Signed contribution of every input value to the logit, map (C, H, W).

    `(x - b) * integral over a in [0, 1] of d logit(b + a (x - b)) / d x` (Sundararajan et al., ICML
    2017) by Gauss-Legendre quadrature with `steps` points. The baseline b is zero by default, which is
    the mean colour in normalised values. The points are visited in an order that samples the whole path
    early, so that the running mean is an estimate of the whole integral from the start.

    One point a yield; the last yield adds `value`, the completeness gap: the sum of the map minus
    (logit(x) - logit(b)), which is 0 for the exact integral.
    """
    start = torch.zeros_like(x) if baseline is None else baseline
    difference = x - start
    positions, weights = _gauss_legendre(steps)
    weighted, weight_sum = torch.zeros_like(x[0]), 0.0
    for done, point in enumerate(_spread(steps), start=1):
        gradient = saliency(model, start + positions[point] * difference, target)
        weighted = weighted + weights[point] * gradient
        weight_sum += weights[point]
        yield Partial(weighted / weight_sum * difference[0], done, steps + 1)
    attribution = weighted * difference[0]
    with torch.no_grad():
        change = class_logits(model(x), target) - class_logits(model(start), target)
    gap = float(attribution.sum() - change)
    yield Partial(attribution, steps + 1, steps + 1, "completeness", gap)


def smoothgrad(
    model: nn.Module, x: Tensor, target: int, *, samples: int = 24, noise: float = 0.15, seed: int = 0
) -> Generator[Partial]:
    """Mean of the signed gradient over noisy copies of the picture, map (C, H, W); a sample a yield.

    The Gaussian noise has the standard deviation `noise * (max(x) - min(x))` (Smilkov et al., 2017).
    The noise comes from its own generator on the CPU, so that every device sees the same.
    """
    generator = torch.Generator().manual_seed(seed)
    deviation = noise * (x.max() - x.min())
    total = torch.zeros_like(x[0])
    for done in range(1, samples + 1):
        normal = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
        total = total + saliency(model, x + deviation * normal, target)
        yield Partial(total / done, done, samples)


def class_logits(output: Tensor, target: int) -> Tensor:
    """The logits of one class, (batch,), from a model's output (batch, classes).

    Raises UserError where there is no such class.
    """
    logits = output.flatten(1)
    classes = logits.shape[1]
    if not 0 <= target < classes:
        raise UserError(
            f"There is no class {target}",
            f"the network knows {classes} classes",
            f"Choose a class from 0 to {classes - 1}",
        )
    return logits[:, target]


def to_heat(attribution: Tensor, method: str) -> Tensor:
    """One number a pixel, (H, W), from what `method` computed for every colour channel (C, H, W).

    Saliency and SmoothGrad: the largest magnitude over the channels, as Simonyan et al. draw it.
    Integrated gradients: the sum over the channels, so that the picture still adds up to the change of
    the logit. A map that is (H, W) already (Grad-CAM, occlusion) is returned as it is.
    """
    if attribution.ndim == 2:
        return attribution
    return attribution.sum(dim=0) if method in SIGNED else attribution.abs().amax(dim=0)


def _from_layer(model: nn.Module, layer: nn.Module, x: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """The layer's feature maps as a leaf (1, C, h, w), and the logit computed from them."""
    cut: list[Tensor] = []

    def hook(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> Tensor | None:
        if cut:
            return None
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise UserError(
                "This layer has no feature maps",
                "its output has no rows and columns",
                "Choose a convolution, an activation or a pooling",
            )
        cut.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)  # from here on; `no_grad` below puts it back
        return cut[0].clone()  # what follows may work in place, which a leaf may not suffer

    handle = layer.register_forward_hook(hook)
    try:
        with torch.no_grad():
            logit = class_logits(model(x), target)
    finally:
        handle.remove()
    if not cut:
        raise UserError("The network never runs this layer on this picture", next="Choose another layer")
    return cut[0], logit


def _gradient(logit: Tensor, leaf: Tensor) -> Tensor | None:
    """d logit / d leaf, or None where the logit does not depend on it."""
    if not logit.requires_grad:
        return None
    return torch.autograd.grad(logit, leaf, allow_unused=True)[0]


def _plain(x: Tensor) -> Tensor:
    """The same values as a tensor that autograd may record (one made in inference mode may not)."""
    return x.clone() if x.is_inference() else x


def _gauss_legendre(points: int) -> tuple[list[float], list[float]]:
    """Positions in (0, 1) and weights (which add up to 1) of the Gauss-Legendre rule."""
    roots, weights = np.polynomial.legendre.leggauss(points)
    return ((1 + roots) / 2).tolist(), (weights / 2).tolist()


def _spread(count: int) -> list[int]:
    """0 .. count - 1 in the order of van der Corput: every prefix is spread over the whole range."""
    bits = max(count - 1, 1).bit_length()
    return sorted(range(count), key=lambda index: int(f"{index:0{bits}b}"[::-1], 2))
