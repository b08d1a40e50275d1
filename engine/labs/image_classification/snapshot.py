"""Everything that may be seen in the image classification lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.lab import Snapshot
from engine.labs.image_classification.config import ImageClassificationConfig

if TYPE_CHECKING:
    import numpy as np

    from engine.data.film import Still
    from engine.explain.comparison import Divergence
    from engine.explain.mosaic import Mosaic
    from engine.explain.shown_layer import ShownLayer
    from engine.explain.sweep import Sweep
    from engine.explain.wanted import Wanted
    from engine.explain.why import Heat
    from engine.models.layer import Layer


@dataclass(frozen=True)
class Score:
    """One class and how probable the network finds it."""

    index: int
    label: str
    probability: float
    untouched: float
    """The same for the picture before any "what if"."""


@dataclass(frozen=True)
class ImageClassificationSnapshot(Snapshot):
    """Everything that may be seen in this lab. Arrays are read-only."""

    config: ImageClassificationConfig
    picture: np.ndarray | None = None
    """What the network sees now, (S, S, 3) uint8; None before the first picture."""
    name: str = ""
    note: str = ""
    """Where the picture is from, or what was done to the file ("first of 12 frames")."""
    is_grey: bool = False
    """Whether the network reads brightness only."""
    original_size: tuple[int, int] = (0, 0)
    """(width, height) of the file."""
    model_title: str = ""
    classes: tuple[str, ...] = ()
    top: tuple[Score, ...] = ()
    layers: tuple[Layer, ...] = ()
    thumbnails: Mapping[str, Mosaic] = field(default_factory=dict)
    """A few small maps of every layer, as far as they are drawn yet."""
    shown: ShownLayer | None = None
    heat: Heat | None = None
    target: int = 0
    """The class that `heat` is or would be about."""
    sweep: Sweep | None = None
    wanted: Wanted | None = None
    film: tuple[Still, ...] = ()
    film_index: int = 0
    pinned: np.ndarray | None = None
    """The pinned picture as the network saw it, (S, S, 3) uint8."""
    pinned_name: str = ""
    divergences: tuple[Divergence, ...] = ()
    """Where the current and the pinned picture's activations part, layer by layer."""
