"""What the Ask pane explains: the value under the pointer, or a pinned one until it is let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gui.ask_pane import AskPane

if TYPE_CHECKING:
    from engine.ask import Cell


class Asking:
    """Sends the lab the question that is to be answered; the answers come with its snapshots."""

    def __init__(self, pane: AskPane, post: Callable[..., Any]) -> None:
        self._pane = pane
        self._post = post
        self._pointed: Cell | None = None
        self._pinned: Cell | None = None
        pane.pinned.connect(lambda: self.pin(self._pointed))
        pane.unpinned.connect(self.unpin)

    def point(self, cell: Cell | None) -> None:
        """The pointer is over a cell (None: over nothing, and the last answer stays)."""
        if cell is not None:
            self._pointed = cell
            if self._pinned is None:
                self._post("ask", cell)

    def pin(self, cell: Cell | None) -> None:
        """Keep the answer for a cell in the pane until it is let go."""
        if cell is not None:
            self._pinned = cell
            self._pane.set_pinned(True)
            self._post("ask", cell)

    def unpin(self) -> None:
        """Let the pane follow the pointer again, from where it is now."""
        pinned, self._pinned = self._pinned, None
        self._pane.set_pinned(False)
        if pinned is not None and self._pointed not in (None, pinned):
            self._post("ask", self._pointed)

    def start_anew(self) -> None:
        """Forget what was asked: another lab comes."""
        self._pointed = self._pinned = None
        self._pane.set_pinned(False)
        self._pane.show_answer(None)
