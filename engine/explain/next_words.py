"""The most probable next words: a best-first search over bytes, from the state after what was typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from engine.models.byte_tokens import VOCABULARY, encode
from engine.models.character_model import CharacterModel, State

CONNECTORS = "'’-‐"
"""Between two letters or digits they belong to the word: don't, half-open. Anywhere else they end it."""
LONGEST = 200
"""Characters of a word that are looked at; nothing longer is a word."""
_LEAST = 1e-6
"""Continuations less probable than this are not kept; the search is complete only if none could matter."""
_ENDS, _JOINS, _OPEN = 0, 1, 2
_NONE = -1


@dataclass(frozen=True)
class NextWord:
    """One word that may come next."""

    word: str
    """The whole word, with the letters typed so far, and with the quotes or brackets that open before it."""
    continuation: str
    """What is still to be typed of it, spaces and line feeds before it included; "" if it only has to end."""
    probability: float
    """P(continuation, then the word's end | the text)."""
    undecided: float
    """How much the probability may be short of: continuations that were not followed far enough to tell
    whether they end the word (half a character, an apostrophe)."""


@dataclass(frozen=True)
class NextWords:
    """What a search has found so far."""

    words: tuple[NextWord, ...]
    """The most probable first."""
    complete: bool
    """Whether no other word can be more probable than the last of them."""
    expanded: int
    """How many continuations the model was run for."""


def next_words(
    model: CharacterModel,
    state: State,
    log_probabilities: torch.Tensor,
    prefix: str = "",
    count: int = 10,
    *,
    budget: int = 256,
    batch: int = 16,
    tolerance: float = 1e-4,
) -> Generator[NextWords]:
    """The `count` most probable words after a text, from the model's `state` (layers, 1, H) at its end.

    `log_probabilities` (256,) are those of the byte after the text; `prefix` is `typed_word(text)`, the
    letters of the word in whose middle it ends. With a prefix the words begin with it, and the prefix
    itself is one of them. Without one they are whole new words, with the punctuation that stands before.

    A word is a run of letters, digits and marks, single connectors between them included. Its probability
    is the product over its bytes times P(it then ends), the sum over everything that may end it:
    exact but for `undecided`, whose parts are each below `tolerance` times the probability.

    Best-first search: a continuation's probability bounds those of all words that begin with it, so once
    the word in place `count` is more probable than every continuation left, the list is the true one and
    `complete`. Otherwise it ends after `budget` runs of the model, `batch` at a time. Yields after each
    batch; the last is the result. Raises ValueError where `prefix` is no `typed_word`.
    """
    if typed_word(prefix) != prefix:
        raise ValueError(f"{prefix!r} is not the beginning of one word")
    search = _Search(model, state, log_probabilities, prefix, count, budget, tolerance)
    while True:
        chosen = search.choose(batch)
        if len(chosen):
            search.expand(chosen)
        yield search.found()
        if not len(chosen):
            return


def typed_word(text: str) -> str:
    """The letters of the word in whose middle `text` ends: "hou" of "my hou", "" of "my house, "."""
    text = text[-LONGEST:]
    start = len(text)
    while start and (in_word(text[start - 1]) or _connects(text, start - 1)):
        start -= 1
    return text[start:]


def _connects(text: str, at: int) -> bool:
    return at > 0 and text[at] in CONNECTORS and in_word(text[at - 1])


