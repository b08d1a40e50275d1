"""The networks that grid and loop are compared with: which there are, what they are, and making one.

>>> shape = SequenceShape(length=40, channels=1, classes=10)
>>> network = make_network("gru", shape, width=64, seed=0)
>>> anatomy(network, shape).sequential_steps
41
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from engine.models.receptive_field import Axis
from engine.models.sequence_anatomy import (
    LayerLine,
    NetworkAnatomy,
    anatomy,
    blank,
    readings,
    receptive_field,
)
from engine.models.sequence_modules import (
    ConvolutionalNetwork,
    DenseNetwork,
    DilatedNetwork,
    HybridNetwork,
    PictureNetwork,
    RecurrentNetwork,
    SequenceNetwork,
    SequenceShape,
)

__all__ = [
    "NAMES",
    "SEQUENCE_NETWORKS",
    "Family",
    "LayerLine",
    "NetworkAnatomy",
    "SequenceNetwork",
    "SequenceNetworkKind",
    "SequenceShape",
    "anatomy",
    "blank",
    "make_network",
    "readings",
    "receptive_field",
    "sights",
]

NAMES = ("logistic", "mlp", "cnn", "rnn", "gru", "lstm", "cnn+gru")
"""Those that every experiment knows."""

Family = Literal["grid", "loop", "both", "neither"]


@dataclass(frozen=True)
class SequenceNetworkKind:
    """What a person is told about a network before it is built."""

    title: str
    family: Family
    sentence: str


SEQUENCE_NETWORKS: dict[str, SequenceNetworkKind] = {
    "logistic": SequenceNetworkKind(
        "logistic regression", "neither", "One weight for each position and class, and nothing in between."
    ),
    "mlp": SequenceNetworkKind(
        "MLP",
        "neither",
        "Two dense layers: every position has weights of its own, so it knows no neighbours and no order.",
    ),
    "cnn": SequenceNetworkKind(
        "CNN",
        "grid",
        "Three convolutions slide the same small windows over all positions at once (LeCun et al. 1998).",
    ),
    "dilated-cnn": SequenceNetworkKind(
        "dilated CNN",
        "grid",
        "Causal convolutions whose windows widen by doubling until the last position sees all "
        "(van den Oord et al. 2016; Bai et al. 2018).",
    ),
    "rnn": SequenceNetworkKind(
        "vanilla RNN", "loop", "One position after the other goes through W_hh and tanh (Elman 1990)."
    ),
    "gru": SequenceNetworkKind(
        "GRU", "loop", "Its update gate chooses between the old state and a new one (Cho et al. 2014)."
    ),
    "lstm": SequenceNetworkKind(
        "LSTM", "loop", "Its cell state is written and kept by gates (Hochreiter and Schmidhuber 1997)."
    ),
    "cnn+gru": SequenceNetworkKind(
        "CNN + GRU", "both", "Convolutions read windows, and a GRU carries what they found to the end."
    ),
}
_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def make_network(name: str, shape: SequenceShape, width: int, seed: int) -> SequenceNetwork:
    """One of SEQUENCE_NETWORKS with PyTorch's own start at that seed; PyTorch's generator is left as it was.

    `width` is the units of a dense or recurrent layer and the maps of a convolution; of "cnn+gru" both.
    Raises ValueError for an unknown name or a width below 1.
    """
    if name not in SEQUENCE_NETWORKS:
        raise ValueError(f"{name!r} is none of {', '.join(SEQUENCE_NETWORKS)}")
    if width < 1:
        raise ValueError(f"a width of {width}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(name, shape, width)


def _build(name: str, shape: SequenceShape, width: int) -> SequenceNetwork:
    if name in _CELLS:
        return RecurrentNetwork(shape, _CELLS[name], width)
    if name == "cnn":
        return PictureNetwork(shape, width) if shape.is_picture else ConvolutionalNetwork(shape, width)
    if name == "dilated-cnn":
        return DilatedNetwork(shape, width)
    if name == "cnn+gru":
        return HybridNetwork(shape, width)
    return DenseNetwork(shape, (width, width) if name == "mlp" else ())


def sights(network: SequenceNetwork) -> dict[str, Axis]:
    """Where the readings of layers that keep positions stand on the T positions, by the layer's name.

    Position i of such a reading sees `size` positions from `start + i * jump` on, some of them in the
    padding; a recurrent layer's state i has just read those, and may remember all before.
    """
    return network.sights()
