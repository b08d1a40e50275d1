"""The colours of the report: those of the window's light theme, which the engine may not ask for."""

from __future__ import annotations

from engine.explain.svg_chart import Ink

INK = Ink(text="#17191c", muted="#575d66", line="#d5d8de", ground="#ffffff")
VERDICTS = {"agrees": "#007555", "disagrees": "#aa4b00", "open": "#575d66"}
COLOURS = {
    "logistic": "#575d66",
    "mlp": "#383c41",
    "cnn": "#8a5f00",
    "dilated-cnn": "#402d00",
    "rnn": "#aa4b00",
    "gru": "#007555",
    "lstm": "#006dab",
    "cnn+gru": "#a36186",
}
"""Okabe and Ito's, darkened: convolution orange, vanilla RNN vermilion, GRU green, LSTM blue, both purple."""
DASHED = "6 4"
"""Of a network that learns from exchanged positions."""


def colour_of(name: str) -> str:
    """Of a network; that of second-rank text for one that has none of its own."""
    return COLOURS.get(name, INK.muted)
