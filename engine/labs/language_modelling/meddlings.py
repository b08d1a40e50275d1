"""What the person did to the networks while they read, and where that stands while the text is edited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.errors import UserError
from engine.labs.language_modelling.snapshot import Meddling
from engine.labs.language_modelling.states import COLUMNS
from engine.models.character_reader import common_length
from engine.models.meddling import KINDS

ALL = "all"
"""The cell of a reset that is done to every network."""


class Meddlings:
    """In the order in which the person did them; places count characters of all that is on the line."""

    def __init__(self) -> None:
        self.all: tuple[Meddling, ...] = ()

    def add(self, meddling: Meddling, left_out: int) -> None:
        """Do one more, whose place is in the text that is read, all but `left_out` characters.

        It takes the place of one that does the same to the same from the same place on. Raises
        `UserError` for what cannot be done to such a cell.
        """
        meddling = replace(meddling, place=meddling.place + left_out)
        if meddling.kind not in KINDS or (meddling.cell == ALL and meddling.kind != "reset"):
            raise UserError(f"“{meddling.kind}” can't be done to {meddling.cell}", "", "Choose another")
        if meddling.kind == "hold" and meddling.gate not in COLUMNS[meddling.cell]:
            raise UserError(f"There is no gate called “{meddling.gate}” to hold", "", "Choose another")
        kept = (each for each in self.all if replace(each, value=meddling.value) != meddling)
        self.all = (*kept, meddling)

    def release(self, index: int) -> None:
        """Take one away again. Raises `UserError` where it is gone already."""
        if not 0 <= index < len(self.all):
            raise UserError("That is no longer done to the networks")
        self.all = (*self.all[:index], *self.all[index + 1 :])

    def release_all(self) -> None:
        """Leave the networks as they were trained."""
        self.all = ()

    def follow(self, before: str, after: str) -> None:
        """The text `before` became `after`: each stays with its character, or where that was changed."""
        self.all = tuple(replace(each, place=_followed(each.place, before, after)) for each in self.all)

    def shown(self, left_out: int) -> tuple[Meddling, ...]:
        """With places in the text that is read, `left_out` characters of which are not."""
        return tuple(replace(each, place=each.place - left_out) for each in self.all)

    def changes(self, cells: Iterable[str], left_out: int) -> dict[str, tuple[Meddling, ...]]:
        """What each network's reader has to do, with gates as traces name them."""
        shown = self.shown(left_out)
        return {
            cell: tuple(_as_change(each, cell) for each in shown if each.cell in (cell, ALL))
            for cell in cells
        }


def _as_change(meddling: Meddling, cell: str) -> Meddling:
    gate = COLUMNS[cell][meddling.gate] if meddling.kind == "hold" else ""
    return replace(meddling, cell=cell, gate=gate)


def _followed(place: int, before: str, after: str) -> int:
    if after.startswith(before[:place]):
        return place
    if after.endswith(before[place:]):
        return place + len(after) - len(before)
    return common_length(before, after)
