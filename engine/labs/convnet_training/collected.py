"""What is seen of the pictures that a person collects. Arrays are read-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Collected:
    """The classes, and the pictures of each, oldest first."""

    classes: tuple[str, ...] = ()
    pictures: tuple[tuple[np.ndarray, ...], ...] = ()
    """(S, S, 3) uint8 each."""
    problem: str = "Name two classes to tell apart, and collect pictures of each."
    """Why nothing can be learned from them yet; "" where it can."""
    can_undo: bool = False
    is_trained: bool = False
    """Whether the run in front learns from just these."""
