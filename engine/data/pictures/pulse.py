"""How a long reading says where it is."""

from __future__ import annotations

from collections.abc import Callable

Pulse = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and all there is to do (0 where nobody knows)."""


def silent(what: str, done: int, total: int) -> None:
    """Nobody listens."""
