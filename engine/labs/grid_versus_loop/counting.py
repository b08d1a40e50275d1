"""What a network is, before any time is measured, as it is shown."""

from __future__ import annotations

from engine.labs.grid_versus_loop.snapshot import Counted, LayerLine
from engine.models.sequence_networks import SEQUENCE_NETWORKS, SequenceNetwork, SequenceShape, anatomy

_COMPUTING = ("convolution", "dense")


def count(name: str, network: SequenceNetwork, shape: SequenceShape) -> Counted:
    """The anatomy of `network`, which is `name`, for one sequence of `shape`."""
    found, kind = anatomy(network, shape), SEQUENCE_NETWORKS[name]
    return Counted(
        name,
        kind.title,
        kind.family,
        found.parameters,
        found.multiply_adds,
        found.activations_kept,
        found.sequential_steps,
        found.receptive_field,
        tuple(
            LayerLine(
                layer.name,
                layer.kind,
                layer.shape_out,
                layer.parameters,
                layer.multiply_adds,
                layer.shape_out[0] if layer.kind == "recurrence" else int(layer.kind in _COMPUTING),
            )
            for layer in found.layers
        ),
    )
