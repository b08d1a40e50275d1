"""Grad-CAM where it is usually taken, against a plain forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

SENTENCE = "Grad-CAM at the last layer that has feature maps, against a plain forward pass."
LIMIT = 1.2
ROUNDS = 60


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """The layer that the lab explains unless another is chosen."""
    from engine.explain.attribution import grad_cam

    from .network import forward, inspection, plain_model, prepared

    looked_at = inspection()
    x = prepared(looked_at).x
    model = plain_model()
    target = int(forward(model, x).argmax())
    layer = looked_at.last_convolutional()
    others = Others()
    explained = timed(partial(grad_cam, looked_at.model, looked_at.module(layer), x, target))
    timings = interleave(timed(partial(forward, model, x)), {layer: explained}, rounds)
    yield Finding(
        layer,
        timings.ratio(layer),
        LIMIT,
        others.cores(),
        control=timings.control,
        note=timings.fastest(layer),
    )
