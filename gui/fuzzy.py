"""Finds titles from a few letters typed in order, as "gc" finds "Grad-CAM"."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

START, NEXT, GAP = 8, 8, 3
"""Points for a letter that begins a word and for one right after the one before; the price of a gap."""


class Match(NamedTuple):
    """How well a query fits a title, and which letters of the title it took."""

    score: int
    places: frozenset[int]


def match(query: str, title: str, hint: str = "") -> Match | None:
    """The best way to find every word of `query`, letter by letter in order, in `title` or else in `hint`.

    None where a word is in neither. Letters at the beginning of words and letters in a row count most;
    case and accents do not count.
    """
    score, places = 0, frozenset[int]()
    for word in query.split():
        found = _best(_folded(word), title)
        if found is None:
            in_hint = _best(_folded(word), hint)
            if in_hint is None:
                return None
            found = Match(in_hint.score // 2, frozenset())
        score, places = score + found.score, places | found.places
    return Match(score, places)


def _best(word: str, text: str) -> Match | None:
    """The highest-scoring way to read `word` in `text`, by dynamic programming; the earliest of equals.

    `ends` holds, for each place where the letters so far may end, the score and places of the best way there.
    """
    letters = _folded(text)
    ends: dict[int, tuple[int, tuple[int, ...]]] = {-2: (0, ())}
    for letter in word:
        reached = {}
        for place in (place for place, other in enumerate(letters) if other == letter):
            ways = [
                (score + (NEXT if last == place - 1 else -GAP), places)
                for last, (score, places) in ends.items()
                if last < place
            ]
            if ways:
                score, places = max(ways, key=itemgetter(0))
                reached[place] = (score + 1 + START * _begins_word(text, place), (*places, place))
        ends = reached
    if not ends:
        return None
    score, places = max(ends.values(), key=itemgetter(0))
    return Match(score, frozenset(places))


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    """Lower case without accents, one letter for one letter."""
    return "".join(unicodedata.normalize("NFKD", letter)[0].lower()[0] for letter in text)


def _begins_word(text: str, place: int) -> bool:
    if place == 0:
        return True
    before, here = text[place - 1], text[place]
    return not before.isalnum() or (here.isupper() and before.islower()) or here.isdigit() != before.isdigit()
