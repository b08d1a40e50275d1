"""The worker in a process of its own, which the window talks to as if it were the thread."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.worker import Frame, Worker

LOOK = 0.004
"""Seconds between two looks of the child for a frame that the window waits for."""


class ChildWorker:
    """Commands and frames are pickled and travel through a pipe; the next frame is sent when one was taken.

    So, as with the thread, one frame is under way at most.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, pipe = context.Pipe()
        self._orders, orders = context.Pipe()
        self._process = context.Process(target=_serve, args=(pipe, orders), daemon=True)
        self._process.start()

    def post(self, command: str, *args: Any) -> None:
        """As the worker's."""
        self._pipe.send(("post", (command, *args)))

    def cancel(self) -> None:
        """As the worker's."""
        self._pipe.send(("cancel", ()))

    def take(self) -> Frame | None:
        """As the worker's."""
        if not self._pipe.poll():
            return None
        frame = self._pipe.recv()
        self._pipe.send(("taken", ()))
        return frame

    def close(self, timeout: float = 10.0) -> bool:
        """End the process."""
        self._orders.send(None)
        self._process.join(timeout)
        return self._process.exitcode == 0

    def order(self, name: str, *args: Any) -> Any:
        """Call one of `gated_run`'s functions in the child; waits for its result."""
        self._orders.send((name, args))
        return self._orders.recv()


def _serve(pipe: Connection, orders: Connection) -> None:
    """The child: a worker of its own between two pipes, until it is told to end."""
    from .machine import prepare

    prepare()
    from engine.worker import Worker

    from .gated_run import CALLS, gated_runs

    with gated_runs():
        worker, is_wanted = Worker("cpu"), True
        while True:
            ready = wait([pipe, orders], LOOK)
            if pipe in ready:
                is_wanted = _pass_on(worker, *pipe.recv()) or is_wanted
            if orders in ready:
                order = orders.recv()
                if order is None:
                    break
                orders.send(CALLS[order[0]](*order[1]))
            if is_wanted and (frame := worker.take()) is not None:
                pipe.send(frame)
                is_wanted = False
    worker.close()


def _pass_on(worker: Worker, kind: str, args: tuple[Any, ...]) -> bool:
    """Pass a call on to the worker; True where it was the word that a frame was taken."""
    if kind == "cancel":
        worker.cancel()
    elif kind == "post":
        worker.post(*args)
    return kind == "taken"
