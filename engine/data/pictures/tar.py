"""Reads the wanted files of a tar archive, packed with gzip or plain, into memory and never to disk.

Only ordinary files with short names are known; links, devices and the format's extensions are passed over.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.data.file_bytes import display_name
from engine.errors import UserError

LARGEST_FILE = 64 * 2**20
LARGEST_WHOLE = 2**30
"""Bytes unpacked, six times CIFAR-10: a bomb is given up there."""
_BOMB = f"it would unpack to more than {LARGEST_WHOLE / 2**30:.0f} GiB"
_BLOCK = 512
_CHUNK = 2**20


def open_tar(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The contents of the files in the archive `path` whose own names are `wanted`, by their paths in it.

    Raises UserError where it is damaged, or larger than LARGEST_WHOLE, or one of them than LARGEST_FILE.
    """
    name = display_name(path)
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            return dict(_contents(gzip.GzipFile(fileobj=file) if packed else file, wanted))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        what, why = f"{name} could not be read", "it is damaged, cut short, or no tar archive"
        raise UserError(what, why, "Copy or fetch it again", details=repr(error)) from error
    except _TooLarge as error:
        raise UserError(f"{name} was not opened", str(error)) from error


class _TooLarge(Exception):
    """The archive unpacks to more than a data set does."""


def _contents(stream: io.BufferedIOBase, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """The wanted files in the order of the archive, which ends at a block of zeros."""
    unpacked = 0
    while any(header := _exactly(stream, _BLOCK)):
        name, size, ordinary = _header(header)
        unpacked += size
        if unpacked > LARGEST_WHOLE:
            raise _TooLarge(_BOMB)
        padding = -size % _BLOCK
        if ordinary and wanted(name.rsplit("/", 1)[-1]):
            if size > LARGEST_FILE:
                raise _TooLarge(f"{display_name(name)} in it has {size:,} bytes, more than {LARGEST_FILE:,}")
            yield name, _exactly(stream, size)
            _skip(stream, padding)
        else:
            _skip(stream, size + padding)
    while padding_behind := stream.read(_CHUNK):  # gzip's checksum lies behind it
        unpacked += len(padding_behind)
        if unpacked > LARGEST_WHOLE:
            raise _TooLarge(_BOMB)


def _header(block: bytes) -> tuple[str, int, bool]:
    """Name, size in bytes, and whether it is an ordinary file (POSIX.1-1988, ustar)."""
    if int(block[148:156].strip(b" \0") or b"0", 8) != sum(block[:148]) + 8 * ord(" ") + sum(block[156:]):
        raise ValueError("a header's sum is wrong")
    size = int(block[124:136].strip(b" \0") or b"0", 8)
    if size < 0:
        raise ValueError("a size below nothing")
    prefix = block[345:500] if block[257:263] == b"ustar\0" else b""
    parts = (part.split(b"\0", 1)[0].decode("utf-8", "replace") for part in (prefix, block[:100]))
    return "/".join(part for part in parts if part), size, block[156:157] in (b"0", b"\0")


def _exactly(stream: io.BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError(f"{size} bytes expected, {len(data)} there")
    return data


def _skip(stream: io.BufferedIOBase, size: int) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _CHUNK)))
