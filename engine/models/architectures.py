"""Finds the known architecture that a file of weights belongs to, from names and shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from engine.errors import UserError
from engine.models import torchvision_models
from engine.models.efficientnet_lite import PREPROCESSING, EfficientNetLite
from engine.models.names import BUILT_IN, TITLES, TORCHVISION_TITLES, has_torchvision
from engine.models.preprocessing import Preprocessing
from engine.models.stored_tensor import TensorFile, as_weight

MOST_CLASSES = 100_000
COUNTER = "num_batches_tracked"
"""Batch norm's step counter: old files lack it, and nothing here reads it."""
WRAPPERS = ("module.", "_orig_mod.")
"""What parallel training and compiling put before every name."""

Names = dict[str, str]
"""From the names of an architecture's tensors to those in the file."""


@dataclass(frozen=True)
class Architecture:
    """A network that can be built here, and what its own weights want done to a picture."""

    name: str
    build: Callable[[int], nn.Module]
    """From the number of classes to the network on the meta device."""
    preprocessing: Callable[[], Preprocessing]

    @property
    def title(self) -> str:
        """Its name on screen."""
        return TITLES[self.name]


def load_known(file: TensorFile, name: str) -> tuple[Architecture, nn.Module]:
    """The architecture whose weights `file` holds, and the network with these weights.

    Shapes are compared before a single tensor is read. Raises UserError that names the first tensor
    that does not fit, or says that the architecture is not known; `name` is what the file is called.
    """
    for architecture in known_architectures():
        names = match(architecture, file.shapes)
        if names is not None:
            model = architecture.build(_class_count(names, file.shapes))
            _check_shapes(architecture, model, names, file.shapes, name)
            _fill(model, names, file)
            return architecture, model
    known = ", ".join(architecture.title for architecture in known_architectures())
    raise UserError(
        f"{name} holds the weights of a network that is not known here",
        f"they have the names of none of {known}",
        "Export the whole network with torch.export.save as .pt2 and drop that instead",
    )


def known_architectures() -> Iterator[Architecture]:
    """The built-in architecture, then torchvision's where that is installed."""
    yield Architecture(BUILT_IN, _build_lite, lambda: PREPROCESSING)
    for name in TORCHVISION_TITLES if has_torchvision() else ():
        build = partial(torchvision_models.build, name)
        yield Architecture(name, build, partial(torchvision_models.preprocessing, name))


def match(architecture: Architecture, shapes: Mapping[str, tuple[int, ...]]) -> Names | None:
    """Which tensor of the file is which of the architecture's; None where it is another network's file.

    Names decide; the built-in network is also known by its shapes in their order, because everyone
    names its tensors differently.
    """
    own = architecture.build(1000).state_dict()
    given = torchvision_models.modern_names(architecture.name, {_unwrapped(key): key for key in shapes})
    if _weights_of(own) == _weights_of(given):
        return {key: given[key] for key in own if key in given}
    in_order = [tuple(tensor.shape) for tensor in own.values()]
    if (
        architecture.name == BUILT_IN
        and in_order[:-2] == list(shapes.values())[:-2]
        and len(in_order) == len(shapes)
    ):
        return dict(zip(own, shapes, strict=True))
    return None


def _build_lite(classes: int) -> nn.Module:
    with torch.device("meta"):
        return EfficientNetLite(classes)


def _unwrapped(key: str) -> str:
    for wrapper in WRAPPERS:
        key = key.removeprefix(wrapper)
    return key


def _weights_of(names: Mapping[str, object]) -> set[str]:
    return {name for name in names if not name.endswith(COUNTER)}


def _class_count(names: Names, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The length of the last bias, which every architecture here has one number of for each class."""
    last = shapes[list(names.values())[-1]]
    return last[0] if len(last) == 1 and 2 <= last[0] <= MOST_CLASSES else 1000


def _check_shapes(
    architecture: Architecture,
    model: nn.Module,
    names: Names,
    shapes: Mapping[str, tuple[int, ...]],
    name: str,
) -> None:
    own = model.state_dict()
    for key, theirs in names.items():
        given, expected = _written(shapes[theirs]), _written(tuple(own[key].shape))
        if given != expected:
            raise UserError(
                f"{name} does not fit {architecture.title}",
                f"{theirs} is {given} in the file and {expected} in the network",
                "Export the whole network with torch.export.save as .pt2 and drop that instead",
            )


def _written(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "a single number"


def _fill(model: nn.Module, names: Names, file: TensorFile) -> None:
    counters = {key: torch.tensor(0) for key in model.state_dict() if key not in names}
    weights = {key: as_weight(file.read(theirs)) for key, theirs in names.items()}
    model.load_state_dict({**counters, **weights}, assign=True)
