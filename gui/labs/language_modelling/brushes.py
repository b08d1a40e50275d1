"""The one brush of the page, which may lie on any of the three texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from PySide6.QtCore import QObject, Signal

from engine.labs.language_modelling import Brush
from gui.panels.text_strip import TextStripPanel

Range = tuple[str, int, int]
"""The network, the first character and the one after the last."""


class Brushes(QObject):
    """Lets one text at a time be brushed, and keeps the brush where the lab says that its phrase is."""

    wanted = Signal(str, int, int)
    """What the person brushed; 0, 0 where the brush was lifted."""

    def __init__(self, strips: Mapping[str, TextStripPanel], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strips = strips
        self._wanted: Range | None = None
        self._is_answered, self._is_drawing = True, False
        for cell, strip in strips.items():
            strip.brushed.connect(lambda start, stop, cell=cell: self._brush(cell, start, stop))

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """While texts are set: a strip that loses brushed characters says so, and nobody has brushed."""
        self._is_drawing = True
        try:
            yield
        finally:
            self._is_drawing = False

    def follow(self, brush: Brush | None) -> None:
        """Put the brush where the lab has it, once that has heard of the person's last one."""
        found = None if brush is None else (brush.cell, brush.start, brush.stop)
        self._is_answered = self._is_answered or found == self._wanted
        if self._is_answered:
            self._lay(found)

    def _brush(self, cell: str, start: int, stop: int) -> None:
        if self._is_drawing:
            return
        self._wanted = (cell, start, stop) if start < stop else None
        self._is_answered = False
        self._lay(self._wanted)
        self.wanted.emit(cell, start, stop)

    def _lay(self, on: Range | None) -> None:
        for cell, strip in self._strips.items():
            wanted = on[1:] if on is not None and on[0] == cell else (0, 0)
            if strip.brush != wanted:
                strip.set_brush(*wanted)
