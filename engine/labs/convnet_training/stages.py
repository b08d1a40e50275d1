"""What is seen of one update in slow motion: a stage of it at a time. Arrays are read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

    from engine.explain.mosaic import Mosaic
    from engine.explain.shown_layer import ShownLayer

Phase = Literal["batch", "forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("batch", "forward", "loss", "backward", "update")


@dataclass(frozen=True)
class LayerUpdate:
    """What an update did to one layer's weights and biases."""

    layer: str
    size: float
    """L2 norm of what was added to them."""
    ratio: float
    """The same as a share of their own norm before."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Where an update in slow motion stands, and what was computed on the way."""

    update: int
    """Which update it is, counted from 1."""
    phase: Phase
    picture: np.ndarray
    """(S, S, 3) uint8: one of the batch, as the network gets it."""
    name: str
    truth: int
    size: int
    """Pictures in the batch."""
    layer: str = ""
    """The layer whose turn it is, in the forward and the backward phase; else empty."""
    place: int = 0
    """Which of the `layers` that is, from 1."""
    layers: int = 0
    """Layers that the forward or the backward pass goes through."""
    shown: ShownLayer | None = None
    """What the layer put out for this picture, or in the update the one before."""
    gradients: ShownLayer | None = None
    """The derivative of the batch's loss by each of these values."""
    thumbnails: Mapping[str, Mosaic] = field(default_factory=dict)
    """Of each layer passed: what it put out, and from the backward phase on the derivatives."""
    probabilities: np.ndarray | None = None
    """(K,) of this picture, from the loss on."""
    picture_loss: float = 0.0
    """−ln of its own class's probability, in nats."""
    loss: float = 0.0
    """The batch's, label smoothing included: what the derivatives are of."""
    gradient_norm: float | None = None
    """L2 norm of the loss's derivatives by the layer's own weights and biases; None where it has none."""
    map_gradient_norm: float | None = None
    """The same by its values for this picture."""
    updates: tuple[LayerUpdate, ...] = ()
    """Of the last stage; none where the loss is no number, since then no update is made."""
    loss_after: float = 0.0
    """The loss of the same batch once more after the update, varied and thinned out as before it."""
