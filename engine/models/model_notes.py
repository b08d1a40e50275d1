"""What a model file may say about itself: the names of its classes, and its pictures' mean and std."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import UserError
from engine.models.preprocessing import Preprocessing

LONGEST_NAME = 200
KEYS = ("classes", "mean", "std")


@dataclass(frozen=True)
class Notes:
    """The notes of one file; None where it says nothing."""

    classes: tuple[str, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def applied(self, preprocessing: Preprocessing) -> Preprocessing:
        """The preprocessing with what the file says in place of the usual."""
        given = {"mean": self.mean, "std": self.std}
        return dataclasses.replace(preprocessing, **{key: value for key, value in given.items() if value})


def notes_from_json(document: bytes | None, name: str) -> Notes:
    """Notes from a `gridloop.json`: {"classes": [...], "mean": [r, g, b], "std": [r, g, b]}.

    Raises UserError where it is something else; `name` is what the file is called.
    """
    return _notes(lambda: json.loads(document) if document is not None else {}, name)


def notes_from_metadata(metadata: Mapping[str, str], name: str) -> Notes:
    """Notes from safetensors metadata, where each value is the JSON text of a list. Raises UserError."""
    return _notes(lambda: {key: json.loads(metadata[key]) for key in KEYS if key in metadata}, name)


def _notes(read: Any, name: str) -> Notes:
    try:
        given = read()
        classes, mean, std = (given.get(key) for key in KEYS)
        return Notes(
            None if classes is None else tuple(_label(item) for item in classes),
            None if mean is None else _colours(mean),
            None if std is None else _colours(std, positive=True),
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{name} was not opened",
            "its notes are not lists of class names and of three numbers for mean and std",
            'Write them as {"classes": [...], "mean": [r, g, b], "std": [r, g, b]}',
            details=repr(error),
        ) from error


def _label(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or not value.isprintable():
        raise ValueError(f"a class called {value!r:.80}")
    return value


def _colours(values: Any, *, positive: bool = False) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if len(numbers) != 3 or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{values!r:.80}")
    if positive and min(numbers) <= 0:
        raise ValueError(f"a standard deviation of {min(numbers)}")
    return numbers
