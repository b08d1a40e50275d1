"""Saves a designed network as one safetensors file, its design beside its weights, and opens it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.checkpoint import load_tensors, save_tensors
from engine.errors import UserError
from engine.models.designs.design import Design
from engine.models.designs.examination import examine, state_shapes
from engine.models.designs.network import DesignedNetwork, assemble
from engine.safetensors_header import Header, read_header

FORMAT = "gridloop designed network 1"
LARGEST_SIDE = 4096
MOST_CHANNELS = 64
MOST_CLASSES = 100_000
LONGEST_NAME = 200
COUNTER = "num_batches_tracked"
"""The one tensor that holds whole numbers: the steps that a batch norm has seen."""

Opened = tuple[DesignedNetwork, Design, tuple[str, ...], tuple[int, int, int], dict[str, Any]]


def save_network(
    path: str | Path,
    network: DesignedNetwork,
    design: Design,
    classes: Sequence[str],
    *,
    shape: tuple[int, int, int],
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Save weights, design, the names of the classes, (C, H, W) and `notes`, plain values, in one file.

    Atomically: the old file or the new one is there. Raises UserError where it cannot be written.
    """
    metadata = {
        "format": FORMAT,
        "design": design.to_json(),
        "classes": json.dumps(list(classes), ensure_ascii=False),
        "shape": json.dumps(list(shape)),
        "notes": json.dumps(dict(notes or {}), ensure_ascii=False, allow_nan=False),
    }
    save_tensors(path, network.state_dict(), metadata)


def is_designed(metadata: Mapping[str, str]) -> bool:
    """Whether a safetensors file with this metadata was written by `save_network`."""
    return metadata.get("format") == FORMAT


def open_network(path: str | Path) -> Opened:
    """The network in eval mode, its design, the names of its classes, (C, H, W), and the notes.

    Nothing in the file runs, and the shapes of all its tensors are held against the design before any is
    read. Raises UserError for a file that is damaged, hostile or something else.
    """
    file = Path(path)
    header = read_header(file)
    design, classes, shape, notes = _described(file.name, header.metadata)
    _check_tensors(file.name, header, design, shape, len(classes))
    zeros, ones = (0.0,) * shape[0], (1.0,) * shape[0]
    network = assemble(design, shape, len(classes), mean=zeros, std=ones, weights=False)
    tensors, _ = load_tensors(file)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:  # it was written over since its header was read
        raise UserError(
            f"{file.name} could not be read", "it has just changed", details=str(error)
        ) from error
    return network.eval(), design, classes, shape, notes


def _described(
    name: str, metadata: Mapping[str, str]
) -> tuple[Design, tuple[str, ...], tuple[int, int, int], dict[str, Any]]:
    """What the file says about its network."""
    if not is_designed(metadata):
        then = "Drop it on the image classification page, where weights of known networks are opened"
        raise UserError(f"{name} is no network that was built here", "it holds no design", then)
    design = Design.from_json(metadata.get("design", ""))
    try:
        classes = tuple(_class_name(item) for item in _list(metadata["classes"]))
        channels, height, width = (_size(item) for item in _list(metadata["shape"]))
        notes = json.loads(metadata["notes"])
        if not isinstance(notes, dict) or not 2 <= len(classes) <= MOST_CLASSES:
            raise ValueError(f"{len(classes)} classes")
        if channels > MOST_CHANNELS:
            raise ValueError(f"{channels} channels")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = "its class names, the size of its pictures or its notes are damaged"
        raise UserError(f"{name} was not opened", why, details=repr(error)) from error
    return design, classes, (channels, height, width), notes


def _list(text: str) -> list[Any]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _class_name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or not value.isprintable():
        raise ValueError(f"a class called {value!r:.80}")
    return value


def _size(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST_SIDE:
        raise ValueError(f"a size of {value!r:.40}")
    return value


def _check_tensors(
    name: str, header: Header, design: Design, shape: tuple[int, int, int], classes: int
) -> None:
    """The file holds the very tensors that the design has."""
    problem = examine(design, shape, classes, batch=1).problem
    if problem is not None:
        error = problem[1]
        why = f"its design cannot be built: {error.what}, {error.why}"
        raise UserError(f"{name} was not opened", why, details=str(error))
    own = {
        tensor: (size, "I64" if tensor.endswith(COUNTER) else "F32")
        for tensor, size in state_shapes(design, shape, classes).items()
    }
    given = {tensor: (entry.shape, entry.dtype) for tensor, entry in header.tensors.items()}
    wrong = [tensor for tensor in own.keys() | given.keys() if own.get(tensor) != given.get(tensor)]
    if wrong:
        first = min(wrong)
        details = f"{first}: {given.get(first)} in the file, {own.get(first)} in the design"
        raise UserError(f"{name} was not opened", "its weights do not fit its design", details=details)
