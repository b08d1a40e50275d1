"""When a widget was painted after something had become so."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget


class Painted(QObject):
    """Watches a widget until it was painted, and what was painted with it has reached the screen."""

    done = Signal()

    def __init__(self, widget: QWidget, holds: Callable[[], bool]) -> None:
        super().__init__(widget)
        self.at: float | None = None
        """On the clock of `time.perf_counter`; None until then."""
        self._widget, self._holds, self._seen = widget, holds, False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._seen and self._holds():
            self._seen = True
            # The events of one update are painted together, then shown; after that comes this.
            QTimer.singleShot(0, self, self._note)
        return False

    def _note(self) -> None:
        self.at = time.perf_counter()
        self._widget.removeEventFilter(self)
        self.done.emit()
