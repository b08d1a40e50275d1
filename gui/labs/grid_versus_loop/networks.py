"""What the networks of this lab are called on the page, and the colours that they have in every picture."""

from __future__ import annotations

from gui.network_toggles import Network

SHUFFLED = "-shuffled"
"""Ends the key of a network that learns from exchanged positions."""
NETWORKS = (
    Network("logistic", "Logistic", "Logistic regression: one layer of weights", "reference"),
    Network("mlp", "MLP", "Dense layers on all positions at once", "dense"),
    Network("cnn", "CNN", "Convolution: the same small kernel at every position", "convolution"),
    Network(
        "dilated-cnn",
        "Dilated CNN",
        "Convolution with gaps that double from layer to layer",
        "dilated_convolution",
    ),
    Network("rnn", "RNN", "Vanilla RNN (tanh): a state carried from position to position", "vanilla_rnn"),
    Network("gru", "GRU", "GRU: gates decide what the state keeps", "gru"),
    Network("lstm", "LSTM", "LSTM: a cell state behind three gates", "lstm"),
    Network("cnn+gru", "CNN+GRU", "A convolution whose maps a GRU reads", "hybrid"),
)
_BY_KEY = {network.key: network for network in NETWORKS}


def base(key: str) -> str:
    """The network's own name: "cnn" of "cnn-shuffled"."""
    return key.removesuffix(SHUFFLED)


def short(key: str) -> str:
    """What it is called at the end of a curve."""
    known = _BY_KEY.get(base(key))
    name = base(key) if known is None else known.short
    return f"{name}, exchanged" if key.endswith(SHUFFLED) else name


def colour(key: str) -> str:
    """Its colour in every picture."""
    known = _BY_KEY.get(base(key))
    return "reference" if known is None else known.colour
