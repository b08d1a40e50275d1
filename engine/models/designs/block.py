"""The blocks that a network is built from: one dataclass a kind, its fields described like settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from engine.errors import UserError
from engine.settings import Setting, setting

NORMALISATIONS = ("none", "batch", "group")
ACTIVATIONS = ("relu", "leaky", "gelu", "silu", "tanh", "none")
POOLINGS = ("max", "average")
LAYERS = ("stem", *(f"stage{number}" for number in range(1, 8)), "head")
"""The parts of EfficientNet-Lite0 that have weights, in order; see engine/models/efficientnet_lite.py."""
WHOLE = "whole"
"""All of them, and the global average pooling after them."""

WIDEST = 4096
"""Channels or features of one layer."""


@dataclass(frozen=True)
class Block:
    """Base of all blocks. The fields' defaults are part of the file format: a design leaves them out."""

    kind: ClassVar[str] = ""
    """What the kind is called in JSON, and in the names of layers ("convolution1")."""
    title: ClassVar[str] = ""
    """What it is called on screen."""

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Label, help, range and choices of each field, as `engine.settings.Config` has them."""
        return {field.name: field.metadata["setting"] for field in dataclasses.fields(cls)}

    def check(self) -> None:
        """Raises UserError where a field is of another type, outside its range or none of its choices."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not _fits(field, value):
                raise _refused(self.title, field.metadata["setting"], value)

    def as_dict(self) -> dict[str, Any]:
        """The kind, and what differs from the defaults; ready for JSON."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain = {field.name: field.default for field in dataclasses.fields(self)}
        return {"kind": self.kind} | {name: value for name, value in given.items() if value != plain[name]}


def _fits(field: dataclasses.Field[Any], value: Any) -> bool:
    about: Setting = field.metadata["setting"]
    if value is None:
        return about.optional
    if isinstance(value, str):
        return value in about.choices
    if isinstance(value, bool) or isinstance(field.default, bool):
        return isinstance(value, bool) and isinstance(field.default, bool)
    if about.low is None or about.high is None:
        return False
    number = type(value) is int or (type(value) is float and isinstance(field.default, float))
    return number and about.low <= value <= about.high


def _refused(title: str, about: Setting, value: Any) -> UserError:
    wanted = [f"“{choice}”" for choice in about.choices]
    if about.low is not None:
        wanted.append(f"a number from {about.low:g} to {about.high:g}")
    allowed = f"it takes {' or '.join(wanted) or 'yes or no'}"
    return UserError(f"{title}: {about.label.lower()} cannot be {value!r:.40}", allowed)


def _channels(default: int) -> Any:
    return setting(default, "Channels", "How many feature maps come out.", low=1, high=WIDEST)


def _kernel(default: int, help: str) -> Any:
    return setting(default, "Kernel", help, unit="values", low=1, high=31)


def _stride(default: int | None, **details: Any) -> Any:
    help = "How many places the window moves at a time; 2 halves height and width."
    return setting(default, "Stride", help, low=1, high=16, **details)


def _normalise() -> Any:
    help = "Batch: by the mean and variance of each map over the batch (Ioffe and Szegedy 2015). "
    help += "Group: of a few maps of one picture (Wu and He 2018)."
    return setting("none", "Normalisation", help, choices=NORMALISATIONS)


def _activation() -> Any:
    return setting("relu", "Activation", "Applied to each value on its own.", choices=ACTIVATIONS)


def _share(default: float) -> Any:
    help = "Share of the values set to zero while training (Srivastava et al. 2014)."
    return setting(default, "Dropout", help, low=0.0, high=0.95)


@dataclass(frozen=True)
class Convolution(Block):
    """Convolution, then normalisation and activation where asked for (LeCun et al. 1998)."""

    kind, title = "convolution", "Convolution"
    channels: int = _channels(16)
    kernel: int = _kernel(3, "Rows and columns of the patch that each value is a weighted sum of.")
    stride: int = _stride(1)
    padding: str | int = setting(
        "same",
        "Padding",
        "Zeros around the maps; “same” keeps their size (divided by the stride).",
        low=0,
        high=64,
        choices=("same",),
    )
    dilation: int = setting(1, "Dilation", "Distance between the rows of the patch.", low=1, high=16)
    groups: int = setting(
        1, "Groups", "Each group of maps reads its own share of the maps before.", low=1, high=WIDEST
    )
    depthwise: bool = setting(
        False, "Depthwise", "One group for each map before: each filter reads a single map."
    )
    normalise: str = _normalise()
    activation: str = _activation()


@dataclass(frozen=True)
class Pooling(Block):
    """The largest or the average value of each window."""

    kind, title = "pooling", "Pooling"
    how: str = setting("max", "How", "The largest value of the window, or their average.", choices=POOLINGS)
    kernel: int = _kernel(2, "Rows and columns of the window.")
    stride: int | None = _stride(None, optional=True, none_label="as the kernel")


@dataclass(frozen=True)
class GlobalPooling(Block):
    """One number for each map: its average (Lin et al. 2014) or its largest value."""

    kind, title = "global_pooling", "Global pooling"
    how: str = setting("average", "How", "The average of each whole map, or its maximum.", choices=POOLINGS)


@dataclass(frozen=True)
class Normalisation(Block):
    """Normalisation on its own."""

    kind, title = "normalisation", "Normalisation"
    how: str = setting("batch", "How", "Over the batch, or a few maps.", choices=NORMALISATIONS[1:])


@dataclass(frozen=True)
class Activation(Block):
    """Activation on its own."""

    kind, title = "activation", "Activation"
    how: str = setting("relu", "How", "Applied to each value on its own.", choices=ACTIVATIONS[:-1])


@dataclass(frozen=True)
class Dropout(Block):
    """Sets values to zero at random while training."""

    kind, title = "dropout", "Dropout"
    share: float = _share(0.5)


@dataclass(frozen=True)
class Residual(Block):
    """Two convolutions and a shortcut past them, 1x1 where shapes differ (He et al., CVPR 2016)."""

    kind, title = "residual", "Residual"
    channels: int = _channels(32)
    kernel: int = _kernel(3, "Rows and columns of the patch, of both convolutions.")
    stride: int = _stride(1)
    normalise: str = _normalise()
    activation: str = _activation()


@dataclass(frozen=True)
class Dense(Block):
    """Every feature from all features (maps are flattened first)."""

    kind, title = "dense", "Dense"
    features: int = setting(64, "Features", "How many features come out.", low=1, high=WIDEST)
    normalise: str = _normalise()
    activation: str = _activation()
    dropout: float = _share(0.0)


@dataclass(frozen=True)
class Flatten(Block):
    """All values of the maps as one row of features."""

    kind, title = "flatten", "Flatten"


@dataclass(frozen=True)
class Pretrained(Block):
    """EfficientNet-Lite0's layers with their ImageNet weights: frozen, or thawed from one of them on."""

    kind, title = "pretrained", "Pretrained"
    until: str = setting(
        WHOLE,
        "Until",
        "The last layer that is taken over; “whole” pools at the end.",
        choices=(*LAYERS, WHOLE),
    )
    thawed_from: str | None = setting(
        None,
        "Thawed from",
        "The first layer that goes on learning; those before it stay as they are.",
        choices=LAYERS,
        optional=True,
        none_label="all frozen",
    )


KINDS: MappingProxyType[str, type[Block]] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (
            *(Convolution, Pooling, GlobalPooling, Normalisation, Activation),
            *(Dropout, Residual, Dense, Flatten, Pretrained),
        )
    }
)
"""From the name of a kind to its class, in the order in which they are offered."""


def block_from_dict(given: Any) -> Block:
    """The block that `as_dict` wrote. Raises UserError for anything else."""
    name = given.get("kind") if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping) or not isinstance(name, str) or name not in KINDS:
        raise UserError(f"There is no block {name!r:.40}", next=f"Use one of {', '.join(KINDS)}")
    kind = KINDS[name]
    unknown = [str(name) for name in given if name != "kind" and name not in kind.settings()]
    if unknown:
        known = ", ".join(kind.settings()) or "no field"
        raise UserError(f"{kind.title} has no field {unknown[0]!r:.40}", next=f"It knows {known}")
    block = kind(**{name: value for name, value in given.items() if name != "kind"})
    block.check()
    return block
