"""Texts by class (a language, an author) as windows of characters, and a person's own folder of them.

A window of T characters is T tokens, padded in front where the text is shorter, so that what a recurrent
network reads last is text. Windows to test on come from other texts, or other places of a text, than those
to train on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.data.file_bytes import display_name
from engine.data.image_folder import natural_key, unreadable_folder
from engine.data.series.labelled import check_labelled
from engine.data.series.splitting import listed
from engine.data.text import TEXT_SUFFIXES, read_text
from engine.errors import UserError

LENGTH = 64
PADDING, UNKNOWN = 0, 1
"""The first two tokens: in front of a short text, and any character that is not in the vocabulary."""
MOST_TOKENS = 512
MOST_WINDOWS = 3000
"""Of one class to train on; as many evenly spaced ones are kept."""
SHARE = 10
"""One text, or one character, in so many is held out."""

_UNKNOWN_SIGN = "\N{REPLACEMENT CHARACTER}"
_SHORTEST = 12
"""Characters of the shortest window that says anything."""
_MOST_CLASSES = 100
_MOST_FILES = 1000
_MOST_CHARACTERS = 4_000_000
"""Of one class that are read."""
_FEWEST_FILES = 5
"""With so many of a class whole files are held out; with fewer, the end of each."""


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Windows of T characters as tokens, and their classes. Raises ValueError where they do not fit
    together."""

    name: str
    train_x: np.ndarray = field(repr=False)
    """(N, T) int64, each a place in `vocabulary`."""
    train_y: np.ndarray = field(repr=False)
    """(N,) int64, indices of `classes`."""
    test_x: np.ndarray = field(repr=False)
    test_y: np.ndarray = field(repr=False)
    classes: tuple[str, ...]
    vocabulary: tuple[str, ...] = field(repr=False)
    """What each token stands for: "" is padding, U+FFFD any other character, then single characters."""
    about: str

    def __post_init__(self) -> None:
        for x, y in ((self.train_x, self.train_y), (self.test_x, self.test_y)):
            check_labelled(x, y, len(self.classes), np.int64, 2)
            if x.min() < 0 or x.max() >= len(self.vocabulary):
                raise ValueError(f"tokens from {x.min()} to {x.max()} of {len(self.vocabulary)}")
        if self.train_x.shape[1] != self.test_x.shape[1]:
            raise ValueError("training and test windows differ in length")

    @property
    def length(self) -> int:
        """T, characters of a window."""
        return self.train_x.shape[1]

    @property
    def positions(self) -> str:
        """What one of the T positions is."""
        return "character"

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are."""
        return len(self.vocabulary)

    def encode(self, text: str) -> np.ndarray:
        """(T,) int64: the last T characters of `text`, white space as in training."""
        return encode([plain(text)[-self.length :]], self.vocabulary, self.length)[0]

    def decode(self, tokens: np.ndarray) -> tuple[str, ...]:
        """The characters of `tokens` (T,), "" where there is padding."""
        return tuple(self.vocabulary[token] for token in tokens)


@dataclass(frozen=True)
class ClassTexts:
    """What there is of one class, in pieces: no window reaches from one piece into another."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def label_texts(
    name: str, texts: Mapping[str, ClassTexts], about: str, length: int = LENGTH
) -> LabelledTexts:
    """Windows of `length` characters of all texts, by class; the vocabulary is that of the training windows.

    Raises UserError where fewer than two classes have a window to train on and one to test on.
    """
    windows = {
        label: (
            _spaced(_windows(of.train, length), MOST_WINDOWS),
            _spaced(_windows(of.test, length), MOST_WINDOWS),
        )
        for label, of in texts.items()
    }
    full = {label: both for label, both in windows.items() if all(both)}
    if len(full) < 2:
        raise _too_little(name, list(windows), list(full))
    short = [label for label in windows if label not in full]
    if short:
        about += f" Left out, with too little text: {listed(short)}."
    vocabulary = _vocabulary([train for train, _ in full.values()])
    sides = []
    for side in (0, 1):
        sides.append(np.concatenate([encode(both[side], vocabulary, length) for both in full.values()]))
        sides.append(np.repeat(np.arange(len(full)), [len(both[side]) for both in full.values()]))
    return LabelledTexts(name, *sides, tuple(full), vocabulary, about)


def read_text_folder(path: Path, length: int = LENGTH, seed: int = 0) -> LabelledTexts:
    """The texts in `path`, where every text file, and every folder of text files, is a class.

    Of a class with five files or more a tenth of the files, drawn by `seed`, is held out, else the last
    tenth of each file. Files that can't be read are left out, and `about` says so. Raises UserError where
    there are not two classes.
    """
    path = Path(path)
    name = display_name(path)
    notes: list[str] = []
    texts = {}
    for label, files in _class_files(path).items():
        read = _read_files(files, notes)
        if read:
            texts[label] = _part(read, np.random.default_rng([seed, len(texts)]))
    if len(texts) < 2:
        raise UserError(
            f"{name} does not hold texts of two classes",
            f"the only class is “{next(iter(texts))}”" if texts else "none of its files can be read as text",
            "Open a folder with a sub-folder, or a .txt file, for each class",
        )
    if len(texts) > _MOST_CLASSES:
        why = f"it has {len(texts):,}, and {_MOST_CLASSES} are the most"
        raise UserError(f"{name} has too many classes", why, "Put the texts of each class in a sub-folder")
    about = (
        f"{name}: windows of {length} characters of {len(texts)} classes. Held out are a tenth of the files, "
        f"drawn with seed {seed}, of a class with {_FEWEST_FILES} or more, else the last tenth of each. Of a "
        f"class {MOST_WINDOWS:,} windows at most are learned."
    )
    more = f" So it is with {len(notes) - 1:,} more." if len(notes) > 1 else ""
    return label_texts(name, texts, " ".join([about, *notes[:1]]) + more, length)


