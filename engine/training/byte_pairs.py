"""Byte-pair encoding: tokens that are bytes, or frequent runs of bytes within a word, learned from texts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

BYTES = 256

_WORDS = re.compile(rb" ?[A-Za-z\x80-\xff]+| ?[0-9]+| ?[^\sA-Za-z0-9\x80-\xff]+|\s")
"""No token crosses the ends of these: runs of letters, digits or marks, each with the space before it."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class BytePairs:
    """Tokens 0 to 255 are the bytes; token 256 + i joins the two tokens `merges[i]`.

    Gage, A New Algorithm for Data Compression, 1994; Sennrich et al., Neural Machine Translation of Rare
    Words with Subword Units, 2016. Without merges the tokens are the bytes themselves.
    """

    merges: tuple[Pair, ...] = ()
    _known: dict[bytes, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        """How many tokens there are."""
        return BYTES + len(self.merges)

    @cached_property
    def pieces(self) -> tuple[bytes, ...]:
        """The bytes that each token spells."""
        found = [bytes([byte]) for byte in range(BYTES)]
        for left, right in self.merges:
            found.append(found[left] + found[right])
        return tuple(found)

    def encode(self, text: bytes) -> list[int]:
        """The tokens of `text`. What is typed on can change only those of its last word."""
        return [token for word in words(text) for token in self._word(word)]

    def decode(self, tokens: Iterable[int]) -> bytes:
        """The text that `tokens` spell."""
        return b"".join(self.pieces[token] for token in tokens)

    def smaller(self, vocabulary: int) -> BytePairs:
        """The encoding that `learn` finds in the same texts for a smaller `vocabulary`."""
        return BytePairs(self.merges[: vocabulary - BYTES])

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    def _word(self, word: bytes) -> tuple[int, ...]:
        if word not in self._known:
            self._known[word] = self._merged(tuple(word))
        return self._known[word]

    def _merged(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """All merges that apply, the one learned first first."""
        while pairs := self._ranks.keys() & set(pairwise(tokens)):
            pair = min(pairs, key=self._ranks.__getitem__)
            tokens = _joined(tokens, pair, BYTES + self._ranks[pair])
        return tokens


def words(text: bytes) -> list[bytes]:
    """`text` cut where no token may cross; joined they are the text again."""
    return _WORDS.findall(text)


def learn(texts: Iterable[bytes], vocabulary: int) -> BytePairs:
    """The encoding with `vocabulary` tokens, at least 256, whose merges are the most frequent pairs in turn.

    Of pairs that are equally frequent the one with the higher tokens is taken. There are fewer tokens where
    no pair is left that occurs twice. ValueError below 256.
    """
    if vocabulary < BYTES:
        raise ValueError(f"vocabulary is {vocabulary} and must be at least {BYTES}")
    counted = Counter(word for text in texts for word in words(text))
    learner = _Learner([tuple(word) for word in counted], list(counted.values()))
    merges: list[Pair] = []
    while len(merges) < vocabulary - BYTES and (pair := learner.most_frequent()):
        learner.join(pair, BYTES + len(merges))
        merges.append(pair)
    return BytePairs(tuple(merges))


class _Learner:
    """The distinct words as tokens, how often each occurs, and which pairs stand in which of them."""

    def __init__(self, spelled: list[tuple[int, ...]], occurrences: Sequence[int]) -> None:
        self._words, self._occurrences = spelled, occurrences
        self._counts: Counter[Pair] = Counter()
        self._where: defaultdict[Pair, set[int]] = defaultdict(set)
        for index in range(len(spelled)):
            self._count(index, 1)

    def most_frequent(self) -> Pair | None:
        """The pair to be joined next; None where no pair occurs twice."""
        pair, count = max(self._counts.items(), key=lambda item: (item[1], item[0]), default=((0, 0), 0))
        return pair if count > 1 else None

    def join(self, pair: Pair, token: int) -> None:
        """Put `token` in the place of `pair` in every word."""
        for index in self._where.pop(pair):
            self._count(index, -1)
            self._words[index] = _joined(self._words[index], pair, token)
            self._count(index, 1)

    def _count(self, index: int, sign: int) -> None:
        for pair in pairwise(self._words[index]):
            self._counts[pair] += sign * self._occurrences[index]
            self._where[pair].add(index)
            if not self._counts[pair]:
                del self._counts[pair]


def _joined(tokens: tuple[int, ...], pair: Pair, token: int) -> tuple[int, ...]:
    """`tokens` with `token` for each `pair`, from left to right."""
    found: list[int] = []
    at = 0
    while at < len(tokens):
        here = tokens[at : at + 2] == pair
        found.append(token if here else tokens[at])
        at += 2 if here else 1
    return tuple(found)
