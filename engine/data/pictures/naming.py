"""What to call each picture of a set: its number, or its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from engine.data.file_bytes import display_name

Names = Sequence[str]


@dataclass(frozen=True)
class NumberedNames(Sequence[str]):
    """ "train 17": made when asked for, so that 60,000 of them take no room."""

    word: str
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> NumberedNames: ...

    def __getitem__(self, index: int | slice) -> str | NumberedNames:
        if isinstance(index, slice):
            return NumberedNames(self.word, self.numbers[index])
        return f"{self.word} {int(self.numbers[index])}"


def chosen(names: Names, indices: Sequence[int]) -> Names:
    """The names at `indices`; numbered ones stay lazy."""
    if isinstance(names, NumberedNames):
        return NumberedNames(names.word, tuple(int(names.numbers[index]) for index in indices))
    return tuple(names[index] for index in indices)


def printable(name: str) -> str:
    """A file's path inside its folder ("cats/tom.jpg") with nothing in it that can't be printed."""
    return "/".join(display_name(part) for part in name.split("/"))
