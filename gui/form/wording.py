"""How the fixed values of a setting, made for the command line, are written on screen."""

from __future__ import annotations

from engine.settings import Config

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


def choice_names(config_type: type[Config], field: str) -> dict[str, str]:
    """What each fixed choice of a setting is called: a choice that is a setting itself, by its label."""
    settings = config_type.settings()
    choices = settings[field].choices
    if all(choice in settings for choice in choices):
        return {choice: settings[choice].label for choice in choices}
    return {choice: on_screen(choice) for choice in choices}
