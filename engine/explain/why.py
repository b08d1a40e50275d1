"""Why this class: one of five methods, in slices, each of which gives the heat map found so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.explain.attribution import (
    SIGNED,
    Partial,
    add_weighted,
    integrated_gradients,
    saliency,
    smoothgrad,
    to_heat,
    weigh_maps,
)
from engine.explain.heat_parts import Squares, WeightedMaps
from engine.explain.inspection import Inspection, Look
from engine.explain.occlusion import occlusion
from engine.read_only import read_only

TITLES = {
    "grad-cam": "Grad-CAM",
    "saliency": "Saliency",
    "integrated-gradients": "Integrated gradients",
    "smoothgrad": "SmoothGrad",
    "occlusion": "Occlusion",
}
"""What each method is called."""
METHODS = tuple(TITLES)

COARSE = 64 * 64
"""Values up to which a map's colour scale ends at its maximum."""


@dataclass(frozen=True)
class Effort:
    """How much work the methods that need many passes put in."""

    integration_steps: int
    smoothgrad_samples: int
    smoothgrad_noise: float
    """Standard deviation of the noise, as a share of the input's range."""
    patch: int
    """Side of the covering square of occlusion, in pixels."""
    seed: int


@dataclass(frozen=True)
class Heat:
    """A heat map over the picture: what speaks for `target`, as `method` measures it."""

    method: str
    target: int
    layer: str
    """The layer Grad-CAM looked at; empty for the other methods."""
    values: np.ndarray
    """(h, w) float32, read-only: h = w = the picture's side, for Grad-CAM the layer's."""
    signed: bool
    """Below zero speaks against the class."""
    done: int
    total: int
    note: str = ""
    value: float | None = None
    """Integrated gradients: the completeness gap. Occlusion: the largest drop of one patch."""
    colours: np.ndarray | None = None
    """(3, h, w) float32, read-only: what red, green and blue each have to do with it, where the method
    tells them apart; `values` is their sum if signed, else the largest of their magnitudes."""
    parts: WeightedMaps | Squares | None = None
    """What Grad-CAM's or occlusion's values are made of."""

    @property
    def title(self) -> str:
        """What its method is called."""
        return TITLES[self.method]

    @property
    def limits(self) -> tuple[float, float]:
        """Ends of the colour scale: symmetric about zero where signed, else from zero.

        A map with a value for every pixel ends at the 99th percentile of the magnitudes, because a few
        pixels far above the rest would leave all others pale; a coarse one ends at its maximum.
        """
        magnitudes = np.abs(self.values)
        is_fine = magnitudes.size > COARSE
        high = float(np.quantile(magnitudes, 0.99) if is_fine else magnitudes.max(initial=0.0))
        high = high or float(magnitudes.max(initial=0.0)) or 1.0
        return (-high if self.signed else 0.0), high


def explain(
    method: str, inspection: Inspection, look: Look, target: int, layer: str, effort: Effort
) -> Iterator[Heat]:
    """Run one of METHODS on the picture; each yield is one pass of the network and the best map so far.

    `layer` matters to Grad-CAM only. Raises `UserError` where the method cannot answer.
    """
    model, x = inspection.model, look.x.to(inspection.device)
    if method == "grad-cam":
        weights, maps = weigh_maps(model, inspection.module(layer), x, target)
        parts = WeightedMaps(_array(weights), _array(maps))
        yield _heat(method, target, Partial(add_weighted(weights, maps), 1, 1, parts=parts), layer)
        return
    passes = {
        "saliency": lambda: iter([Partial(saliency(model, x, target), 1, 1)]),
        "integrated-gradients": lambda: integrated_gradients(
            model, x, target, steps=effort.integration_steps
        ),
        "smoothgrad": lambda: smoothgrad(
            model,
            x,
            target,
            samples=effort.smoothgrad_samples,
            noise=effort.smoothgrad_noise,
            seed=effort.seed,
        ),
        "occlusion": lambda: occlusion(
            model, x, target, patch=effort.patch, finest_stride=max(1, effort.patch // 4)
        ),
    }
    for partial in passes[method]():
        yield _heat(method, target, partial)


def _heat(method: str, target: int, partial: Partial, layer: str = "") -> Heat:
    values = _array(to_heat(partial.map, method))
    colours = _array(partial.map) if partial.map.ndim == 3 else None
    return Heat(
        method,
        target,
        layer,
        values,
        method in SIGNED,
        partial.done,
        partial.total,
        partial.note,
        partial.value,
        colours,
        partial.parts,
    )


def _array(values: Tensor) -> np.ndarray:
    return read_only(values.detach().float().cpu().numpy().copy())
