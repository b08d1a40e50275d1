"""What the six networks are called on the page, and the colours that they have in every picture."""

from __future__ import annotations

from engine.labs.gradient_flow.config import NETWORKS

SHORT = {
    "rnn": "RNN",
    "relu": "ReLU RNN",
    "irnn": "IRNN",
    "lstm": "LSTM",
    "lstm-no-forget-bias": "LSTM, no bias",
    "gru": "GRU",
}
FULL = {
    "rnn": "Vanilla RNN (tanh)",
    "relu": "Vanilla RNN with relu",
    "irnn": "Vanilla RNN with relu that starts as the identity (Le et al. 2015)",
    "lstm": "LSTM",
    "lstm-no-forget-bias": "LSTM without a bias that opens its forget gate",
    "gru": "GRU",
}
COLOURS = {
    "rnn": "vanilla_rnn",
    "relu": "relu_rnn",
    "irnn": "identity_rnn",
    "lstm": "lstm",
    "lstm-no-forget-bias": "lstm_unbiased",
    "gru": "gru",
}
READERS = ("rnn", "lstm", "gru")
"""The networks that have learned to read, which a typed sentence is for."""


def chosen(cells: str) -> tuple[str, ...]:
    """The networks that a setting names, in the order in which they are always shown."""
    named = {part.strip() for part in cells.split(",")}
    return tuple(cell for cell in NETWORKS if cell in named)
