"""A network that was built and trained here, as a classifier: what the convnet training lab saves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.data.file_bytes import display_name
from engine.errors import UserError
from engine.models.classifier import Classifier, ready
from engine.models.designs import Design, open_network
from engine.models.model_notes import LONGEST_NAME
from engine.models.preprocessing import unscaled


def designed_classifier(path: Path) -> Classifier:
    """The classifier in a file that `save_network` wrote, with its own classes, colours and size.

    It gets pictures as in training: squares of that size with values from 0 to 1, which its first layer
    scales. Raises UserError where the file is damaged, or made for pictures that are neither grey nor in
    colour or no squares.
    """
    name = display_name(path)
    network, design, classes, (channels, height, width), notes = open_network(path)
    if channels not in (1, 3) or height != width:
        why = f"it reads pictures of {height} × {width} pixels with {channels} channels"
        then = "Open a network that reads squares in grey or in colour"
        raise UserError(f"{name} can't classify pictures", why, then)
    return Classifier(
        str(path),
        _title(design, notes),
        ready(network),
        unscaled(channels, height),
        classes,
        f"your file {name}",
        is_sized=True,
    )


def _title(design: Design, notes: Mapping[str, Any]) -> str:
    """What it is, on what it was trained and how long, as far as it says: "plain (digits, update 20)"."""
    data, step = notes.get("data"), notes.get("step")
    named = isinstance(data, str) and data.isprintable() and 0 < len(data) <= LONGEST_NAME
    parts = [data] if named else []
    parts += [f"update {step}"] if isinstance(step, str) and step.isdecimal() else []
    return f"{design.name} ({', '.join(parts)})" if parts else design.name
