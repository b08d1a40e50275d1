"""The base of every field of the form: it shows a value and tells of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget


class Field(QWidget):
    """`show_value` never emits; `changed` carries every new value of the person's, live."""

    changed = Signal(object)
    drag_started = Signal()
    drag_ended = Signal()
    reset_wanted = Signal()
    continuous = False
    """Whether changes in quick succession are one (a slider moved by the arrow keys)."""

    def __init__(self, *parts: QWidget, stacked: bool = False) -> None:
        super().__init__()
        self.row: QBoxLayout = QVBoxLayout(self) if stacked else QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4 if stacked else 8)
        for part in parts:
            self.row.addWidget(part)
        self.parts = parts
        self.setFocusProxy(parts[0])

    @property
    def is_busy(self) -> bool:
        """Whether the person is dragging or typing, so that the value must not be changed under them."""
        return False

    def show_value(self, value: Any) -> None:
        raise NotImplementedError

    def set_choices(self, values: Sequence[str]) -> None:
        """Offer other choices. Raises TypeError where the setting has none."""
        raise TypeError("this setting has no open choices")

    def needed_width(self) -> int:
        """Width in pixels below which something would be cut off or too small to use."""
        return self.sizeHint().width()

    def name_parts(self, name: str, help: str) -> None:
        """Accessible name and description of every control."""
        for part in self.parts:
            part.setAccessibleName(name)
            part.setAccessibleDescription(help)
