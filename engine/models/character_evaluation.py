"""Nats per character of whole texts: every byte scored, the state carried from the first to the last."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from engine.models.byte_tokens import START, encode, sum_by_character
from engine.models.character_model import CharacterModel, State, select_streams

CHUNK = 512
"""Bytes of a text that are run at once; it changes memory and speed and not the result."""
TEXTS = 8
"""Where fewer texts run side by side, more bytes of each are run at once: kernels start less often."""
SCORED = 512
"""Bytes whose 256 logits are made at once: few enough to stay in a cache."""


def surprise(model: CharacterModel, tokens: np.ndarray) -> np.ndarray:
    """-log P(byte | all before it) in nats for each of `tokens` (T,): (T,) float32.

    The first byte is predicted from START, as at the beginning of a line.
    """
    return surprises(model, [tokens], [0])[0]


def character_surprise(model: CharacterModel, text: str) -> np.ndarray:
    """Nats of each character of `text`, the sum over its bytes: (N,) float64."""
    return sum_by_character(surprise(model, encode(text)).astype(np.float64), text)


def nats_per_character(model: CharacterModel, texts: Sequence[str]) -> list[float]:
    """The mean surprise of a character of each whole text, exactly: one state, carried from end to end.

    Several texts are rows of one batch, which changes no result. An empty text gives NaN.
    """
    totals = total_nats(model, [encode(text) for text in texts])
    return [total / len(text) if text else math.nan for total, text in zip(totals, texts, strict=True)]


def total_nats(
    model: CharacterModel, texts: Sequence[np.ndarray], *, streams: int = 1, warm_up: int = 512
) -> list[float]:
    """The summed surprise in nats of each of `texts` (uint8), all in one batch.

    With `streams` above 1 each text is cut into that many pieces which run side by side, each after
    `warm_up` bytes of what stands before it, which are read and not counted. That is several times as
    fast and not exact: a piece knows nothing from before its warm-up.
    """
    pieces, unscored, owner = [], [], []
    for index, text in enumerate(texts):
        bounds = np.linspace(0, len(text), streams + 1).astype(int)
        for begin, end in itertools.pairwise(bounds.tolist()):
            start = max(0, begin - warm_up)
            pieces.append(text[start:end])
            unscored.append(begin - start)
            owner.append(index)
    totals = [0.0] * len(texts)
    for index, values in zip(owner, surprises(model, pieces, unscored), strict=True):
        totals[index] += float(values.sum(dtype=np.float64))
    return totals


@torch.inference_mode()
def surprises(
    model: CharacterModel, pieces: Sequence[np.ndarray], unscored: Sequence[int]
) -> list[np.ndarray]:
    """As `surprise`, for several pieces (uint8) as rows of one batch.

    The first `unscored` bytes of each are read, for the state they leave, and left out of the result.
    """
    found = [np.empty(len(piece), np.float32) for piece in pieces]
    running = np.array([i for i, piece in enumerate(pieces) if len(piece)], int)
    state: State | None = None
    begin = 0
    while len(running):
        end = begin + CHUNK * max(1, TEXTS // len(running))
        losses, state = chunk_surprise(model, _chunk([pieces[i] for i in running], begin, end), state)
        for values, index in zip(losses, running, strict=True):
            part = found[index][begin:end]
            part[:] = values[: len(part)]
        begin = end
        alive = np.array([len(pieces[i]) > begin for i in running], bool)
        if not alive.all():
            running, state = running[alive], select_streams(state, torch.from_numpy(np.flatnonzero(alive)))
    return [values[skip:] for values, skip in zip(found, unscored, strict=True)]


@torch.inference_mode()
def chunk_surprise(
    model: CharacterModel, tokens: torch.Tensor, state: State | None
) -> tuple[np.ndarray, State]:
    """-log P of each row's `tokens` (B, T + 1) after its first, (B, T), and the state before the last."""
    # Step by step in memory, as fused kernels read and write: neither their input nor output is copied.
    tokens = tokens.to(model.head.weight.device).t()
    hidden, state = model.recurrent(model.embedding(tokens[:-1]).transpose(0, 1), state)
    rows, expected = hidden.transpose(0, 1).flatten(0, 1), tokens[1:].flatten()
    pairs = zip(rows.split(SCORED), expected.split(SCORED), strict=True)
    losses = [F.cross_entropy(model.head(part), wanted, reduction="none") for part, wanted in pairs]
    return torch.cat(losses).view_as(tokens[1:]).t().cpu().numpy(), state


def _chunk(pieces: Sequence[np.ndarray], begin: int, end: int) -> torch.Tensor:
    """Bytes begin-1 to end of each piece as rows (B, T+1) int64: what is read and what follows.

    Rows that end sooner are filled up; nothing after their end is used.
    """
    width = min(end, max(len(piece) for piece in pieces)) - begin
    rows = np.full((len(pieces), width + 1), START, np.int64)
    for row, piece in zip(rows, pieces, strict=True):
        known = piece[max(begin - 1, 0) : begin + width]
        offset = 1 if begin == 0 else 0
        row[offset : offset + len(known)] = known
    return torch.from_numpy(rows)
