"""torchvision's classifiers: their networks, their ImageNet weights and their own preprocessing.

torchvision is imported only when one of them is asked for: its import is slower than torch's.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn

from engine.errors import UserError
from engine.models.fetch import Errand, Progress, expected_digest, fetch, sha256
from engine.models.names import TORCHVISION_TITLES
from engine.models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

Value = TypeVar("Value")

_BUILDER_OPTIONS: dict[str, dict[str, Any]] = {
    # The auxiliary classifiers only help training. The published weights expect the rescaled input.
    "googlenet": {"aux_logits": False, "transform_input": True, "init_weights": False},
}


def build(name: str, classes: int = 1000) -> nn.Module:
    """torchvision's network `name` (one of TORCHVISION_TITLES) without memory, on the meta device."""
    from torchvision.models import get_model

    with torch.device("meta"):
        return get_model(name, weights=None, num_classes=classes, **_BUILDER_OPTIONS.get(name, {}))


def preprocessing(name: str) -> Preprocessing:
    """What torchvision's best weights of `name` were evaluated with."""
    given = _weights(name).transforms()
    return Preprocessing(
        resize=given.resize_size[0],
        crop=given.crop_size[0],
        mean=tuple(given.mean),
        std=tuple(given.std),
        interpolation=given.interpolation.value,
    )


def load(name: str, progress: Progress | None = None) -> tuple[nn.Module, str]:
    """The network with its ImageNet weights, fetched if they are not there yet, and where they are from.

    Raises UserError where the weights cannot be fetched or read.
    """
    weights = _weights(name)
    file = weights_file(weights.url)
    if not file.exists() or not sha256(file).startswith(expected_digest(file.name)):
        errand = Errand(f"The weights of {TORCHVISION_TITLES[name]}", "EfficientNet-Lite0")
        fetch(weights.url, file, errand, progress)
    model = build(name)
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True)
        model.load_state_dict(modern_names(name, stored), assign=True)
    except (RuntimeError, OSError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        what = f"The weights of {TORCHVISION_TITLES[name]} could not be read"
        then = f"Delete {file.name} from torch's cache and choose it again"
        raise UserError(
            what, "they are damaged, or do not fit this torchvision", then, details=repr(error)
        ) from error
    return model, f"torchvision, {weights.name}"


def weights_file(url: str) -> Path:
    """Where torch's own cache keeps the file at `url`."""
    return Path(torch.hub.get_dir(), "checkpoints", url.rsplit("/", 1)[-1])


def modern_names(name: str, state: dict[str, Value]) -> dict[str, Value]:
    """A file's weights under today's names, without the classifiers that only helped training.

    DenseNet's file still says "norm.1" where its network says "norm1".
    """
    if name == "densenet121":
        return {
            re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)", r"\1\2", k): v for k, v in state.items()
        }
    if name == "googlenet":
        return {key: value for key, value in state.items() if not key.startswith(("aux1.", "aux2."))}
    return state


def _weights(name: str) -> WeightsEnum:
    from torchvision.models import get_model_weights

    return get_model_weights(name)["DEFAULT"]
