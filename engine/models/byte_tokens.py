"""Tokens that are UTF-8 bytes: any text is a sequence of them, and every ASCII character is exactly one."""

from __future__ import annotations

import codecs
import unicodedata
from functools import lru_cache

import numpy as np

VOCABULARY = 256
START = ord("\n")
"""What a model has read before the first character: a text begins where a line begins."""

_SIGNS = {ord(" "): "␣", ord("\n"): "↵", ord("\t"): "⇥", ord("\r"): "␍", 0x7F: "␡"}
_CONTROL_PICTURES = 0x2400


def encode(text: str) -> np.ndarray:
    """The tokens of `text`: (T,) uint8.

    Half an emoji (a lone surrogate, as a text field may hold for a moment) is encoded as its three bytes,
    so that every string has tokens.
    """
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).copy()


def decode(tokens: np.ndarray | list[int] | bytes) -> str:
    """The text that `tokens` spell; bytes that spell no character become U+FFFD."""
    return bytes(tokens).decode("utf-8", "replace")


def character_ends(text: str) -> np.ndarray:
    """(N,) int64: for each character (code point) of `text` the index of the token that ends it."""
    return np.cumsum(bytes_per_character(text)) - 1


def bytes_per_character(text: str) -> np.ndarray:
    """(N,) int64: how many tokens each character of `text` takes, 1 to 4."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)


def sum_by_character(values: np.ndarray, text: str) -> np.ndarray:
    """(N,): the sum of a value per token (T,), a surprise say, over the tokens of each character."""
    if not len(text):
        return np.zeros(0, np.asarray(values).dtype)
    starts = character_ends(text) + 1 - bytes_per_character(text)
    return np.add.reduceat(values, starts)


def label(token: int) -> str:
    """A short printable name: the character itself, "␣" for a space, "‹E2›" for a byte of a longer one."""
    if token in _SIGNS:
        return _SIGNS[token]
    if token < ord(" "):
        return chr(_CONTROL_PICTURES + token)
    return chr(token) if token < 0x80 else f"‹{token:02X}›"


def character_label(character: str) -> str:
    """A printable name of one character: as `label` for ASCII, its code point where it can't be seen."""
    if len(character) == 1 and ord(character) < 0x80:
        return label(ord(character))
    if unicodedata.combining(character):
        return f"\N{DOTTED CIRCLE}{character}"
    return character if character.isprintable() else f"U+{ord(character):04X}"


@lru_cache(maxsize=8)
def character_labels(text: str) -> tuple[str, ...]:
    """`character_label` of each character; the same text is asked about many times while it stands."""
    return tuple(map(character_label, text))


class IncrementalDecoder:
    """Tokens one at a time to text: characters appear with their last byte."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The characters that `token` completes: none in the middle of one, "\N{REPLACEMENT CHARACTER}"
        for bytes that can't continue."""
        return self._decoder.decode(bytes([token]))

    @property
    def pending(self) -> bytes:
        """The bytes of a character that is not complete yet."""
        return self._decoder.getstate()[0]

    def finish(self) -> str:
        """What an unfinished character leaves at the end: U+FFFD or nothing. Starts afresh."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
