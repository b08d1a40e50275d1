"""Bringing a window up while it answers: what takes long on a thread, the rest in stages with breaths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Thread

from PySide6.QtCore import QObject, QTimer

Stage = Callable[[], bool | None]
"""A part of the work; one that returns False has not ended and is called again a little later."""

BREATH = 1
"""Milliseconds between two stages. With none, Qt would go on before timers and painting have their turn."""
AGAIN = 5
"""Milliseconds until a stage that has not ended is called again."""


class OnThread:
    """A call on a thread of its own; as a stage, it ends with it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._thread = Thread(target=call, name="gridloop-imports", daemon=True)
        self._thread.start()

    def __call__(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Return when it has ended."""
        self._thread.join()


def import_parts() -> None:
    """Import what the window is built of, and every lab's page."""
    from gui import asking, feed, form, lab_list, window_actions, workbench  # noqa: F401
    from gui.pages import load_pages

    load_pages()


def one_by_one(owner: QObject, stages: Iterable[Stage]) -> None:
    """Call each stage from the event loop anew; what is left is dropped with `owner`."""
    rest = iter(stages)
    first = next(rest, None)
    if first is not None:
        _call(owner, first, rest)


def _call(owner: QObject, stage: Stage, rest: Iterator[Stage]) -> None:
    if stage() is False:
        QTimer.singleShot(AGAIN, owner, lambda: _call(owner, stage, rest))
    else:
        QTimer.singleShot(BREATH, owner, lambda: one_by_one(owner, rest))
