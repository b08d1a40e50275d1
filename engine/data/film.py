"""The film strip: the pictures a person can go through, with their thumbnails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.image_folder import thumbnail, thumbnails
from engine.data.images import Picture, read_image
from engine.errors import UserError

if TYPE_CHECKING:
    import numpy as np

THUMBNAIL = 56
"""Side of a thumbnail in pixels."""


@dataclass(frozen=True)
class Still:
    """One picture of the strip: a file, or a picture that came without one (pasted, from the webcam)."""

    name: str
    credit: str = ""
    path: Path | None = None
    picture: Picture | None = None
    thumbnail: np.ndarray | None = None
    """(THUMBNAIL, THUMBNAIL, 3) uint8, read-only, once it was read."""
    error: str = ""
    """Why it cannot be shown, where it cannot."""


class Film:
    """An ordered list of stills, one of them the current one."""

    def __init__(self, stills: Iterable[Still] = ()) -> None:
        self.stills: tuple[Still, ...] = tuple(stills)
        self.index = 0

    def __len__(self) -> int:
        return len(self.stills)

    def read(self, index: int) -> Picture:
        """The picture at `index`, which becomes the current one. Raises `UserError` and moves nowhere."""
        if not 0 <= index < len(self):
            raise UserError(
                f"There is no picture {index + 1}", f"the film strip has {len(self)}", "Choose another one"
            )
        still = self.stills[index]
        picture = still.picture
        if picture is None:
            if still.path is None:
                raise ValueError("a still has a path or a picture")
            picture = read_image(still.path)
        self.index = index
        return picture

    def add(self, still: Still) -> int:
        """Append a still, or find the one with the same file, to be read anew; returns its index."""
        for index, known in enumerate(self.stills):
            if still.path is not None and known.path == still.path:
                # The file may have changed since, so what was found out about it does not count.
                self._set(index, thumbnail=None, error="")
                return index
        self.stills = (*self.stills, still)
        return len(self.stills) - 1

    def fill_thumbnails(self) -> Iterator[tuple[int, int]]:
        """Read the missing thumbnails, one a slice: yields (done, total)."""
        missing = [
            index for index, still in enumerate(self.stills) if still.thumbnail is None and not still.error
        ]
        for done, index in enumerate(missing, start=1):
            still = self.stills[index]
            if still.picture is not None:
                self._set_thumbnail(index, thumbnail(still.picture.rgb, THUMBNAIL))
            elif still.path is not None:
                (_, small) = next(thumbnails([still.path], THUMBNAIL))
                if isinstance(small, Exception):
                    self._set(index, error=str(small))
                else:
                    self._set_thumbnail(index, small)
            yield done, len(missing)

    def _set_thumbnail(self, index: int, rgb: np.ndarray) -> None:
        rgb.setflags(write=False)
        self._set(index, thumbnail=rgb)

    def _set(self, index: int, **changes: object) -> None:
        stills = list(self.stills)
        stills[index] = replace(stills[index], **changes)  # ty: ignore[invalid-argument-type]
        self.stills = tuple(stills)
