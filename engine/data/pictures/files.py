"""The files of a data set in a folder, a zip or a tar archive; nothing is ever unpacked to disk."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from engine.data.file_bytes import display_name, read_file
from engine.data.image_folder import natural_key, unreadable_folder
from engine.data.pictures.tar import open_tar
from engine.errors import UserError
from engine.models.archive_guard import Limits, open_archive, read_entry

MOST_FILES = 200_000
MOST_LOOKED_AT = 1_000_000
"""Names, so that a whole disk chosen by mistake is refused in seconds."""
DEEPEST = 6
"""Levels of folders below the chosen one."""
LIMITS = Limits(entries=2 * MOST_FILES, directory=160 * 2**20, free=32 * 2**20)
"""Of a zip archive; a black drawing saved as BMP packs to a thousandth."""

_BLOCK = 512
"""Bytes at the beginning that tell an archive's kind."""

Wanted = Callable[[str], bool]
"""Whether a file is of interest, told by its own name without its folders."""


class NotThese(UserError):
    """A place holds no file of the data set that was asked for; it may hold its pictures in another form."""


class Files(Protocol):
    """A set of named files."""

    title: str
    """The folder's or the archive's own name."""
    names: tuple[str, ...]
    """Paths inside it with "/" between the parts, in natural order; nothing hidden."""

    def read(self, name: str, limit: int) -> bytes:
        """The content of one of them, at most `limit` bytes; several threads may ask at once.

        Raises UserError.
        """
        ...


@contextmanager
def open_files(path: Path, wanted: Wanted) -> Generator[Files]:
    """The `wanted` files in the folder or archive at `path`. Raises UserError where it can't be opened."""
    if os.path.isdir(path):
        yield _Folder(path, wanted)
        return
    start = _beginning(path)
    if start.startswith(b"PK"):
        with open_archive(path, display_name(path), LIMITS) as archive:
            yield _Zip(archive, display_name(path), wanted)
    elif start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar":
        yield _Kept(open_tar(path, wanted), display_name(path))
    else:
        raise UserError(
            f"{display_name(path)} is neither a folder nor an archive of one",
            "it begins as no zip or tar archive does",
            "Choose the folder that holds the files, or a zip archive of it",
        )


class _Folder:
    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._path, self.title = path, display_name(path)
        self.names = in_order(_few(_walk(path, wanted), self.title))

    def read(self, name: str, limit: int) -> bytes:
        return read_file(self._path / name, limit)


class _Zip:
    """Entries are read one at a time: they share the file's position."""

    def __init__(self, archive: zipfile.ZipFile, title: str, wanted: Wanted) -> None:
        self.title = title
        self._archive, self._lock = archive, threading.Lock()
        self._entries: dict[str, str] = {}
        for entry in archive.infolist():
            name = _entry_name(entry, title)
            if name and wanted(name.rsplit("/", 1)[-1]):
                self._entries.setdefault(name, entry.filename)
        self.names = in_order(_few(self._entries, title))

    def read(self, name: str, limit: int) -> bytes:
        with self._lock:
            return read_entry(self._archive, self._entries[name], limit, display_name(name))


class _Kept:
    """What was wanted of an archive that can only be read from its beginning."""

    def __init__(self, contents: dict[str, bytes], title: str) -> None:
        self.title, self._contents = title, contents
        self.names = in_order(contents)

    def read(self, name: str, limit: int) -> bytes:
        data = self._contents[name]
        if len(data) > limit:
            raise UserError(f"{display_name(name)} is too large to open", f"it has {len(data):,} bytes")
        return data


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """In a person's order: "img2" before "img10", folder by folder."""
    return tuple(sorted(names, key=lambda name: ([natural_key(part) for part in name.split("/")], name)))


def _beginning(path: Path) -> bytes:
    if not os.path.isfile(path):
        return read_file(path, _BLOCK)  # which says what it is, or that it is gone
    try:
        with open(path, "rb") as file:
            return file.read(_BLOCK)
    except OSError as error:
        why = error.strerror or ""
        raise UserError(f"{display_name(path)} can't be read", why, details=repr(error)) from error


def _few(names: Iterable[str], title: str) -> list[str]:
    found = []
    for name in names:
        if len(found) == MOST_FILES:
            what = f"{title} holds too many pictures"
            then = "Choose a folder with fewer of them"
            raise UserError(what, f"at most {MOST_FILES:,} are read", then)
        found.append(name)
    return found


def _walk(folder: Path, wanted: Wanted) -> Iterator[str]:
    """Every wanted file below `folder`; what vanishes meanwhile is passed over, links are followed once."""
    pending, visited, looked_at = [(folder, "", 0)], set(), 0
    while pending:
        here, prefix, depth = pending.pop()
        try:
            found = os.stat(here)
            with os.scandir(here) as scan:
                entries = [entry for entry in scan if _visible(entry.name)]
        except (OSError, ValueError) as error:
            if prefix and isinstance(error, FileNotFoundError):
                continue
            raise unreadable_folder(here, error) from error
        looked_at += len(entries)
        if looked_at > MOST_LOOKED_AT:
            raise UserError(
                f"{display_name(folder)} holds too much to look through", next="Choose a folder inside it"
            )
        if (found.st_dev, found.st_ino) in visited:
            continue
        visited.add((found.st_dev, found.st_ino))
        for entry in entries:
            if _is_folder(entry):
                if depth < DEEPEST:
                    pending.append((here / entry.name, f"{prefix}{entry.name}/", depth + 1))
            elif wanted(entry.name):
                yield prefix + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _visible(part: str) -> bool:
    """Neither hidden nor what macOS packs beside each file."""
    return not part.startswith(".") and part != "__MACOSX"


def _entry_name(entry: zipfile.ZipInfo, title: str) -> str:
    """The entry's path, or "" for a folder or something hidden. Raises UserError where it leads out."""
    name = _unicode(entry).replace("\\", "/")  # as some programs for Windows write it
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        raise UserError(
            f"{title} was not opened",
            f"its entry {display_name(name)} leads out of it, as only a forged archive's does",
            "Pack the folder again",
            details=repr(entry.filename),
        )
    if name.endswith("/") or not all(_visible(part) for part in parts):
        return ""
    return "/".join(parts)


def _unicode(entry: zipfile.ZipInfo) -> str:
    """The entry's name; macOS writes UTF-8 without saying so, which then reads as a code page of DOS."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