def plain(text: str) -> str:
    """`text` with a single space for each run of white space, and none at its ends."""
    return " ".join(text.split())


def encode(texts: Sequence[str], vocabulary: Sequence[str], length: int) -> np.ndarray:
    """(N, length) int64 tokens of texts that are not longer, padded in front."""
    codes = np.array([ord(character) for character in vocabulary[2:]], np.uint32)
    order = np.argsort(codes)
    tokens = np.full((len(texts), length), PADDING, np.int64)
    for row, text in zip(tokens, texts, strict=True):
        read = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        places = order[np.minimum(np.searchsorted(codes, read, sorter=order), len(codes) - 1)]
        row[length - len(read) :] = np.where(codes[places] == read, places + 2, UNKNOWN)
    return tokens


# Windows and vocabulary ---------------------------------------------------------------------------


def _windows(pieces: Sequence[str], length: int) -> list[str]:
    """Each piece in windows that lie side by side, the last one shorter, without those that say nothing."""
    spans = ((piece, start) for piece in map(plain, pieces) for start in range(0, len(piece), length))
    return [piece[start : start + length] for piece, start in spans if len(piece) - start >= _SHORTEST]


def _spaced(windows: list[str], most: int) -> list[str]:
    if len(windows) <= most:
        return windows
    return [windows[at] for at in np.linspace(0, len(windows) - 1, most).astype(np.int64)]


def _vocabulary(by_class: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The most frequent characters, each by the largest share that it has of any class."""
    shares: dict[str, float] = {}
    for windows in by_class:
        counts = Counter("".join(windows))
        total = counts.total()
        for character, count in counts.items():
            if count > 1:
                shares[character] = max(shares.get(character, 0.0), count / total)
    frequent = sorted(shares, key=lambda character: (-shares[character], character))[: MOST_TOKENS - 2]
    return ("", _UNKNOWN_SIGN, *(character for character in frequent if character != _UNKNOWN_SIGN))


def _too_little(name: str, labels: list[str], full: list[str]) -> UserError:
    short = [label for label in labels if label not in full]
    return UserError(
        f"{name} holds too little text",
        f"of {listed(short)} there are not {_SHORTEST} characters to learn from and {_SHORTEST} to test on",
        "Open longer texts",
    )


# A person's folder --------------------------------------------------------------------------------


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Text files by class, in a person's order. Hidden ones are passed over."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: (natural_key(entry.name), entry.name))
        entries = [entry for entry in entries if not entry.name.startswith(".")]
    except (OSError, ValueError) as error:
        raise unreadable_folder(folder, error) from error
    found: dict[str, list[Path]] = {}
    for entry in entries:
        if entry.is_dir():
            files = sorted(
                (path for path in _listed(entry) if _is_text(path)), key=lambda path: natural_key(path.name)
            )
        else:
            files = [entry] if _is_text(entry) else []
        if files:
            label = display_name(entry.name if entry.is_dir() else entry.stem)
            found.setdefault(label, []).extend(files[:_MOST_FILES])
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in TEXT_SUFFIXES and path.is_file() and not path.name.startswith(".")


def _read_files(files: Sequence[Path], notes: list[str]) -> list[str]:
    """Their texts, until there is enough of a class; what can't be read is put into `notes`."""
    texts, characters = [], 0
    for file in files:
        if characters >= _MOST_CHARACTERS:
            break
        try:
            text = plain(read_text(file).text[: _MOST_CHARACTERS - characters])
        except UserError as error:
            notes.append(error.sentence)
            continue
        if text:
            texts.append(text)
            characters += len(text)
    return texts


def _part(texts: Sequence[str], random: np.random.Generator) -> ClassTexts:
    if len(texts) >= _FEWEST_FILES:
        held = {*random.permutation(len(texts))[: max(1, round(len(texts) / SHARE))].tolist()}
        pieces = [(text, at in held) for at, text in enumerate(texts)]
        return ClassTexts(
            tuple(text for text, out in pieces if not out), tuple(text for text, out in pieces if out)
        )
    cuts = [len(text) - max(_SHORTEST, len(text) // SHARE) for text in texts]
    ends = [(text[: max(cut, 0)], text[max(cut, 0) :]) for text, cut in zip(texts, cuts, strict=True)]
    return ClassTexts(tuple(train for train, _ in ends), tuple(test for _, test in ends))
