"""What each unit tracks, measured on a text: features of every character against every unit's state."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.explain.next_words import CONNECTORS, in_word

Measure = Literal["ROC AUC", "Spearman's rho"]
_SENTENCE_ENDS, _CLOSERS, _VOWELS = ".!?", "\"')]”’", "aeiouAEIOU"
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Feature:
    """Something that is true of a character of a text, or a number that belongs to it."""

    name: str
    """Completes "this unit tracks ..."."""
    definition: str
    """One line for the person: when it is true, or what it counts."""
    binary: bool
    of: Callable[[str], np.ndarray]
    """(T,) bool or int64: its value after each character of a text."""

    @property
    def measure(self) -> Measure:
        return "ROC AUC" if self.binary else "Spearman's rho"


@dataclass(frozen=True)
class Tracking:
    """How closely one unit follows one feature."""

    unit: int
    feature: Feature
    value: float
    """-1 to 1, 0 where they have nothing to do with each other. For a feature that is true or false it is
    2 AUC - 1 (the rank-biserial correlation), otherwise Spearman's rank correlation; above 0 where the
    unit's state is higher with the feature."""

    @property
    def strength(self) -> float:
        """|value|: 0 to 1."""
        return abs(self.value)

    @property
    def figure(self) -> float:
        """The measure itself: the area under the ROC curve (0.5 for nothing), or rho."""
        return 0.5 + self.value / 2 if self.feature.binary else self.value


@dataclass(frozen=True)
class UnitTracking:
    """Every unit against every feature that the text has."""

    features: tuple[Feature, ...]
    """Those that are not the same all through the text."""
    values: np.ndarray
    """(H, features) float64, each a `Tracking.value`; NaN for units that are not measured yet."""
    measured: int
    """Units that are measured."""

    def ranked(self) -> list[Tracking]:
        """All pairs of unit and feature, the strongest first."""
        strength = np.abs(self.values[: self.measured]).ravel()
        order = np.argsort(-strength, kind="stable").tolist()
        return [self._at(*divmod(each, len(self.features))) for each in order]

    def units_of(self, feature: str, count: int = 1) -> list[Tracking]:
        """The `count` units that follow the feature of that name most closely.

        Empty where the text does not have it.
        """
        names = [each.name for each in self.features]
        if feature not in names:
            return []
        column = names.index(feature)
        order = np.argsort(-np.abs(self.values[: self.measured, column]), kind="stable")
        return [self._at(unit, column) for unit in order[:count].tolist()]

    def features_of(self, unit: int, count: int = 1) -> list[Tracking]:
        """The `count` features that the unit follows most closely; empty while it is not measured."""
        if not 0 <= unit < self.measured:
            return []
        order = np.argsort(-np.abs(self.values[unit]), kind="stable")
        return [self._at(unit, column) for column in order[:count].tolist()]

    def _at(self, unit: int, column: int) -> Tracking:
        return Tracking(unit, self.features[column], float(self.values[unit, column]))


def track(states: np.ndarray, text: str) -> list[Tracking]:
    """All pairs of a unit of `states` (T, H) and a feature of `text` (T characters), strongest first."""
    *_, last = measure(states, text)
    return last.ranked()


def measure(states: np.ndarray, text: str, *, units: int = 32) -> Generator[UnitTracking]:
    """How closely each unit follows each feature, `units` at a time; yields after each, the last has all.

    `states` (T, H) are the states after each character of `text`; where a character is several tokens,
    that after its last (`byte_tokens.character_ends`). Only the order of a unit's values counts, so that
    the saturation of a tanh changes nothing: binary features by the area under the ROC curve from ranks
    (Mann & Whitney 1947; Hanley & McNeil 1982), numeric ones by Spearman's rank correlation, ties at
    their mean rank. A unit that never changes follows nothing: 0.

    Raises ValueError where there is not one state for each character.
    """
    if len(states) != len(text):
        raise ValueError(f"{len(states)} states can't belong to {len(text)} characters")
    features, weights = _weights(text)
    values = np.full((states.shape[1], len(features)), np.nan)
    binary = np.array([each.binary for each in features], bool)
    for start in range(0, states.shape[1], units):
        ranks = _centred_ranks(states[:, start : start + units].T)
        spread = np.sqrt((ranks**2).sum(1, keepdims=True))
        products = ranks @ weights.T
        correlations = np.divide(products, spread, out=np.zeros_like(products), where=spread > 0)
        values[start : start + units] = np.where(binary, products, correlations)
        yield UnitTracking(features, values.copy(), min(start + units, states.shape[1]))


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """(T,) float64: the ranks of `values` (T,) from 1, equal ones at the mean of their ranks."""
    return _centred_ranks(values[None])[0] + (len(values) + 1) / 2


