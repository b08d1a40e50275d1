"""Pictures that a person collects, a class at a time: drawn, or taken with the webcam. Steps are undone."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.checkpoint import write_bytes_atomically
from engine.data.images import MAX_BYTES, decode_image, looks_like_image
from engine.data.pictures.drawing import Frame, framed
from engine.data.pictures.files import open_files
from engine.data.pictures.layout import TEST, TRAIN, arrange
from engine.data.pictures.pulse import Pulse, silent
from engine.data.pictures.squares import square
from engine.errors import UserError
from engine.read_only import read_only

DRAWING_SIDE, PHOTOGRAPH_SIDE = 32, 224
"""Pixels: what drawings are reduced to, and the most that is kept of a photograph."""
MIDDLE = Frame(20 / 28, 0.5, 0.5)
"""How a drawing lies in its picture: as MNIST's do, its mass in the middle (LeCun et al. 1998)."""
ENOUGH = 2
"""Pictures that a class needs, one to learn from and one to be tested on; and classes that a set needs."""
NOTHING_YET = "Name two classes to tell apart, and collect pictures of each."
MOST = 3000
"""Pictures in all: half a gigabyte of photographs."""
MOST_CLASSES, LONGEST_NAME, UNDONE = 100, 40, 200
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""In the names of folders, on one system or another."""


@dataclass(frozen=True, eq=False)
class CollectedClass:
    """A class and the pictures of it, oldest first."""

    name: str
    pictures: tuple[np.ndarray, ...] = ()
    """(S, S) uint8 grey or (S, S, 3) uint8 in colour each, read-only."""


Classes = tuple[CollectedClass, ...]


class Collection:
    """What was collected so far, kept in memory; `save` writes it down. Methods raise UserError."""

    def __init__(self) -> None:
        self.classes: Classes = ()
        self._before: list[Classes] = []

    def __len__(self) -> int:
        return sum(len(each.pictures) for each in self.classes)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._before)

    @property
    def is_grey(self) -> bool:
        """Whether there are drawings only."""
        return all(picture.ndim == 2 for each in self.classes for picture in each.pictures)

    @property
    def problem(self) -> str:
        """Why nothing can be learned from it yet, in a sentence; "" where it can."""
        if len(self.classes) < ENOUGH:
            return "Name a second class, to tell the two apart." if self.classes else NOTHING_YET
        for each in self.classes:
            if len(each.pictures) < ENOUGH:
                count = "no picture" if not each.pictures else "only one picture"
                return f"“{each.name}” has {count}: it needs one to learn from and one to be tested on."
        return ""

    # Collecting -------------------------------------------------------------------------------------

    def add_class(self, name: str) -> None:
        """A new class, which must be able to be a folder's name."""
        name = " ".join(name.split())
        self._insist_on_name(name)
        if len(self.classes) >= MOST_CLASSES:
            raise UserError(f"There are {MOST_CLASSES} classes already", "more are not collected here")
        self._become((*self.classes, CollectedClass(name)))

    def add_drawing(self, label: int, drawing: np.ndarray) -> None:
        """A drawing (H, W) uint8, bright on dark: moved to the middle and made as large as others."""
        if not drawing.any():
            raise UserError("Nothing is drawn yet", "the pad is empty", "Draw something, then take it")
        self._add(label, framed(drawing, MIDDLE, DRAWING_SIDE))

    def add_photograph(self, label: int, rgb: np.ndarray) -> None:
        """A frame of the webcam (H, W, 3) uint8: its middle, at most PHOTOGRAPH_SIDE pixels."""
        self._add(label, square(np.ascontiguousarray(rgb), min(PHOTOGRAPH_SIDE, *rgb.shape[:2])))

    def remove(self, label: int, index: int) -> None:
        """Let one picture go."""
        pictures = self._class(label).pictures
        if not 0 <= index < len(pictures):
            raise UserError("This picture is there no more")
        self._put(label, (*pictures[:index], *pictures[index + 1 :]))

    def remove_class(self, label: int) -> None:
        """Let a class and all its pictures go."""
        self._class(label)
        self._become((*self.classes[:label], *self.classes[label + 1 :]))

    def undo(self) -> None:
        """Take the last step back, whatever it was; nothing where there is none."""
        if self._before:
            self.classes = self._before.pop()

    def _add(self, label: int, picture: np.ndarray) -> None:
        if len(self) >= MOST:
            why = f"there are {MOST:,} pictures"
            raise UserError("No more pictures are collected here", why, "Train on these, or save them")
        self._put(label, (*self._class(label).pictures, read_only(np.array(picture))))

    def _put(self, label: int, pictures: tuple[np.ndarray, ...]) -> None:
        changed = replace(self.classes[label], pictures=pictures)
        self._become((*self.classes[:label], changed, *self.classes[label + 1 :]))

    def _become(self, classes: Classes) -> None:
        self._before = [*self._before, self.classes][-UNDONE:]
        self.classes = classes

    def _class(self, label: int) -> CollectedClass:
        if not 0 <= label < len(self.classes):
            raise UserError("There is no class to put it in", "", "Name a class first")
        return self.classes[label]

    def _insist_on_name(self, name: str) -> None:
        what = f"A class can't be called “{name[:LONGEST_NAME]}”"
        if not name:
            raise UserError("The class has no name yet", next="Write what it shows, “cat” for one")
        if len(name) > LONGEST_NAME:
            raise UserError(what, f"a name has at most {LONGEST_NAME} letters")
        if not name.isprintable() or _FORBIDDEN & set(name) or name[0] == "." or name[-1] == ".":
            raise UserError(what, "its pictures are kept in a folder of that name", "Use letters and figures")
        if name.lower() in (*TRAIN, *TEST):
            raise UserError(what, "a folder of that name holds other classes", "Choose another name")
        if name.lower() in (each.name.lower() for each in self.classes):
            raise UserError(f"There is a class “{name}” already", next="Choose another name")

    # Files --------------------------------------------------------------------------------------------

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path within its folder ("cat/0001.png") and content of each picture: PNG, nothing but pixels."""
        for each in self.classes:
            for number, picture in enumerate(each.pictures, start=1):
                yield f"{each.name}/{number:04}.png", as_png(picture)

    def save(self, folder: Path, pulse: Pulse = silent) -> None:
        """Write a sub-folder for each class into `folder`, which is made; it must hold nothing."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise UserError(f"{folder.name} is not empty", "its files would be mixed with these")
            for done, (name, data) in enumerate(self.files()):
                pulse("Saving the pictures", done, len(self))
                Path(folder, name).parent.mkdir(exist_ok=True)
                write_bytes_atomically(Path(folder, name), data)
        except OSError as error:
            what = "The pictures could not be saved"
            raise UserError(what, error.strerror or "", "Choose another folder", repr(error)) from error

    def open(self, path: Path, pulse: Pulse = silent) -> None:
        """Take the classes in a folder or zip in the place of these; what can't be read is left out."""
        with open_files(path, lambda name: looks_like_image(Path(name))) as files:
            layout = arrange(files.names, files.title)
            items = (*layout.train, *layout.test)
            if len(items) > MOST:
                raise UserError(f"{files.title} holds {len(items):,} pictures", f"here {MOST:,} are kept")
            found: list[list[np.ndarray]] = [[] for _ in layout.classes]
            refusal = UserError(f"No picture in {files.title} can be read")
            for done, item in enumerate(items):
                pulse("Reading the pictures", done, len(items))
                try:
                    rgb = decode_image(files.read(item.name, MAX_BYTES), item.shown).rgb
                except UserError as error:
                    refusal = error
                    continue
                found[item.label].append(_kept(rgb))
        if not any(found):
            raise refusal
        pairs = zip(layout.classes, found, strict=True)
        self._become(tuple(CollectedClass(name, tuple(pictures)) for name, pictures in pairs))

    def digest(self) -> str:
        """Another word for other pictures or classes."""
        found = hashlib.sha256()
        for each in self.classes:
            found.update(repr((each.name, [picture.shape for picture in each.pictures])).encode())
            for picture in each.pictures:
                found.update(picture.tobytes())
        return found.hexdigest()[:12]


def _kept(rgb: np.ndarray) -> np.ndarray:
    """A picture that was read as it is kept: square, and grey where it is."""
    made = square(np.ascontiguousarray(rgb), min(PHOTOGRAPH_SIDE, *rgb.shape[:2]))
    is_grey = (made == made[..., :1]).all()
    return read_only(np.array(made[..., 0] if is_grey else made))


def as_png(picture: np.ndarray) -> bytes:
    """(H, W) or (H, W, 3) uint8 as a PNG file with nothing beside its pixels."""
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(data, "PNG")
    return data.getvalue()
