"""Scroll bars that lie on a canvas, are there only while needed, and scroll no further than they must."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollBar, QWidget

BREADTH = 10
"""Of a scroll bar, in device-independent pixels."""
SCROLL_ROOM = 14
"""A scroll bar and its gap."""


def scroll_bar(orientation: Qt.Orientation, canvas: QWidget, name: str) -> QScrollBar:
    """A hidden scroll bar on a canvas, without a place in the tab order; `name` is for a screen reader."""
    bar = QScrollBar(orientation, canvas)
    bar.setCursor(Qt.CursorShape.ArrowCursor)
    bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    bar.setAccessibleName(name)
    bar.hide()
    return bar


def set_reach(bar: QScrollBar, full: float, seen: float) -> None:
    """Let a bar scroll over `full` pixels of which `seen` are in sight; hidden where all are."""
    bar.setRange(0, max(0, ceil(full - seen - 0.01)))
    bar.setPageStep(round(seen))
    bar.setVisible(bar.maximum() > 0)


def scroll_by(bar: QScrollBar, pixels: int) -> bool:
    """Scroll; True if there was anything to scroll to."""
    before = bar.value()
    bar.setValue(before + pixels)
    return bar.value() != before


def bring(bar: QScrollBar, before: float, beyond: float) -> None:
    """Scroll back by what lies before the near edge (negative), else on by what lies beyond the far one."""
    bar.setValue(bar.value() + (floor(before) if before < 0 else ceil(max(0.0, beyond))))


def stays_at_end(bar: QScrollBar, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a text whose end is in sight should keep it there as it becomes another.

    It should if it was scrolled there, or goes on where it ended; an altogether other text is read from
    its beginning.
    """
    if not before or len(after) < len(before) or bar.value() < bar.maximum():
        return False
    return bar.value() > 0 or list(after[: len(before)]) == list(before)
