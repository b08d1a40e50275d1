"""The names of the 1000 ImageNet classes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"


@cache
def imagenet_classes() -> tuple[str, ...]:
    """The 1000 class names of ILSVRC 2012; `imagenet_classes()[282]` is the name of class 282.

    Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015.
    """
    return tuple((ASSETS / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
