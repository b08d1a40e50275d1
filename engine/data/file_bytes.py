"""Reads a person's file into memory, or says in one sentence why it can't be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.errors import UserError

LONGEST_NAME = 80
"""Characters of a file name shown in a message; longer names lose their middle."""


def display_name(path: Path | str) -> str:
    """The file's own name (never the folders above it) with nothing in it that can't be printed."""
    name = Path(path).name or "the file"
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    if len(name) > LONGEST_NAME:
        keep = (LONGEST_NAME - 1) // 2
        name = f"{name[:keep]}…{name[-keep:]}"
    return name


def read_file(path: Path, limit: int) -> bytes:
    """All bytes of the regular file at `path`, of which there may be at most `limit`.

    Never blocks on a pipe or a device. Raises UserError where the file is missing, vanishes while it
    is read, is a folder, is something special, may not be read, is empty or is larger than `limit`.
    """
    path = Path(path)
    try:
        _insist_on_file(os.stat(path).st_mode, path)
        # Not blocking: between the look above and the opening here the file may become a pipe.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            _insist_on_file(found.st_mode, path)
            data = b"" if found.st_size > limit else file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        refusal = _refusal(path, error)
    else:
        if found.st_size <= limit and 0 < len(data) <= limit:
            return data
        refusal = _wrong_size(path, max(found.st_size, len(data)), limit)
    raise refusal


def _insist_on_file(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise UserError(
            f"{display_name(path)} is a folder, not a file",
            next="Open one of the files in it, or drop the folder on the window to see all its pictures",
        )
    if not stat.S_ISREG(mode):
        raise UserError(
            f"{display_name(path)} is not an ordinary file",
            "it is a pipe, a socket or a device, which may never end",
            "Save what it delivers in a file and open that",
        )


def _wrong_size(path: Path, size: int, limit: int) -> UserError:
    if size == 0:
        return UserError(
            f"{display_name(path)} is empty", "the file holds no data", "Copy it again from where it came"
        )
    return UserError(
        f"{display_name(path)} is too large to open",
        f"it has {size / 1e6:,.0f} MB and {limit / 1e6:,.0f} MB is the most",
        "Save a smaller copy of it and open that",
    )


def _refusal(path: Path, error: OSError | ValueError) -> UserError:
    """What the system's refusal means, in a sentence."""
    what = f"{display_name(path)} can't be read"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        why, then = "there is no such file any more", "Check where it is, and open it from there"
    elif isinstance(error, PermissionError):
        why, then = "reading it is not allowed", "Change its permissions, or copy it to a folder of yours"
    elif isinstance(error, OSError) and error.strerror:
        why = f"the system says “{error.strerror}”"
        then = "Check that its disk is still there, or copy the file somewhere else and open the copy"
    else:
        why, then = "its name can't be used", "Rename it and open it again"
    return UserError(what, why, then, details=repr(error))
