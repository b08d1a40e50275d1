"""A panel whose values are told under the names that whoever fills it has for them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Panel

Told = tuple[str, tuple[int, ...]]
"""(array, indices) as the lab knows a value."""


class ToldPanel(Panel):
    """`asked` and `picked` carry what `told` says of the value pointed at or clicked; `asked` None where the
    pointer leaves.
    """

    asked = Signal(object)
    picked = Signal(object)

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self.hovered.connect(lambda at: self.asked.emit(None if at is None else self.told(at[1])))
        self.clicked.connect(self._pick)

    def told(self, cell: Cell) -> Told | None:
        """What a value is called; None for one that nobody can explain."""
        raise NotImplementedError

    def _pick(self, at: tuple[str, Cell]) -> None:
        told = self.told(at[1])
        if told is not None:
            self.picked.emit(told)
