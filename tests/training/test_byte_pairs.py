"""Byte-pair encoding: learned as by counting everything anew, applied as by replaying every merge."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.byte_pairs import BYTES, BytePairs, learn, words

TEXT = b"low low low low low lower lower newest newest newest newest newest newest widest widest widest\n" * 3


def replaced(tokens: list[int], pair: tuple[int, int], token: int) -> list[int]:
    spelled = " ".join(map(str, tokens))
    out, rest = [], spelled.split()
    while rest:
        if tuple(map(int, rest[:2])) == pair:
            out.append(token)
            rest = rest[2:]
        else:
            out.append(int(rest.pop(0)))
    return out


def learned_slowly(text: bytes, vocabulary: int) -> list[tuple[int, int]]:
    """Every pair of the whole text counted anew before each merge."""
    spelled, merges = [list(word) for word in words(text)], []
    while len(merges) < vocabulary - BYTES:
        counts = Counter(pair for word in spelled for pair in pairwise(word))
        pair, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(None, 0))
        if count < 2:
            break
        spelled = [replaced(word, pair, BYTES + len(merges)) for word in spelled]
        merges.append(pair)
    return merges


@pytest.mark.parametrize(
    "text", [TEXT, b"aaabdaaabac aaaa banana bananas\n", "naïve naïf 2021 -- 2021!\n".encode()]
)
def test_the_most_frequent_pairs_are_joined_in_turn(text: bytes) -> None:
    assert list(learn([text], BYTES + 40).merges) == learned_slowly(text, BYTES + 40)


def test_frequent_endings_become_tokens() -> None:
    assert {b"est", b" low"} <= set(learn([TEXT], BYTES + 12).pieces)


def test_fewer_merges_are_the_first_of_more() -> None:
    assert learn([TEXT], BYTES + 20).smaller(BYTES + 7) == learn([TEXT], BYTES + 7)


def test_learning_ends_where_nothing_occurs_twice() -> None:
    assert len(learn([b"abc"], 1000)) == BYTES
    assert len(learn([], 1000)) == BYTES
    with pytest.raises(ValueError, match="at least 256"):
        learn([TEXT], 255)


@given(st.binary(max_size=60))
def test_any_bytes_come_back(text: bytes) -> None:
    pairs = learn([TEXT], BYTES + 20)
    assert pairs.decode(pairs.encode(text)) == text
    assert b"".join(words(text)) == text
    assert BytePairs().encode(text) == list(text)


@given(st.text("lowernstid ", max_size=30))
def test_encoding_is_every_merge_replayed_in_order(text: str) -> None:
    pairs, expected = learn([TEXT], BYTES + 20), []
    for word in words(text.encode()):
        tokens = list(word)
        for index, pair in enumerate(pairs.merges):
            tokens = replaced(tokens, pair, BYTES + index)
        expected += tokens
    assert pairs.encode(text.encode()) == expected


@given(st.text("lowernstid ,7\n", max_size=30), st.text("lowernstid ,7\n", max_size=10))
def test_only_the_last_word_changes_when_one_types_on(before: str, more: str) -> None:
    pairs = learn([TEXT], BYTES + 20)
    stable = b"".join(words(before.encode())[:-1])
    kept = pairs.encode(stable)
    assert pairs.encode((before + more).encode())[: len(kept)] == kept


def test_no_token_crosses_the_end_of_a_word() -> None:
    pairs = learn([b"in the house, in the house. " * 50], BYTES + 60)
    assert b" house" in pairs.pieces
    assert all(b" " not in piece[1:] and words(piece) == [piece] for piece in pairs.pieces)