def in_word(character: str) -> bool:
    """Whether it is a letter, a digit, or a mark on one."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


@lru_cache(maxsize=1024)
def _fates(tail: bytes) -> np.ndarray:
    """(256,) what each byte does to a word after which `tail`, which has not ended it yet, was read."""
    return np.array([_read(tail, byte, within=True)[0] for byte in range(VOCABULARY)], np.int8)


def _read(tail: bytes, byte: int, within: bool) -> tuple[int, bytes]:
    """What `byte` does after `tail`, and the tail then: a connector, part of a character, or nothing.

    It ends the word (or stays in front of it), joins it, or leaves it open. Bytes that spell no character
    end a word; in front of one the next character begins where they fail, as in Python's decoder.
    """
    together = tail + bytes([byte])
    try:
        text = together.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return _OPEN, together
        return (_ENDS, b"") if within or not tail else _read(b"", byte, within=False)
    if in_word(text[-1]):
        return _JOINS, b""
    return (_OPEN, together) if within and len(text) == 1 and text in CONNECTORS else (_ENDS, b"")


class _Search:
    """The tree of continuations. Each row is a node that the model was run for; row 0 is the text itself.

    A node whose bytes end in a letter is a word, and its row names it; nodes with a `tail` behind a word
    are owned by that word, those in front of the first letter by none.
    """

    def __init__(
        self,
        model: CharacterModel,
        state: State,
        log_probabilities: torch.Tensor,
        prefix: str,
        count: int,
        budget: int,
        tolerance: float,
    ) -> None:
        self._model, self._prefix, self._count, self._tolerance = model, prefix, count, tolerance
        rows = budget + 1
        self._states = [
            part.new_empty(part.shape[0], rows, part.shape[2])
            for part in (state if isinstance(state, tuple) else (state,))
        ]
        self._bytes: list[bytes] = []
        self._tails: list[bytes] = []
        self._owner = np.full(rows, _NONE)
        self._reached = np.zeros(rows)
        self._ended = np.zeros(rows)
        self._undecided = np.zeros(rows)
        self._left = _Left(np.zeros(0), np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool))
        self._dropped = 0.0
        self._begin(state, log_probabilities)

    def choose(self, most: int) -> np.ndarray:
        """Which of the continuations left to run next, the most probable first; none when it is over."""
        wanted = np.flatnonzero(self._wanted())
        room = min(most, len(self._owner) - len(self._bytes))
        return wanted[np.argsort(-self._left.reached[wanted], kind="stable")[:room]]

    @torch.inference_mode()
    def expand(self, chosen: np.ndarray) -> None:
        """Run the model for the continuations `chosen` of those left."""
        left, first = self._left, len(self._bytes)
        parents = torch.from_numpy(left.row[chosen]).to(self._states[0].device)
        before = [part.index_select(1, parents) for part in self._states]
        tokens = torch.from_numpy(left.byte[chosen]).to(parents.device)
        log_probabilities, state = self._model.step(
            tokens, (before[0], before[1]) if len(before) == 2 else before[0]
        )
        for row, byte in zip(left.row[chosen].tolist(), left.byte[chosen].tolist(), strict=True):
            self._add(row, byte)
        self._reached[first : len(self._bytes)] = left.reached[chosen]
        self._left = left.take(np.delete(np.arange(len(left.row)), chosen))
        self._follow(first, state, log_probabilities)

    def found(self) -> NextWords:
        """The best words so far."""
        rows = len(self._bytes)
        best = np.argsort(-self._ended[:rows], kind="stable")[: self._count]
        words = tuple(self._word(int(row)) for row in best if self._ended[row] > 0)
        return NextWords(words, self._dropped <= self._bound() and not self._wanted().any(), rows - 1)

    def _begin(self, state: State, log_probabilities: torch.Tensor) -> None:
        word = self._prefix.rstrip(CONNECTORS)
        self._bytes.append(encode(word).tobytes())
        self._tails.append(encode(self._prefix[len(word) :]).tobytes())
        self._owner[0] = 0 if word else _NONE
        self._reached[0] = 1.0
        self._follow(0, state, log_probabilities[None])

    def _add(self, parent: int, byte: int) -> None:
        """A new row: `byte` after `parent`."""
        fate, tail = _read(self._tails[parent], byte, within=bool(self._owner[parent] != _NONE))
        read = self._bytes[parent] + self._tails[parent] + bytes([byte])
        self._owner[len(self._bytes)] = len(self._bytes) if fate == _JOINS else self._owner[parent]
        self._bytes.append(read.removesuffix(tail))
        self._tails.append(tail)

    @torch.inference_mode()
    def _follow(self, first: int, state: State, log_probabilities: torch.Tensor) -> None:
        """Enter what the model said for the rows from `first` on: ends of words, and more continuations."""
        rows = np.arange(first, len(self._bytes))
        for part, after in zip(self._states, state if isinstance(state, tuple) else (state,), strict=True):
            part[:, first : len(rows) + first] = after
        reached = np.exp(log_probabilities.cpu().double().numpy()) * self._reached[rows, None]
        within = (self._owner[rows] != _NONE)[:, None]
        fates = np.stack([_fates(self._tails[row]) for row in rows.tolist()])
        ends, opens = (fates == _ENDS) & within, (fates == _OPEN) & within
        self._enter_ends(rows, (reached * ends).sum(1), (reached * opens).sum(1))
        self._enter_left(rows, np.where(ends, 0.0, reached), opens)

    def _enter_ends(self, rows: np.ndarray, ended: np.ndarray, undecided: np.ndarray) -> None:
        owner = self._owner[rows]
        doubts = np.array([bool(self._tails[row]) for row in rows.tolist()]) & (rows > 0)
        within = owner != _NONE
        np.add.at(self._ended, owner[within], ended[within])
        change = undecided - np.where(doubts, self._reached[rows], 0.0)
        np.add.at(self._undecided, owner[within], change[within])

    def _enter_left(self, rows: np.ndarray, reached: np.ndarray, opens: np.ndarray) -> None:
        doubted = opens & (reached > self._tolerance * self._ended[self._owner[rows]][:, None])
        kept = (reached > max(self._bound(), _LEAST)) | doubted
        self._dropped = max(self._dropped, float(np.where(kept, 0.0, reached).max()))
        row, byte = np.nonzero(kept)
        self._left = self._left.joined(_Left(reached[kept], rows[row], byte, opens[kept]))

    def _wanted(self) -> np.ndarray:
        """Which continuations left may yet lead to one of the words, or decide if one of those has ended."""
        left, bound = self._left, self._bound()
        owner = self._owner[left.row]  # nothing in front of a word is open, so that -1 picks none
        contends = self._ended + self._undecided >= max(bound, _LEAST)
        doubted = left.open & contends[owner] & (left.reached > self._tolerance * self._ended[owner])
        return (left.reached > bound) | doubted

    def _bound(self) -> float:
        """What the word in place `count` has at least: less probable continuations need no run."""
        if len(self._bytes) < self._count:
            return 0.0
        return float(np.partition(self._ended[: len(self._bytes)], -self._count)[-self._count])

    def _word(self, row: int) -> NextWord:
        text = self._bytes[row].decode("utf-8", "replace")
        shown = text.lstrip(" \t\r").replace("\n", "↵")
        undecided = max(0.0, float(self._undecided[row]))
        return NextWord(shown, text[len(self._prefix) :], float(self._ended[row]), undecided)


@dataclass(frozen=True)
class _Left:
    """Continuations that were not run yet: `byte` after the node in `row`."""

    reached: np.ndarray
    """P(the continuation | the text)."""
    row: np.ndarray
    byte: np.ndarray
    open: np.ndarray
    """Whether it leaves open if a word has ended."""

    def take(self, which: np.ndarray) -> _Left:
        return _Left(self.reached[which], self.row[which], self.byte[which], self.open[which])

    def joined(self, other: _Left) -> _Left:
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return _Left(*(np.concatenate(pair) for pair in pairs))
