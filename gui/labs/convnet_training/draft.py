"""The network as it is edited: what was done to it, what of it the lab has, and what it would be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from engine.errors import UserError
from engine.models.designs.block import Block
from engine.models.designs.design import MOST_BLOCKS, Design
from engine.models.designs.examination import Examined, examine
from engine.models.designs.presets import PRESETS, fitted, preset_for

AUTO = "auto"
"""The preset that suits the pictures."""
OWN = "Own network"
"""What a network is called that is no preset's."""
DEPTH = 200
"""Edits that can be taken back before the network is sent."""
ANSWER_TIME = 2.0
"""Seconds after which the lab's own word counts again, whatever was sent to it."""


class Draft:
    """A design between the person and the lab.

    Edits stay here until `settings` are sent. What the lab then builds comes back through `take`: its own
    word is taken over, except for designs that are on their way to it, which may be older than the last edit.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.design = Design(OWN, ())
        self.preset: str | None = None
        """The preset that was chosen and not edited since."""
        self.shape: tuple[int, int, int] = (1, 1, 1)
        self.classes = 2
        self.pictures = 0
        """Pictures that are learned from."""
        self._built = ""
        self._under_way: list[str] = []
        self._sent = 0.0
        self._changing: object = None
        self._past: list[Design] = []
        self._future: list[Design] = []
        self._found: tuple[object, Examined] | None = None

    # What it is --------------------------------------------------------------------------------------

    @property
    def found(self) -> Examined:
        """Shapes, cost, and why it cannot be; a fraction of a millisecond."""
        key = self.design, self.shape, self.classes
        if self._found is None or self._found[0] != key:
            self._found = key, examine(*key)
        return self._found[1]

    @property
    def is_possible(self) -> bool:
        """Whether it can be built."""
        return self.found.problem is None

    @property
    def is_changed(self) -> bool:
        """Whether the lab has another network, and this one was not sent to it."""
        text = self.design.to_json()
        return text != (self._under_way[-1] if self._under_way else self._built)

    @property
    def is_built(self) -> bool:
        """Whether the lab has this very network in front."""
        return self.design.to_json() == self._built

    @property
    def looks_like(self) -> str | None:
        """The preset that has the same blocks, if there is one."""
        same = (name for name in PRESETS if self._preset(name).blocks == self.design.blocks)
        return next(same, None)

    def _preset(self, name: str) -> Design:
        return _fitted(name, self.shape, self.classes)

    # Between lab and person --------------------------------------------------------------------------

    def see(self, shape: tuple[int, int, int], classes: int, pictures: int) -> None:
        """It reads such pictures."""
        self.shape, self.classes, self.pictures = shape, classes, pictures

    def take(self, built: str) -> bool:
        """The lab has this design in front; whether it took the place of what was edited."""
        was_edited = self.design.to_json() != self._built if self._built else False
        is_new, self._built = built != self._built, built
        if is_new and built in self._under_way:
            del self._under_way[: self._under_way.index(built) + 1]
            return False
        is_late = bool(self._under_way) and self._clock() - self._sent > ANSWER_TIME
        if not (is_new or is_late):
            return False
        self._under_way.clear()
        if built == self.design.to_json():
            return False
        self._remember()  # nothing that was edited is lost
        if not was_edited:
            self._past.clear()
        self.design, self.preset = Design.from_json(built), None
        return True

    def settings(self) -> dict[str, Any]:
        """What to ask of the lab; from here on it is on its way. Raises `UserError` for an impossible one."""
        if (problem := self.found.problem) is not None:
            raise problem[1]
        self._under_way.append(self.design.to_json())
        self._sent = self._clock()
        self._past.clear()
        self._future.clear()
        if self.preset is not None:
            return {"preset": self.preset, "design": "", "network": ""}
        return {"design": self.design.to_json(), "network": ""}

    # Edits -------------------------------------------------------------------------------------------

    def put(self, place: int, block: Block) -> None:
        """Another block, in front of the one at `place`. Raises `UserError` where there are too many."""
        blocks = self.design.blocks
        if len(blocks) >= MOST_BLOCKS:
            raise UserError("The network is long enough", f"it has {MOST_BLOCKS} blocks", "Remove one first")
        self._edit((*blocks[:place], block, *blocks[place:]))

    def remove(self, place: int) -> None:
        """One block less."""
        self._edit((*self.design.blocks[:place], *self.design.blocks[place + 1 :]))

    def move(self, place: int, to: int) -> None:
        """The block at `place` becomes the one at `to`."""
        rest = [*self.design.blocks]
        block = rest.pop(place)
        rest.insert(to, block)
        self._edit(tuple(rest))

    def change(self, place: int, values: dict[str, Any]) -> None:
        """Other values for a block's fields. Of the same fields in a row it is one edit, as of a slider."""
        blocks, what = self.design.blocks, (place, *values)
        goes_on = self._changing == what and bool(self._past)
        past = self._past[:-1] if goes_on else self._past
        before = self._past[-1] if goes_on else self.design
        self._edit((*blocks[:place], replace(blocks[place], **values), *blocks[place + 1 :]))
        self._past, self._changing = [*past, before], what

    def begin_with(self, preset: str) -> None:
        """A preset's blocks; `AUTO` is the one that suits the pictures."""
        name = preset_for(self.shape, self.pictures, self.classes) if preset == AUTO else preset
        self._remember()
        self.design, self.preset = self._preset(name), preset

    def discard(self) -> None:
        """Back to the network that the lab has."""
        self._remember()
        self.design, self.preset = Design.from_json(self._built), None

    def _edit(self, blocks: tuple[Block, ...]) -> None:
        if blocks == self.design.blocks:
            return
        self._remember()
        self.design, self.preset = Design(OWN, blocks), None
        if (name := self.looks_like) is not None:
            self.design = self._preset(name)

    # Back and forth ----------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there are edits that were not sent."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether an edit was taken back last."""
        return bool(self._future)

    def undo(self) -> None:
        """Take the last edit back. Raises IndexError where there is none."""
        self._future.append(self.design)
        self.design, self.preset = self._past.pop(), None
        self._changing = None

    def redo(self) -> None:
        """Do it again. Raises IndexError where nothing was taken back."""
        self._past.append(self.design)
        self.design, self.preset = self._future.pop(), None

    def _remember(self) -> None:
        self._past = [*self._past[-DEPTH:], self.design]
        self._future.clear()
        self._changing = None


@lru_cache(maxsize=64)
def _fitted(name: str, shape: tuple[int, int, int], classes: int) -> Design:
    return fitted(PRESETS[name], shape, classes)
