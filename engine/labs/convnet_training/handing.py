"""Hands the network over to another lab: as a file of its own, named after what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.checkpoint import write_bytes_atomically
from engine.errors import UserError

FOLDER = "handed-over"
KEPT = 4
"""Files of networks handed over earlier, to which an undone setting of the other lab may lead back."""


class Handing:
    """Keeps the files in the lab's folder, or where it has none in one that goes with it."""

    def __init__(self, folder: Path | None) -> None:
        self._temporary = TemporaryDirectory(prefix="gridloop-") if folder is None else None
        self._folder = Path(self._temporary.name) if self._temporary else Path(folder or "", FOLDER)
        self.handed: tuple[int, str] | None = None
        """How often it was handed over, and the path of the newest file."""

    def hand(self, save: Callable[[Path], None]) -> None:
        """Write the network, which `save` saves to a path. Raises UserError where that cannot be."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="gridloop-") as aside:
                save(Path(aside, "network.safetensors"))
                written = Path(aside, "network.safetensors").read_bytes()
        except OSError as error:
            what = "The network could not be handed over"
            raise UserError(what, error.strerror or "", "Save it to a file", details=repr(error)) from error
        # Another name for another network: who has one open would else not notice that it has changed.
        path = self._folder / f"network-{hashlib.sha256(written).hexdigest()[:12]}.safetensors"
        write_bytes_atomically(path, written)
        self._forget_old(path)
        self.handed = (self.handed[0] + 1 if self.handed else 1), str(path)

    def close(self) -> None:
        """Remove what was only for as long as the lab is there."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _forget_old(self, newest: Path) -> None:
        others = [path for path in self._folder.glob("network-*.safetensors") if path != newest]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[KEPT - 1 :]:
            path.unlink(missing_ok=True)
