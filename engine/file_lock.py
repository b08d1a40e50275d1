"""A lock between processes: whoever holds it lives, since the system lets go of it when a process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self


class FileLock:
    """Held until `release`, or until this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lock at `path`, a file that is made and stays; None while somebody else holds it.

        Raises OSError where there can be no such file, or no lock on it (PermissionError, no space, a file
        system that knows no locks).
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            is_taken = _lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if is_taken:
            return cls(descriptor)
        os.close(descriptor)
        return None

    def release(self) -> None:
        """Let go of it; once is enough."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        """Whether the first byte of the file is ours now; closing the file lets go of it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Whether the whole file is ours now; closing it lets go of it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
