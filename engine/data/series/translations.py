"""Reads the .qm files in which programs keep their translations: pairs of a message and what it is elsewhere.

A file is sixteen bytes of signature and then sections of a tag, a length and that many bytes. One of them
holds the messages, each a run of tagged strings. Nothing in it is trusted: every length is checked before
it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import UserError

MAGIC = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
MOST_MESSAGES = 100_000

_MESSAGES = 0x69
_END, _SOURCE_16, _TRANSLATION, _CONTEXT_16, _OBSOLETE, _SOURCE, _CONTEXT, _COMMENT = range(1, 9)
_NOTHING = 0xFFFFFFFF
"""The length of a string that is not there."""


@dataclass(frozen=True)
class Message:
    """One message of a program."""

    context: str
    """The class it belongs to: "QFileDialog"."""
    source: str
    """As in the program's own source, mostly English."""
    comment: str
    """What sets it apart from another with the same words."""
    translations: tuple[str, ...]
    """One, or one for each plural form."""


def read_messages(data: bytes, name: str) -> list[Message]:
    """The messages of a file called `name` whose content is `data`. Raises UserError where it is none."""
    try:
        return list(_messages(_section(data)))
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise UserError(
            f"{name} can't be read", "it is no file of translations, or damaged", details=repr(error)
        ) from error


def _section(data: bytes) -> bytes:
    """The section of messages; empty where there is none."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("another signature")
    at = len(MAGIC)
    while at < len(data):
        tag, length = struct.unpack_from(">BI", data, at)
        at += 5
        if length > len(data) - at:
            raise ValueError(f"a section of {length} bytes at {at}")
        if tag == _MESSAGES:
            return data[at : at + length]
        at += length
    return b""


def _messages(data: bytes) -> Iterator[Message]:
    at, count = 0, 0
    words, translations = {_SOURCE: "", _CONTEXT: "", _COMMENT: ""}, []
    while at < len(data):
        tag = data[at]
        at += 1
        if tag == _END:
            yield Message(words[_CONTEXT], words[_SOURCE], words[_COMMENT], tuple(translations))
            words, translations, count = dict.fromkeys(words, ""), [], count + 1
            if count == MOST_MESSAGES:
                return
        elif tag == _OBSOLETE:
            at += 4
        elif tag in (_SOURCE_16, _TRANSLATION, _CONTEXT_16, _SOURCE, _CONTEXT, _COMMENT):
            text, at = _string(data, at)
            if tag == _TRANSLATION:
                translations.append(text.decode("utf-16-be"))
            elif tag in words:
                words[tag] = text.decode("utf-8")
        else:
            raise ValueError(f"tag {tag} at {at}")


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """A string with its length in front, and where it ends."""
    (length,) = struct.unpack_from(">I", data, at)
    at += 4
    if length == _NOTHING:
        return b"", at
    if length > len(data) - at:
        raise ValueError(f"a string of {length} bytes at {at}")
    return data[at : at + length], at + length
