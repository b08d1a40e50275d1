"""Reads an idx file (LeCun's format of MNIST), packed with gzip or plain; its header is checked first."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib

import numpy as np

from engine.errors import UserError

LARGEST = 2**29
"""Bytes that one file may hold: ten times what MNIST's largest does."""
_UNSIGNED_BYTES = 8
"""The code of the only type that these sets use."""
_GZIP = b"\x1f\x8b"
_COPY = "Copy or fetch it again"


def read_idx(data: bytes, name: str, dimensions: int) -> np.ndarray:
    """The array of unsigned bytes with so many `dimensions` in the file with the content `data`.

    Nothing larger than the header promises is unpacked, and nothing at all where it promises more than
    LARGEST. Raises UserError, in which the file is called `name`.
    """
    stream: io.BufferedIOBase = (
        gzip.GzipFile(fileobj=io.BytesIO(data)) if data[:2] == _GZIP else io.BytesIO(data)
    )
    try:
        shape = _shape(stream.read(4 + 4 * dimensions), name, dimensions)
        size = math.prod(shape)
        if size > LARGEST:
            what = " × ".join(f"{length:,}" for length in shape)
            raise UserError(f"{name} is too large to open", f"its header promises {what} bytes", _COPY)
        body = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{name} is damaged or cut short", "it does not unpack", _COPY, details=repr(error)
        ) from error
    if len(body) != size:
        held = "more" if len(body) > size else f"only {len(body):,}"
        why = f"its header promises {size:,} bytes and it holds {held}"
        raise UserError(f"{name} is damaged or cut short", why, _COPY)
    return np.frombuffer(bytearray(body), np.uint8).reshape(shape)


def _shape(header: bytes, name: str, dimensions: int) -> tuple[int, ...]:
    if len(header) < 4 + 4 * dimensions or header[:2] != b"\0\0":
        raise UserError(f"{name} is not an idx file", "it does not begin as one", _COPY)
    if header[2] != _UNSIGNED_BYTES or header[3] != dimensions:
        why = f"it holds {header[3]} dimensions of type {header[2]:#04x}, not {dimensions} of unsigned bytes"
        raise UserError(f"{name} is not the idx file it should be", why, _COPY)
    return struct.unpack(f">{dimensions}I", header[4:])
