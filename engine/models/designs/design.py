"""A design: a name and blocks in a row, and its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.errors import UserError
from engine.models.designs.block import Block, block_from_dict

LONGEST_TEXT = 200_000
"""Characters of JSON."""
LONGEST_NAME = 80
MOST_BLOCKS = 200


@dataclass(frozen=True)
class Design:
    """A network as a person built it; a dense layer that tells the classes apart follows its blocks."""

    name: str
    blocks: tuple[Block, ...]

    def to_json(self) -> str:
        """The same text for the same design, without what is as by default."""
        blocks = [block.as_dict() for block in self.blocks]
        return json.dumps({"name": self.name, "blocks": blocks}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Design:
        """The design that `to_json` wrote. Raises UserError, which names the block that is at fault."""
        given = _parsed(text)
        if not isinstance(given, dict) or given.keys() != {"name", "blocks"}:
            raise _no_design("it is not an object with a name and blocks")
        name, blocks = given["name"], given["blocks"]
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise _no_design(f"its name is not a line of at most {LONGEST_NAME} characters")
        if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
            raise _no_design(f"its blocks are not a list of at most {MOST_BLOCKS}")
        return cls(name, tuple(_block(number, block) for number, block in enumerate(blocks, start=1)))


def _parsed(text: str) -> Any:
    if len(text) > LONGEST_TEXT:
        raise _no_design(f"it is longer than {LONGEST_TEXT:,} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_design("it is damaged, or not JSON", repr(error)) from error


def _block(number: int, given: Any) -> Block:
    try:
        return block_from_dict(given)
    except UserError as error:
        raise UserError(f"Block {number} of the design: {error.what}", error.why, error.next) from error


def _no_design(why: str, details: str = "") -> UserError:
    then = 'Write it as {"name": ..., "blocks": [{"kind": "convolution", "channels": 16}, ...]}'
    return UserError("This is no network design", why, then, details=details)
