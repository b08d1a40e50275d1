"""Opens a zip archive only when its directory shows that reading it stays small and in place.

`.pt2` and `.pth` files are zip archives, and so may a folder of pictures be. Everything here is decided from
the directory at the end of the file, before an entry is unpacked: a bomb costs a few kilobytes to refuse.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engine.errors import UserError

LARGEST_ARCHIVE = 4 * 2**30
"""Bytes, packed and unpacked: no convolutional classifier is larger."""
LARGEST_DIRECTORY = 8 * 2**20
"""Bytes of the archive's directory: about a hundred thousand entries."""
MOST_ENTRIES = 20_000
HIGHEST_RATIO = 64
"""Weights hardly compress (torch stores them as they are); JSON reaches about 20 to 1."""
FREE_BYTES = 2**20
"""What any entry may unpack to, whatever its ratio."""


class Limits(NamedTuple):
    """What an archive of another kind than a model's may list."""

    entries: int
    directory: int
    """Bytes."""
    free: int
    """Bytes that any entry may unpack to, whatever its ratio."""


@contextmanager
def open_archive(
    file: Path | BinaryIO, name: str, limits: Limits | None = None
) -> Generator[zipfile.ZipFile]:
    """The checked archive in `file`; `name` is what the person calls it. Raises UserError.

    Without `limits` it may hold what a model does.
    """
    limits = limits or Limits(MOST_ENTRIES, LARGEST_DIRECTORY, FREE_BYTES)
    with _refusals(name):
        stream = open(file, "rb") if isinstance(file, Path) else file  # noqa: SIM115 - closed just below
    with stream:
        with _refusals(name):
            _check_directory(stream, limits)
            archive = zipfile.ZipFile(stream)
            _check_entries(archive, stream.seek(0, os.SEEK_END), limits)
        with archive:
            yield archive


def read_entry(archive: zipfile.ZipFile, entry: str, limit: int, name: str) -> bytes:
    """The bytes of one entry, at most `limit`. Raises UserError where it is missing, larger or damaged."""
    with _refusals(name):
        info = archive.getinfo(entry)
        if info.file_size > limit:
            raise ValueError(f"{entry} has {info.file_size} bytes, more than {limit}")
        data = archive.read(info)
        if len(data) != info.file_size:
            raise ValueError(f"{entry} has {len(data)} bytes, not {info.file_size}")
        return data


@contextmanager
def _refusals(name: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{name} could not be read", error.strerror or "", details=repr(error)) from error
    except _TooLarge as error:
        raise UserError(f"{name} was not opened", str(error)) from error
    # zlib.error and struct.error are direct children of Exception
    except Exception as error:
        why = "it is damaged, cut off, or not what its name says"
        raise UserError(f"{name} could not be read", why, details=repr(error)) from error


class _TooLarge(Exception):
    """The archive unpacks to more than is read of any."""


def _check_directory(stream: BinaryIO, limits: Limits) -> None:
    """Refuse a directory that would fill the memory when it is listed."""
    size = stream.seek(0, os.SEEK_END)
    if size > LARGEST_ARCHIVE:
        raise _TooLarge(f"it has {size / 2**30:.1f} GiB, and at most {LARGEST_ARCHIVE / 2**30:.0f} are read")
    start = max(0, size - 2**16 - 22)
    stream.seek(start)
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise zipfile.BadZipFile("no directory at its end")
    entries, length = struct.unpack_from("<HI", tail, end + 10)
    if tail[max(0, end - 20) :].startswith(b"PK\x06\x07"):
        entries, length = _zip64_directory(stream, struct.unpack_from("<Q", tail, end - 12)[0])
    if entries > limits.entries or length > limits.directory:
        raise _TooLarge(f"it lists {entries} entries, and at most {limits.entries} are read")


def _zip64_directory(stream: BinaryIO, offset: int) -> tuple[int, int]:
    stream.seek(offset)
    record = stream.read(56)
    if not record.startswith(b"PK\x06\x06"):
        raise zipfile.BadZipFile("its directory is not where its end says")
    return struct.unpack_from("<QQ", record, 32)


def _check_entries(archive: zipfile.ZipFile, size: int, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise _TooLarge(f"it lists {len(entries)} entries, and at most {limits.entries} are read")
    if len({entry.filename for entry in entries}) != len(entries):
        raise zipfile.BadZipFile("two entries share a name")
    if sum(entry.compress_size for entry in entries) > size:
        raise zipfile.BadZipFile("entries overlap")
    if sum(entry.file_size for entry in entries) > LARGEST_ARCHIVE:
        raise _TooLarge(f"it would unpack to more than {LARGEST_ARCHIVE / 2**30:.0f} GiB")
    for entry in entries:
        _check_entry(entry, limits.free)


def _check_entry(entry: zipfile.ZipInfo, free: int) -> None:
    if entry.file_size > free + HIGHEST_RATIO * entry.compress_size:
        raise _TooLarge(f"its entry {entry.filename[:60]} unpacks to {entry.file_size} bytes, as bombs do")
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{entry.filename[:60]} is encrypted or packed in an unknown way")
