"""A person's own texts as a corpus: most of each to learn from, its end kept back to be watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from engine.errors import UserError
from engine.models.byte_tokens import encode
from engine.training.corpus import HELD_OUT_SHARE, Corpus

LEAST_BATCHES = 3
"""Batches of streams × length bytes that the texts must fill: with fewer, every update reads the same."""
SLACK = 0.05
"""How far from the last tenth a line may start where the text is cut, as a share of the text."""


def corpus_of(texts: Mapping[str, str], streams: int, length: int) -> Corpus:
    """About the last tenth of each text is held out, from a line start where one is near.

    Empty texts, and the held-out part of a text of one character, are left out. Raises UserError where all
    together are shorter than `LEAST_BATCHES` batches of `streams` × `length` bytes.
    """
    given = {name: text.rstrip("\n") for name, text in texts.items()}
    _check_size(given.values(), LEAST_BATCHES * streams * length)
    train, held_out = {}, {}
    for name, text in given.items():
        cut = _cut(text)
        if text:
            train[name] = encode(text[:cut].removesuffix("\n") + "\n")
        if text[cut:]:
            held_out[name] = encode(text[cut:] + "\n")
    return Corpus(train, held_out)


def count_characters(texts: Iterable[np.ndarray]) -> int:
    """Characters in UTF-8 `texts` (T,) uint8: all bytes but those that continue a character."""
    return sum(int((text & 0xC0 != 0x80).sum()) for text in texts)


def _check_size(texts: Iterable[str], least: int) -> None:
    joined = "".join(texts)
    if len(joined.encode("utf-8", "surrogatepass")) >= least:
        return
    has = {0: "there is nothing to read in it", 1: "it has one character"}
    raise UserError(
        "The text is too short to train on",
        f"{has.get(len(joined), f'it has {len(joined):,} characters')}, and {least:,} are the least",
        "Give a longer text, or a folder with several",
    )


def _cut(text: str) -> int:
    """Where the held-out part of `text` begins: the line start nearest to the last tenth, or just there."""
    wished = max(1, round(len(text) * (1 - HELD_OUT_SHARE)))
    before = text.rfind("\n", 0, wished) + 1
    after = text.find("\n", wished) + 1 or len(text)
    nearest = min((before, after), key=lambda start: abs(start - wished))
    return nearest if abs(nearest - wished) <= SLACK * len(text) else min(wished, len(text))
