"""The lab's commands about pictures that a person collects, and training on them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.errors import UserError
from engine.lab import Lab
from engine.labs.convnet_training.collected import Collected
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.snapshot import ConvnetTrainingSnapshot

if TYPE_CHECKING:
    import numpy as np

    from engine.data.pictures.collection import Collection

FOLDER, TITLE = "collected", "Your pictures"
KEPT = 3
"""Sets trained on that are kept on the disk, for a run that is taken up again."""
DRAWINGS_SHIFT = 2
"""Pixels by which drawings are moved at random: there are few of them, and no two lie quite alike."""


class CollectCommands(Lab[ConvnetTrainingConfig, ConvnetTrainingSnapshot]):
    """What the lab is built on."""

    _collection: Collection | None = None
    _shown: tuple[object, str, Collected] | None = None
    _place: TemporaryDirectory[str] | None = None

    def _change(self, config: ConvnetTrainingConfig) -> None:
        """Begin anew with these settings. Raises `UserError`; nothing has then changed."""
        raise NotImplementedError

    def _collected(self) -> Collection:
        if self._collection is None:
            from engine.data.pictures.collection import Collection

            self._collection = Collection()
        return self._collection

    # Collecting: each of them raises `UserError` where it cannot be ------------------------------------

    def collect_class(self, name: str) -> None:
        """Begin another class."""
        self._collected().add_class(name)

    def collect_drawing(self, label: int, pixels: np.ndarray) -> None:
        """Take a drawing (H, W) uint8, bright on dark, into a class."""
        self._collected().add_drawing(label, pixels)

    def collect_photograph(self, label: int, rgb: np.ndarray) -> None:
        """Take a picture of the webcam (H, W, 3) uint8 into a class."""
        self._collected().add_photograph(label, rgb)

    def remove_collected(self, label: int, index: int) -> None:
        """Let a picture go."""
        self._collected().remove(label, index)

    def remove_class(self, label: int) -> None:
        """Let a class go, with its pictures."""
        self._collected().remove_class(label)

    def undo_collecting(self) -> None:
        """Take the last of all that back."""
        self._collected().undo()

    def save_collected(self, folder: str) -> None:
        """Write a sub-folder for each class into a new folder inside `folder`."""
        place = Path(folder)
        names = [TITLE, *(f"{TITLE} {number}" for number in range(2, 1000))]
        free = next((place / name for name in names if not (place / name).exists()), place / TITLE)
        self._collected().save(free, self.pulse)

    def open_collected(self, path: str) -> None:
        """Go on collecting with the classes in a folder or zip."""
        self._collected().open(Path(path), self.pulse)

    # Training on them -----------------------------------------------------------------------------------

    def train_on_collected(self) -> None:
        """Learn from what was collected: with the network and the settings that suit it, at once."""
        collection = self._collected()
        if collection.problem:
            raise UserError("There is too little to learn from yet", collection.problem.rstrip("."))
        place = self._own_folder() / collection.digest() / TITLE
        if not place.exists():
            collection.save(place, self.pulse)
        usual = type(self.config)()
        kept = replace(usual, seed=self.config.seed, order=self.config.order, scale=self.config.scale)
        shift = DRAWINGS_SHIFT if collection.is_grey else 0
        self._change(replace(kept, dataset="folder", data=str(place), shift=shift))
        self._forget_others(place.parent)
        self.begins_playing = True

    def _own_folder(self) -> Path:
        """The lab's, or where it has none one that goes with it."""
        if self.folder is not None:
            return self.folder / FOLDER
        if self._place is None:
            self._place = TemporaryDirectory(prefix="gridloop-")
        return Path(self._place.name)

    def _forget_others(self, newest: Path) -> None:
        others = [path for path in newest.parent.iterdir() if path.is_dir() and path != newest]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[KEPT - 1 :]:
            shutil.rmtree(path, ignore_errors=True)

    # What is seen ---------------------------------------------------------------------------------------

    def _with_collected(self, snapshot: ConvnetTrainingSnapshot) -> ConvnetTrainingSnapshot:
        """The snapshot with the collection; drawn once, since it rides along in every snapshot."""
        collection = self._collection
        if collection is None:
            return snapshot
        shown = self._shown
        if shown is None or shown[0] is not collection.classes or shown[1] != self.config.data:
            shown = self._shown = collection.classes, self.config.data, self._view(collection)
        return replace(snapshot, collected=shown[2])

    def _view(self, collection: Collection) -> Collected:
        import numpy as np

        from engine.read_only import read_only

        def coloured(picture: np.ndarray) -> np.ndarray:
            return picture if picture.ndim == 3 else read_only(np.repeat(picture[..., None], 3, axis=2))

        data = Path(self.config.data)
        return Collected(
            classes=tuple(each.name for each in collection.classes),
            pictures=tuple(tuple(map(coloured, each.pictures)) for each in collection.classes),
            problem=collection.problem,
            can_undo=collection.can_undo,
            is_trained=data.name == TITLE and data.parent.name == collection.digest(),
        )

    def _end_collecting(self) -> None:
        if self._place is not None:
            self._place.cleanup()
