"""One start of the application in a process of its own: prints how late each 60 Hz tick came, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .machine import prepare

if TYPE_CHECKING:
    from engine.worker import Frame

AFTERWARDS = 50
"""Milliseconds of ticks after the photograph was painted, so that its own painting counts."""


def main() -> int:
    """Open the window as the command does, and close it when the first photograph is on the screen."""
    prepare()
    from gui import app
    from gui.main_window import MainWindow

    windows: list[MainWindow] = []
    late: list[tuple[float, float]] = []

    class Watched(MainWindow):
        """The window, which ticks from its first picture on."""

        def __init__(self, *rest: object) -> None:
            super().__init__(*rest)  # ty: ignore[invalid-argument-type]
            windows.append(self)
            self.painted.connect(lambda: _tick(self, late))

    app.MainWindow = Watched  # ty: ignore[invalid-assignment]
    with TemporaryDirectory() as folder:
        code = app.run(app.Options((), Path(folder)))
    json.dump(late, sys.stdout)
    return code


def _tick(window: object, late: list[tuple[float, float]]) -> None:
    from PySide6.QtCore import QTimer

    from .painted import Painted
    from .ticker import Ticker

    ticker = Ticker(window)
    ticker.start()

    def close() -> None:
        ticker.stop()
        late.extend((due - ticker.origin, by) for due, by in ticker.late)
        window.close()

    def look(frame: Frame) -> None:
        if frame.snapshot is not None and frame.snapshot.picture is not None:
            window.shown.disconnect(look)
            painted = Painted(window.page.picture.canvas, lambda: True)
            painted.done.connect(lambda: QTimer.singleShot(AFTERWARDS, close))

    window.shown.connect(look)


if __name__ == "__main__":
    sys.exit(main())
