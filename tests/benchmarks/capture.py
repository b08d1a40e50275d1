"""Keeping the layer on show while the network runs, against a plain forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

SENTENCE = "Classifying a picture while the shown layer is kept, against a plain forward pass."
LIMIT = 1.05
ROUNDS = 60


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A shallow layer, one in the middle and a deep one."""
    from .network import LAYERS, forward, inspection, plain_model, prepared

    looked_at = inspection()
    picture = prepared(looked_at)
    others = Others()
    looks = {
        LAYERS[size]: timed(partial(looked_at.look, picture.x, picture.rgb, LAYERS[size]))
        for size in ("32 of 112²", "672 of 14²", "1280 of 7²")
    }
    timings = interleave(timed(partial(forward, plain_model(), picture.x)), looks, rounds)
    load = others.cores()
    for name in looks:
        yield Finding(
            name,
            timings.ratio(name),
            LIMIT,
            load,
            control=timings.control,
            note=timings.fastest(name),
        )
