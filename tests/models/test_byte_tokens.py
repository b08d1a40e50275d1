"""Byte tokens against Python's own UTF-8."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models import byte_tokens as bt

MIXED = "a é—😀 Жизнь ​עברית é\n"


@given(st.text())
def test_every_text_survives(text: str) -> None:
    assert bt.decode(bt.encode(text)) == text
    assert bt.encode(text).tobytes() == text.encode()


@given(st.text(min_size=1))
def test_each_character_is_ended_by_its_last_byte(text: str) -> None:
    ends = bt.character_ends(text)
    tokens = bt.encode(text)
    begins = [0, *(ends[:-1] + 1)]
    assert [bt.decode(tokens[b : e + 1]) for b, e in zip(begins, ends, strict=True)] == list(text)


def test_ascii_is_one_token_a_character() -> None:
    assert bt.encode("Hello, world").tolist() == [ord(c) for c in "Hello, world"]


def test_half_an_emoji_has_tokens() -> None:
    assert len(bt.encode("a\ud83d")) == 4
    assert bt.character_ends("a\ud83d").tolist() == [0, 3]


def test_values_are_summed_over_the_bytes_of_a_character() -> None:
    values = np.arange(len(bt.encode(MIXED)), dtype=np.float64)
    sums = bt.sum_by_character(values, MIXED)
    expected, at = [], 0
    for character in MIXED:
        size = len(character.encode())
        expected.append(values[at : at + size].sum())
        at += size
    assert sums.tolist() == expected
    assert bt.sum_by_character(np.zeros(0), "").shape == (0,)


@given(st.binary(max_size=40))
def test_incremental_decoding_gives_what_decoding_at_once_gives(data: bytes) -> None:
    decoder = bt.IncrementalDecoder()
    pieces = [decoder.push(token) for token in data]
    assert "".join(pieces) + decoder.finish() == bt.decode(data)


def test_a_character_appears_with_its_last_byte() -> None:
    decoder = bt.IncrementalDecoder()
    first, second, third = "€".encode()
    assert decoder.push(first) == "" == decoder.push(second)
    assert decoder.pending == bytes([first, second])
    assert decoder.push(third) == "€"
    assert decoder.pending == b"" == decoder.finish().encode()


def test_every_label_is_visible_and_names_one_token() -> None:
    labels = [bt.label(token) for token in range(bt.VOCABULARY)]
    assert len(set(labels)) == bt.VOCABULARY
    assert all(name.strip() and name.isprintable() for name in labels)
    assert (labels[ord("q")], labels[ord(" ")], labels[0xE2]) == ("q", "␣", "‹E2›")


@pytest.mark.parametrize("character", ["é", "😀", "\u0301", "\u200b", " ", "\n", "\x07", "\ud83d"])
def test_every_character_has_a_visible_name(character: str) -> None:
    name = bt.character_label(character)
    assert name.strip()
    assert name.isprintable() or unicodedata.combining(name[-1])
