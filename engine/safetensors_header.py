"""The header of a safetensors file, read and checked before a single tensor is allocated.

The format (https://github.com/huggingface/safetensors): eight bytes little-endian give the length of
a JSON object, which gives each tensor's dtype, shape and byte range in the rest of the file.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import UserError

LARGEST_HEADER = 16 * 2**20
"""Bytes; the largest published models stay below a tenth of it."""

ITEM_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip


@dataclass(frozen=True)
class TensorEntry:
    """One tensor: its safetensors dtype ("F32"), its shape, and its first and past-the-last byte."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """All tensors of a file in the file's own order, and the strings saved beside them."""

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]


def read_header(path: str | os.PathLike[str]) -> Header:
    """The checked header of the safetensors file at `path`; raises UserError where it does not add up."""
    file = Path(path)
    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            length = int.from_bytes(stream.read(8), "little")
            if size < 10 or length > min(LARGEST_HEADER, size - 8):
                raise ValueError(f"a header of {length} bytes in a file of {size}")
            header = _parse(json.loads(stream.read(length), object_pairs_hook=_unique))
        _check_cover(header, size - 8 - length)
    except OSError as error:
        raise UserError(
            f"{file.name} could not be read", error.strerror or "", details=repr(error)
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = "it is damaged, or not a safetensors file"
        raise UserError(f"{file.name} could not be read", why, details=repr(error)) from error
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a name appears twice")
    return dict(pairs)


def _parse(header: dict[str, Any]) -> Header:
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("metadata that is not text")
    return Header({name: _entry(name, value) for name, value in header.items()}, metadata)


def _entry(name: str, value: dict[str, Any]) -> TensorEntry:
    shape, (begin, end) = tuple(value["shape"]), value["data_offsets"]
    if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
        raise ValueError(f"{name}: a shape or an offset that is not a natural number")
    if max((*shape, 0)) >= 2**40:
        raise ValueError(f"{name}: shape {shape}")
    if end - begin != math.prod(shape) * ITEM_BYTES[value["dtype"]]:
        raise ValueError(f"{name}: {end - begin} bytes for {value['dtype']} {shape}")
    return TensorEntry(value["dtype"], shape, begin, end)


def _check_cover(header: Header, size: int) -> None:
    reached = 0
    for entry in sorted(header.tensors.values(), key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != reached:
            raise ValueError(f"a gap or an overlap at byte {reached}")
        reached = entry.end
    if reached != size:
        raise ValueError(f"{size} bytes of tensors, {reached} described")
