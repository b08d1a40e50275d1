"""The texts a language model learns from and those it is watched on, and their endless shuffled reading."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.data.file_bytes import display_name
from engine.data.text import read_text
from engine.errors import UserError
from engine.models.byte_tokens import encode
from engine.training.presets import Preset

PASSAGE = 16_384
"""Bytes, about eight pages: long enough for the state to gather, short enough to mix the books."""
HELD_OUT_SHARE = 0.1


@dataclass(frozen=True)
class Corpus:
    """Texts as bytes (T,) uint8 each, named by file, every one ending in a line feed."""

    train: Mapping[str, np.ndarray]
    held_out: Mapping[str, np.ndarray]


def load_corpus(data: Path, preset: Preset) -> Corpus:
    """The texts of `preset` below the folder `data`; raises UserError where one is missing."""
    paths = sorted({path for pattern in preset.files for path in Path(data).glob(pattern)})
    texts = {path.stem: encode(read_text(path).text.rstrip("\n") + "\n") for path in paths}
    missing = [name for name in preset.held_out if name not in texts]
    if not texts or missing:
        raise UserError(
            f"The folder {display_name(Path(data))} lacks texts to train on",
            f"there is no {', '.join(missing) or ' or '.join(preset.files)} in it",
            "Give the folder that holds them with --data",
        )
    if preset.held_out:
        held_out = {name: texts.pop(name) for name in preset.held_out}
        return Corpus(texts, held_out)
    cuts = {name: _line_start(text, int(len(text) * (1 - HELD_OUT_SHARE))) for name, text in texts.items()}
    return Corpus(
        {name: text[: cuts[name]] for name, text in texts.items()},
        {name: text[cuts[name] :] for name, text in texts.items()},
    )


def passages(texts: Sequence[np.ndarray], size: int) -> list[np.ndarray]:
    """`texts` cut at the first line start after every `size` bytes; joined they are the texts again."""
    found = []
    for text in texts:
        begin = 0
        while begin < len(text):
            end = _line_start(text, begin + size)
            found.append(text[begin:end])
            begin = end
    return found


def _line_start(text: np.ndarray, index: int) -> int:
    """The first line start at or after `index`, or the end."""
    breaks = np.flatnonzero(text[max(index - 1, 0) :] == ord("\n"))
    return max(index - 1, 0) + int(breaks[0]) + 1 if len(breaks) else len(text)


class ShuffledStreams:
    """Endless (B, T+1) batches: each epoch shuffles all passages and reads them as B parallel streams.

    The next batch goes on where the last one stopped, so that a carried state stays right; its last
    column is the next one's first. Lengths vary by a quarter around `length`, so that back-propagation is
    not cut at the same places in every epoch. All is decided by `seed`.
    """

    def __init__(self, texts: Sequence[np.ndarray], streams: int, length: int, seed: int) -> None:
        self._passages = passages(texts, PASSAGE)
        self._streams, self._length, self._seed = streams, length, seed
        self._epoch, self._offset = 0, 0
        self._lengths = random.Random(seed)
        self._rows = self._shuffled()

    def next(self) -> torch.Tensor:
        """(B, T+1) int64: columns 0..T-1 are read, columns 1..T are to be predicted."""
        if self._rows.shape[1] - self._offset < 2:
            self._epoch, self._offset = self._epoch + 1, 0
            self._rows = self._shuffled()
        length = self._lengths.randint(self._length * 3 // 4, self._length * 5 // 4)
        batch = self._rows[:, self._offset : self._offset + length + 1]
        self._offset += batch.shape[1] - 1
        return torch.from_numpy(batch.astype(np.int64))

    @property
    def epoch(self) -> float:
        """How often the whole text was read."""
        return self._epoch + self._offset / self._rows.shape[1]

    def position(self) -> dict[str, Any]:
        """Where the reading is, as plain values for JSON."""
        return {"epoch": self._epoch, "offset": self._offset, "lengths": self._lengths.getstate()}

    def seek(self, position: Mapping[str, Any]) -> None:
        """Go on exactly from what `position` returned for the same texts, streams and seed."""
        self._epoch, self._offset = position["epoch"], position["offset"]
        version, internal, gauss = position["lengths"]
        self._lengths.setstate((version, tuple(internal), gauss))
        self._rows = self._shuffled()

    def _shuffled(self) -> np.ndarray:
        """(B, L) uint8: this epoch's order, the few bytes over at the end left out."""
        order = list(self._passages)
        random.Random(f"{self._seed} {self._epoch}").shuffle(order)
        joined = np.concatenate(order)
        width = len(joined) // self._streams
        if width < 2:
            raise UserError(
                "The text is too short to train on",
                f"it has {len(joined)} bytes for {self._streams} streams",
                "Give a longer text",
            )
        return joined[: width * self._streams].reshape(self._streams, width)
