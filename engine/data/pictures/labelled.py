"""Pictures with what each of them shows, and a whole set of them parted into training and test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.data.pictures.naming import Names
from engine.errors import UserError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class LabelledPictures:
    """Pictures of one size, and the class of each."""

    pictures: torch.Tensor = field(repr=False)
    """(N, C, H, W) uint8, C = 1 or 3; of the test set N may be 0."""
    labels: torch.Tensor = field(repr=False)
    """(N,) int64, indices of the classes."""
    names: Names = field(repr=False)
    """What to call each: "train 17", "cats/tom.jpg"."""

    def __post_init__(self) -> None:
        if not len(self.pictures) == len(self.labels) == len(self.names):
            sizes = f"{len(self.pictures)}, {len(self.labels)} and {len(self.names)}"
            raise ValueError(f"there are {sizes} pictures, labels and names")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class PictureData:
    """A data set as it is trained on."""

    name: str
    """One of DATASETS: "mnist"."""
    title: str
    """What it is called on screen: "MNIST", or a folder's own name."""
    classes: tuple[str, ...]
    train: LabelledPictures
    test: LabelledPictures
    split: str
    """In a sentence or two, which are the test pictures."""
    source: str
    """Who made it and under which licence, in words."""
    skipped: tuple[UserError, ...] = ()
    """Pictures that could not be read, each with its name and the reason."""
    notes: tuple[str, ...] = ()
    """What else a person may want to know about how it was read, a sentence each."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every picture."""
        channels, height, width = self.train.pictures.shape[1:]
        return channels, height, width

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return self.shape[0]

    @property
    def side(self) -> int:
        """Height and width in pixels."""
        return self.shape[1]
