"""Exports the network by torch.export on a thread of its own, which only waits for another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from engine.checkpoint import write_bytes_atomically
from engine.models.designs import export_program, open_network

GLANCE = 0.01
"""Seconds that a slice waits; training goes on between two of them."""


class Export(Iterator[tuple[int, int]]):
    """Writes a `.pt2` file in ten seconds or more; as the slices of a job it tells whether that goes on.

    It begins at once and waits for no turn, so that it ends soon also where a run in training leaves jobs
    little time. The network is copied first, so that training does not change what is exported.
    """

    def __init__(self, path: Path, save: Callable[[Path], None]) -> None:
        """`save` writes the network to a path, as safetensors. Raises UserError where it cannot."""
        with TemporaryDirectory(prefix="gridloop-") as folder:
            copy = Path(folder, "network.safetensors")
            save(copy)
            self._network, _, self._classes, _, _ = open_network(copy)
        self._path = path
        self._given_up = Event()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    def __next__(self) -> tuple[int, int]:
        """Raises UserError where the export has failed."""
        if self._thread.is_alive():
            self._thread.join(GLANCE)
            return 0, 0  # how long it takes is not known
        if self._error is not None:
            raise self._error
        raise StopIteration

    def close(self) -> None:
        """Give it up: no file is written any more."""
        self._given_up.set()

    def _run(self) -> None:
        try:
            with TemporaryDirectory(prefix="gridloop-") as folder:
                program = Path(folder, self._path.name)
                export_program(program, self._network, self._classes)
                if not self._given_up.is_set():
                    write_bytes_atomically(self._path, program.read_bytes())
        except BaseException as error:  # raised where it is waited for
            self._error = error
