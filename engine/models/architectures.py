"""Finds the known architecture that a file of weights belongs to, from names and shapes alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.models import torchvision_models
from engine.models.efficientnet_lite import PREPROCESSING, EfficientNetLite
from engine.models.names import BUILT_IN, TITLES, TORCHVISION_TITLES, has_torchvision
from engine.models.preprocessing import Preprocessing
from engine.models.stored_tensor import TensorFile, as_weight

Shapes = Mapping[str, tuple[int, ...]]

MOST_CLASSES = 100_000
COUNTER = "num_batches_tracked"
"""Batch norm's step counter: old files lack it, and nothing here reads it."""


@dataclass(frozen=True)
class Architecture:
    """A network that we can build: its catalogue name, its builder and its preprocessing."""

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
    that does not fit, or says that the architecture is not known; `name` is the file's name.
    """
    shapes = modern_shapes(file.shapes)
    for architecture in known_architectures():
        names = _matching_names(architecture, shapes)
        if names is None:
            continue
        model = architecture.build(_class_count(shapes, names))
        _check_shapes(architecture, model, shapes, names, name)
        model.load_state_dict({own: as_weight(file.read(shapes[key][0])) for own, key in names.items()} | _counters(model, names), assign=True)
        return architecture, model
    known = ", ".join(architecture.title for architecture in known_architectures())
    raise UserError(
        f"{name} holds weights of a network that is not known here",
        f"their names fit none of {known}",
        "Export the whole network with torch.export.save as .pt2 and drop that instead",
    )
