"""Where the activations of two pictures part, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.errors import UserError


@dataclass(frozen=True)
class Divergence:
    """How far a layer's activations a and b (its outputs, flattened) of two pictures lie apart.

    None of the three is negative; all are 0 for equal activations, and NaN where one is not finite.
    """

    layer: str
    cosine_distance: float
    """1 − a·b / (‖a‖‖b‖): 0 the same direction, 1 at a right angle, 2 opposite. Where one of the two
    is all zeros it is 1, where both are it is 0."""
    l2: float
    """‖a − b‖, the Euclidean norm of the difference, in the activations' own unit."""
    relative_l2: float
    """‖a − b‖ / ((‖a‖ + ‖b‖) / 2), from 0 to 2: it can be compared between layers."""


def layer_divergence(
    outputs_a: Mapping[str, Tensor], outputs_b: Mapping[str, Tensor]
) -> tuple[Divergence, ...]:
    """The divergence of every layer, in the order of `outputs_a`, reckoned in float64.

    `outputs_a` and `outputs_b` hold by layer name what one network put out for two pictures. Raises
    UserError where the names or shapes differ: then the pictures went through different networks.
    """
    shapes_a, shapes_b = (
        {name: tuple(a.shape) for name, a in each.items()} for each in (outputs_a, outputs_b)
    )
    if shapes_a != shapes_b:
        raise UserError(
            "These two pictures cannot be compared",
            "they went through different networks",
            "Pin the first picture again",
            details=_first_difference(shapes_a, shapes_b),
        )
    return tuple(_divergence(name, a, outputs_b[name]) for name, a in outputs_a.items())


def _divergence(layer: str, a: Tensor, b: Tensor) -> Divergence:
    a, b = (each.detach().cpu().double().flatten() for each in (a, b))
    norm_a, norm_b, l2 = float(a.norm()), float(b.norm()), float((a - b).norm())
    if norm_a == 0 or norm_b == 0:
        same = norm_a == norm_b
        return Divergence(layer, 0.0 if same else 1.0, l2, 0.0 if same else 2.0)
    # ½‖a/‖a‖ − b/‖b‖‖² is 1 − cos without its cancellation: exactly 0 for equal, never below.
    cosine_distance = float((a / norm_a - b / norm_b).square().sum()) / 2
    return Divergence(layer, cosine_distance, l2, 2 * l2 / (norm_a + norm_b))


def _first_difference(shapes_a: dict[str, tuple[int, ...]], shapes_b: dict[str, tuple[int, ...]]) -> str:
    for name in (*shapes_a, *shapes_b):
        if shapes_a.get(name) != shapes_b.get(name):
            return f"{name}: {shapes_a.get(name, 'absent')} and {shapes_b.get(name, 'absent')}"
    return ""
