"""Scalars in a file that TensorBoard reads: Event messages in TFRecord framing, written without TensorFlow.

The framing is that of tensorflow/core/lib/io/record_writer.h, the messages are those of
tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto, encoded as
https://protobuf.dev/programming-guides/encoding says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, with its bits reversed (RFC 3720, appendix B.4)."""
MASK_DELTA = 0xA282EAD8
"""A CRC of data that holds CRCs is weak, so TFRecord rotates each and adds this."""
VERSION = "brain.Event:2"
"""What the first message of every file says."""
DOUBLE, VARINT, BYTES, FLOAT = 1, 0, 2, 5
"""Protobuf's wire types of what is written here."""


@dataclass(frozen=True)
class Scalar:
    """One number."""

    tag: str
    """Which curve it belongs to; what stands before a slash groups them."""
    step: int
    wall_time: float
    """Seconds since 1970."""
    value: float


def first_record(wall_time: float) -> bytes:
    """What a file begins with."""
    return framed(_double(1, wall_time) + _bytes(3, VERSION.encode()))


def scalar_record(scalar: Scalar) -> bytes:
    """One number as a record."""
    value = _bytes(1, scalar.tag.encode()) + _key(2, FLOAT) + struct.pack("<f", scalar.value)
    event = _double(1, scalar.wall_time) + _key(2, VARINT) + _varint(scalar.step)
    return framed(event + _bytes(5, _bytes(1, value)))


def framed(data: bytes) -> bytes:
    """A TFRecord: length, its CRC, the data, their CRC."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked(length), data, _masked(data)))


def crc32c(data: bytes) -> int:
    """CRC-32C of RFC 3720, byte by byte."""
    found = 0xFFFFFFFF
    for byte in data:
        found = _TABLE[(found ^ byte) & 0xFF] ^ (found >> 8)
    return found ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    found = crc32c(data)
    return struct.pack("<I", (((found >> 15) | (found << 17)) + MASK_DELTA) & 0xFFFFFFFF)


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow. ValueError below zero."""
    if value < 0:
        raise ValueError(f"{value} is negative")
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _double(field: int, value: float) -> bytes:
    return _key(field, DOUBLE) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, BYTES) + _varint(len(value)) + value
