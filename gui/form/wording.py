"""How the fixed values of a setting, made for the command line, are written on screen."""

from __future__ import annotations

_NAMES = {
    "cam": "CAM",
    "cnn": "CNN",
    "cpu": "CPU",
    "cuda": "CUDA",
    "gelu": "GELU",
    "gru": "GRU",
    "l2": "L2",
    "lstm": "LSTM",
    "relu": "ReLU",
    "rnn": "RNN",
    "sgd": "SGD",
    "silu": "SiLU",
    "adam": "Adam",
    "smoothgrad": "SmoothGrad",
    "efficientnet": "EfficientNet",
    "resnet": "ResNet",
}
_WHOLE = {"grad-cam": "Grad-CAM", "efficientnet-lite0": "EfficientNet-Lite0"}


def on_screen(value: str) -> str:
    """ "integrated-gradients" as "Integrated gradients"; what has capitals or spaces stays as it is."""
    if value in _WHOLE:
        return _WHOLE[value]
    if value != value.lower() or " " in value or "." in value or "/" in value:
        return value
    words = [_NAMES.get(word, word) for word in value.replace("_", "-").split("-")]
    text = " ".join(words)
    return text[:1].upper() + text[1:] if words[0] not in _NAMES.values() else text
