"""A model ready to classify: the network, how it wants its picture, and what its outputs are called."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from engine.models.imagenet import imagenet_classes
from engine.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Classifier:
    """From an RGB picture, by `preprocessing` and `model`, to one logit for each of `classes`.

    The model is in eval mode, its parameters are frozen, and no layer writes over its input, so that
    what a hook sees is what the layer gave.
    """

    name: str
    """What `load_classifier` takes: a name of the catalogue, or the path of the person's own file."""
    title: str
    model: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    source: str
    """Where the weights are from, in words."""
    is_sized: bool = False
    """Whether it reads pictures of that one size only, as networks with dense layers on maps do."""


def ready(model: nn.Module) -> nn.Module:
    """The same model in eval mode, frozen, and with nothing computed in place."""
    for module in model.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010 - a Module's attributes are typed as tensors
    return model.eval().requires_grad_(False)


def class_names(count: int) -> tuple[str, ...]:
    """ImageNet's names where there are as many classes as ImageNet has, and numbers otherwise."""
    return imagenet_classes() if count == 1000 else tuple(f"class {index}" for index in range(count))
