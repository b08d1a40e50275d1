"""The reference text: what units are measured on, and what the axes of the state space are fitted to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"


@cache
def reference_text() -> str:
    """A short story of about 10,000 ASCII characters, written for this purpose; a paragraph a line.

    It has what units are known to follow: dialogue in double quotes, brackets, numbers, a list, capitals.
    """
    return (ASSETS / "reference_text.txt").read_text(encoding="utf-8")
