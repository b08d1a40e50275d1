"""A start that leaves the settings aside: asked for, or because the last start did not come up."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLockFile

from gui.memory import Memory

MARK = "starting.lock"
"""Lies beside the settings from the start until a first picture is shown; who finds it knows of a bad end."""
ASKED_FOR = "This is a safe start: your settings are left aside, and come back at the next start."
AFTER_A_BAD_END = (
    "Gridloop did not come up last time, so this start leaves your settings aside. They come back at the next"
    " one; “gridloop --reset” forgets them."
)


class SafeStart:
    """Says with which memory to start, and why, and notes when the start has succeeded.

    The mark names its process, so that another window that is just starting is no bad end.
    """

    def __init__(self, folder: Path, *, safe: bool = False, reset: bool = False) -> None:
        self._lock = QLockFile(str(folder / MARK))
        self._lock.setStaleLockTime(0)
        was_marked = (folder / MARK).exists()
        ended_badly = self._lock.tryLock(0) and was_marked and not reset
        if reset:
            Memory.set_aside(folder)
        self.sentence = ASKED_FOR if safe else AFTER_A_BAD_END if ended_badly else ""
        """What the person is told, if anything."""
        self.memory = Memory(folder, keeps=False) if self.sentence else Memory.load(folder)

    def succeeded(self) -> None:
        """A first picture is there, or the window was closed."""
        self._lock.unlock()
