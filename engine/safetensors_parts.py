"""A safetensors file in parts to be written one after the other, with a checksum, and read back checked."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.safetensors_header import read_header

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CHECKSUM = "checksum"
"""The string beside the tensors that holds the CRC-32 of all the rest."""
ALIGNED = 8
"""Bytes to a multiple of which the header is filled up."""

Places = dict[str, tuple[str, list[int], list[int]]]
"""Each tensor's dtype, shape and (begin, end), by name."""


def parts_of_file(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> list[bytes | memoryview]:
    """The file with these tensors, which are on the CPU, and strings beside them.

    Where `safetensors.torch.save` makes one piece of it while it holds the interpreter's lock, this only
    looks at the tensors' memory, which must not change until the parts are written.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    views = [_bytes_of(tensors[name]) for name in order]
    places: Places = {}
    reached = 0
    for name, view in zip(order, views, strict=True):
        dtype, shape = _names()[tensors[name].dtype], list(tensors[name].shape)
        places[name] = dtype, shape, [reached, reached + view.nbytes]
        reached += view.nbytes
    header: dict[str, Any] = {"__metadata__": {**metadata, CHECKSUM: _checksum(metadata, places, views)}}
    for name, (dtype, shape, offsets) in places.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)
    return [len(text).to_bytes(8, "little"), text, *views]


def load_checked(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and strings of a file made of `parts_of_file`; nothing in it runs.

    Raises UserError where a single bit is another one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    header = read_header(path)
    metadata = dict(header.metadata)
    told = metadata.pop(CHECKSUM, "")
    entries = header.tensors.items()
    places: Places = {name: (e.dtype, list(e.shape), [e.begin, e.end]) for name, e in entries}
    try:
        data = path.read_bytes()
        body = memoryview(data)[8 + int.from_bytes(data[:8], "little") :]
        if _checksum(metadata, places, [body]) != told:
            raise ValueError("the checksum is another one")
        return load(data), metadata
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(f"{path.name} could not be read", "it is damaged", details=repr(error)) from error


def _checksum(metadata: Mapping[str, str], places: Places, views: Sequence[memoryview]) -> str:
    found = zlib.crc32(json.dumps([dict(metadata), places], sort_keys=True).encode())
    for view in views:
        found = zlib.crc32(view, found)
    return f"{found:08x}"


def _bytes_of(tensor: Tensor) -> memoryview:
    import torch

    flat = tensor.detach().contiguous().reshape(-1)
    return memoryview(flat.view(torch.uint8).numpy()) if len(flat) else memoryview(b"")


def _names() -> dict[torch.dtype, str]:
    import torch

    return {
        torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
        torch.bool: "BOOL",
    }  # fmt: skip
