"""Which classifiers can be chosen, known without importing torch or torchvision."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

BUILT_IN = "efficientnet-lite0"
"""The one whose weights are installed with the application."""

TORCHVISION_TITLES = {
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "vgg16": "VGG-16",
    "alexnet": "AlexNet",
    "googlenet": "GoogLeNet",
    "squeezenet1_1": "SqueezeNet 1.1",
    "densenet121": "DenseNet-121",
    "mobilenet_v2": "MobileNet V2",
    "mobilenet_v3_small": "MobileNet V3 Small",
    "mobilenet_v3_large": "MobileNet V3 Large",
    "shufflenet_v2_x1_0": "ShuffleNet V2",
    "efficientnet_b0": "EfficientNet-B0",
    "convnext_tiny": "ConvNeXt Tiny",
}
"""torchvision's builders that are offered, and what their papers call them."""

TITLES = {BUILT_IN: "EfficientNet-Lite0", **TORCHVISION_TITLES}


@cache
def has_torchvision() -> bool:
    """Whether torchvision is installed; it is not imported."""
    return find_spec("torchvision") is not None


def model_names() -> tuple[str, ...]:
    """The names that `load_classifier` knows, the built-in one first."""
    return (BUILT_IN, *TORCHVISION_TITLES) if has_torchvision() else (BUILT_IN,)
