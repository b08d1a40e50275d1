"""What a contest needs of a data set, whether its sequences are numbers, pictures or text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import UserError
from engine.models.sequence_networks import SequenceShape

if TYPE_CHECKING:
    from engine.data.series.labelled import LabelledSeries
    from engine.data.series.text_classes import LabelledTexts


@dataclass(frozen=True, eq=False)
class Example:
    """One sequence to be opened in every network."""

    index: int
    """Of the test example, −1 for what the person typed."""
    name: str
    values: np.ndarray
    """(T, C) float32, or (T,) int64 of tokens."""
    truth: int | None
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Data:
    """A data set of a contest."""

    name: str
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    """train_x, train_y, test_x, test_y."""
    classes: tuple[str, ...]
    about: str
    positions: str
    shape: SequenceShape
    is_picture: bool = False
    """Whether each position is a row of a picture, whose pixels are exchanged one by one."""
    encode: Callable[[str], np.ndarray] | None = None
    """Text to (T,) int64 of tokens, as the networks read it."""
    decode: Callable[[np.ndarray], tuple[str, ...]] | None = None
    """The characters of (T,) tokens."""

    @classmethod
    def of_series(cls, series: LabelledSeries, *, is_picture: bool = False) -> Data:
        """Sequences of numbers."""
        return cls(
            series.name,
            (series.train_x, series.train_y, series.test_x, series.test_y),
            series.classes,
            series.about,
            series.positions,
            SequenceShape(series.length, series.channels, len(series.classes), is_picture=is_picture),
            is_picture,
        )

    @classmethod
    def of_texts(cls, texts: LabelledTexts) -> Data:
        """Texts, a token for each character."""
        shape = SequenceShape(texts.length, 1, len(texts.classes), vocabulary=texts.vocabulary_size)
        return cls(
            texts.name,
            (texts.train_x, texts.train_y, texts.test_x, texts.test_y),
            texts.classes,
            texts.about,
            "character",
            shape,
            encode=texts.encode,
            decode=texts.decode,
        )

    @property
    def length(self) -> int:
        """T, positions of a sequence."""
        return self.shape.length

    @property
    def places(self) -> int:
        """How many places there are whose contents may be exchanged: positions, or pixels."""
        return self.length * self.shape.channels if self.is_picture else self.length

    def example(self, index: int) -> Example:
        """Test example `index`; the last one where there are fewer."""
        values, truth = self.arrays[2], self.arrays[3]
        index = min(index, len(truth) - 1)
        tokens = self.decode(values[index]) if self.decode is not None else ()
        label = int(truth[index])
        name = f"Test example {index + 1:,} of {len(truth):,}: {self.classes[label]}"
        return Example(index, name, values[index], label, tokens)

    def typed(self, text: str) -> Example:
        """What the person typed. Raises `UserError` where the data is no text."""
        if self.encode is None or self.decode is None:
            raise UserError("These networks read no text", "", "Choose the experiment with text")
        values = self.encode(text)
        return Example(-1, "What you typed", values, None, self.decode(values))
