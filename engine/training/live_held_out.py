"""Scoring what is kept back while training goes on: evenly spaced excerpts, in short slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from engine.models.byte_tokens import START
from engine.models.character_evaluation import chunk_surprise
from engine.models.character_model import CharacterModel, State
from engine.training.own_corpus import count_characters

EXCERPT, WARM_UP = 1024, 256
"""Bytes of an excerpt that are scored, and bytes before it that are read for the state they leave."""
EXCERPTS = 20
"""At most so many excerpts, about 20,000 characters: a figure within a second, of whatever text."""
SLICE = 24e6
"""Weights × columns of a slice: about 30 ms on one core, whatever the model's size."""


class Excerpts:
    """Up to EXCERPTS pieces of `texts` (uint8), evenly spaced; all of them where they are short.

    The pieces are rows of one batch, so a piece knows nothing from before its warm-up.
    """

    def __init__(self, texts: Iterable[np.ndarray]) -> None:
        pieces = [piece for text in texts for piece in _pieces(text)]
        chosen = np.unique(np.linspace(0, len(pieces) - 1, EXCERPTS).round().astype(int)) if pieces else []
        self._rows, self._scored = _batch([pieces[i] for i in chosen])
        self.characters = sum(count_characters([pieces[i][0][pieces[i][1] + 1 :]]) for i in chosen)
        """Characters that are scored."""

    @property
    def columns(self) -> int:
        """Bytes that each piece has at most."""
        return self._scored.shape[1]

    def nats(self, model: CharacterModel) -> Iterator[tuple[int, float]]:
        """Columns done and the nats of all pieces so far, after each slice; `model` must stay as it is."""
        width = int(np.clip(SLICE / sum(weight.numel() for weight in model.parameters()), 8, 512))
        state: State | None = None
        nats = 0.0
        for begin in range(0, self.columns, width):
            tokens = torch.from_numpy(self._rows[:, begin : begin + width + 1].astype(np.int64))
            losses, state = chunk_surprise(model, tokens, state)
            nats += float(losses[self._scored[:, begin : begin + width]].sum(dtype=np.float64))
            yield min(begin + width, self.columns), nats


def _pieces(text: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """`text` in pieces of EXCERPT bytes, each after what stands before it, and how much that is.

    A piece has one byte more in front, which is read first: START at the beginning of the text.
    """
    after_start = np.concatenate([[np.uint8(START)], text])
    found = []
    for begin in range(0, len(text), EXCERPT):
        warm_up = min(begin, WARM_UP)
        found.append((after_start[begin - warm_up : begin + EXCERPT + 1], warm_up))
    return found


def _batch(pieces: list[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (B, W + 1) uint8, filled up at their ends, and which of their last W are scored, (B, W) bool."""
    width = max((len(piece) for piece, _ in pieces), default=1)
    rows = np.full((len(pieces), width), START, np.uint8)
    scored = np.zeros((len(pieces), width - 1), bool)
    for row, mask, (piece, warm_up) in zip(rows, scored, pieces, strict=True):
        row[: len(piece)] = piece
        mask[warm_up : len(piece) - 1] = True
    return rows, scored