def _weights(text: str) -> tuple[tuple[Feature, ...], np.ndarray]:
    """The features that vary in `text`, and (features, T) what a unit's centred ranks are weighted with.

    With n of T characters in a binary feature, AUC - 1/2 = (sum of their centred ranks) / (n (T - n)).
    """
    kept, rows = [], []
    for feature in FEATURES:
        row = feature.of(text).astype(np.float64) if text else np.zeros(1)
        if (row == row[0]).all():
            continue
        if feature.binary:
            row *= 2 / (row.sum() * (1 - row).sum())
        else:
            row = _centred_ranks(row[None])[0]
            row /= np.sqrt((row**2).sum())
        kept.append(feature)
        rows.append(row)
    return tuple(kept), np.array(rows).reshape(len(kept), len(text))


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """The ranks within each row (N, T), equal values at their mean rank, less the row's mean: float64."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, 1)
    places = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    begins = np.ones(values.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.ones(values.shape, bool)
    ends[:, :-1] = begins[:, 1:]
    first = np.maximum.accumulate(np.where(begins, places, 0), 1)
    last = np.minimum.accumulate(np.where(ends, places, values.shape[1])[:, ::-1], 1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, 1)
    return ranks - (values.shape[1] - 1) / 2


def _each(test: Callable[[str], bool]) -> Callable[[str], np.ndarray]:
    return lambda text: np.array([test(character) for character in text], bool)


def _ahead(test: Callable[[str], bool]) -> Callable[[str], np.ndarray]:
    """Of the character that comes next; after the last comes nothing."""
    return lambda text: np.append(_each(test)(text)[1:], False)


def _since(restarts: Callable[[str], np.ndarray]) -> Callable[[str], np.ndarray]:
    """How many characters were read since the last one that restarts the count."""

    def count(text: str) -> np.ndarray:
        steps = np.arange(1, len(text) + 1)
        return steps - np.maximum.accumulate(np.where(restarts(text), steps, 0))

    return count


def in_words(text: str) -> np.ndarray:
    """Letters, digits, and the apostrophes and hyphens between two of them."""
    letters = _each(in_word)(text)
    between = np.append(False, letters[:-1]) & np.append(letters[1:], False)
    return letters | (_each(lambda character: character in CONNECTORS)(text) & between)


def _word_ends(text: str) -> np.ndarray:
    """Whether the character belongs to a word and the next does not."""
    within = in_words(text)
    return within & ~np.append(within[1:], False)


def _in_quotes(text: str) -> np.ndarray:
    """From an opening double quote on, up to the closing one; a paragraph's end closes all."""
    inside, found = False, []
    for character in text:
        if character == '"':
            inside = not inside
        elif character in "“”\n":
            inside = character == "“"
        found.append(inside)
    return np.array(found, bool)


def _in_brackets(text: str) -> np.ndarray:
    """As `_in_quotes`, for brackets of any kind, one inside another too."""
    depth, found = 0, []
    for character in text:
        depth = max(0, depth + (character in _OPENING) - (character in _CLOSING))
        depth = 0 if character == "\n" else depth
        found.append(depth > 0)
    return np.array(found, bool)


def _sentence_end(text: str) -> np.ndarray:
    """A full stop, question or exclamation mark and what closes after it, before a space or line feed."""
    found = np.zeros(len(text), bool)
    for at, character in enumerate(text):
        closes = character in _CLOSERS and at > 0 and found[at - 1]
        followed = at + 1 == len(text) or text[at + 1].isspace() or text[at + 1] in _CLOSERS
        found[at] = (closes or character in _SENTENCE_ENDS) and followed
    return found


def _sentence_starts(text: str) -> np.ndarray:
    """Where a new sentence may begin: the space after a sentence's end, or a line feed."""
    ended = np.append(False, _sentence_end(text)[:-1])
    return _each(lambda character: character == "\n")(text) | (ended & _each(str.isspace)(text))


FEATURES = (
    Feature(
        "inside double quotes", "after an opening double quote and before its closing one", True, _in_quotes
    ),
    Feature("inside brackets", "after an opening bracket and before its closing one", True, _in_brackets),
    Feature("a space was just read", "the last character read is a space", True, _each(lambda c: c == " ")),
    Feature(
        "the end of a word",
        "the last character belongs to a word and the next one does not",
        True,
        _word_ends,
    ),
    Feature(
        "a capital was just read", "the last character read is a capital letter", True, _each(str.isupper)
    ),
    Feature("a capital ahead", "the next character is a capital letter", True, _ahead(str.isupper)),
    Feature(
        "a vowel was just read",
        "the last character read is a, e, i, o or u",
        True,
        _each(lambda c: c in _VOWELS),
    ),
    Feature("a digit was just read", "the last character read is a digit", True, _each(str.isdigit)),
    Feature(
        "a sentence's end was just read",
        "the last character is a full stop, question or exclamation mark, or a quote that closes after it",
        True,
        _sentence_end,
    ),
    Feature(
        "position in the word",
        "how many characters of the present word were read",
        False,
        _since(lambda text: ~in_words(text)),
    ),
    Feature(
        "position in the sentence",
        "how many characters were read since the sentence began",
        False,
        _since(_sentence_starts),
    ),
    Feature(
        "position in the paragraph",
        "how many characters were read since the last line feed",
        False,
        _since(_each(lambda c: c == "\n")),
    ),
)
"""What is looked for, in the order in which it is listed."""
