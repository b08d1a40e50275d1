"""Tasks that grow harder rung by rung: how far each network climbs, and when it is no longer tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import UserError

SOLVED = 0.9
"""A rung is solved by an accuracy this far of the way from chance to 1."""
PATIENCE = 2
"""Rungs in a row that a network may fail; higher ones are then not tried."""
_DIGITS = 10


def solved_from(chance: float) -> float:
    """The accuracy from which a rung counts as solved."""
    return chance + SOLVED * (1 - chance)


class Ladder:
    """What every network has reached on the rungs that it was tried at, from the lowest on."""

    def __init__(self, rungs: Sequence[int], names: Sequence[str], solved: float) -> None:
        self.rungs, self.solved = tuple(rungs), solved
        self._accuracy: dict[str, list[float]] = {name: [] for name in names}

    def write(self, name: str, accuracy: float) -> None:
        """What a network reached at its next rung."""
        self._accuracy[name].append(accuracy)

    @property
    def accuracy(self) -> dict[str, tuple[float, ...]]:
        """By name: reached at the rungs tried so far, in their order."""
        return {name: tuple(found) for name, found in self._accuracy.items()}

    @property
    def highest(self) -> dict[str, int | None]:
        """By name: the highest rung that was solved, None before there is one."""
        return {name: self._highest(found) for name, found in self._accuracy.items()}

    def gave_up(self, name: str) -> bool:
        """Whether it failed so often in a row that it is not tried any more."""
        last = self._accuracy[name][-PATIENCE:]
        return len(last) == PATIENCE and max(last) < self.solved

    def _highest(self, found: Sequence[float]) -> int | None:
        tried = zip(self.rungs, found, strict=False)
        return max((rung for rung, accuracy in tried if accuracy >= self.solved), default=None)


@dataclass(frozen=True)
class RungWords:
    """What may be asked for, and how that is told."""

    noun: str
    """ "length": one rung."""
    taker: str
    """ "the memory meter": who takes them."""
    default: tuple[int, ...]
    lowest: int
    highest: int
    most: int
    """How many there may be."""
    example: str


def parse_rungs(text: str, words: RungWords) -> tuple[int, ...]:
    """ "20, 10" to (10, 20): each once and ascending; the default for nothing. Raises UserError."""
    written = [word.strip() for word in text.split(",") if word.strip()]
    if not written:
        return words.default
    rungs = sorted({_rung(word, words) for word in written})
    if len(rungs) > words.most:
        raise UserError(
            f"{len(rungs)} {words.noun}s are too many",
            f"{words.taker} takes at most {words.most}",
            "Leave some out",
        )
    return tuple(rungs)


def _rung(word: str, words: RungWords) -> int:
    is_number = word.isascii() and word.isdigit() and len(word) < _DIGITS
    if not (is_number and words.lowest <= int(word) <= words.highest):
        raise UserError(
            f"“{word}” is no {words.noun} for {words.taker}",
            f"it takes whole numbers from {words.lowest} to {words.highest}",
            f"Write them with commas, as in {words.example}",
        )
    return int(word)
