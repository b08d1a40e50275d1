"""The reference text as the networks read it: axes for their states, and what their units track."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache

import numpy as np
import torch

from engine.explain.state_space import StateSpace, fit_in_slices
from engine.explain.unit_tracking import UnitTracking, in_words, measure
from engine.models.byte_tokens import START, character_ends, character_labels, encode
from engine.models.character_model import CharacterModel, State
from engine.read_only import read_only

AT_ONCE = 128
"""Bytes that one slice reads, about 30 ms of the widest network."""
PATHS = ("words", "characters")
"""What a path through the state space may have a point after."""
REACH = (0.0, 100.0)
"""Percentiles of the reference text's states between which the axes run: all of it."""


class Reference:
    """What is known of each network from the reference text; it is read once, a slice at a time."""

    def __init__(self, models: Mapping[str, CharacterModel], text: str) -> None:
        self.text, self._models = text, models
        self.states: dict[str, np.ndarray] = {}
        """(N, H) hidden state after each character of the text."""
        self.spaces: dict[tuple[str, str], StateSpace] = {}
        """By network and "words" or "characters": the axes for its states after those."""
        self.limits: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        """Low and high ends (3,) of the axes."""
        self.tracking: dict[str, UnitTracking] = {}

    @property
    def is_read(self) -> bool:
        """Whether every unit of every network is measured."""
        return all(
            cell in self.tracking and self.tracking[cell].measured == model.config.hidden
            for cell, model in self._models.items()
        )

    def read(self, first: str) -> Iterator[tuple[int, int]]:
        """Read the text and measure the units, those of the network `first` before the others'.

        All of it is read with the weights of now, also where the networks learn meanwhile.
        """
        cells = sorted(self._models, key=lambda cell: cell != first)
        models = {cell: deepcopy(self._models[cell]) for cell in cells}
        for place, cell in enumerate(cells):
            for done, total in self._read(cell, models[cell]):
                yield place * total + done, 2 * len(cells) * total
        total = sum(self._models[cell].config.hidden for cell in cells)
        done = 0
        for cell in cells:
            for found in measure(self.states[cell], self.text):
                self.tracking[cell] = found
                yield total + done + found.measured, 2 * total
            done += self._models[cell].config.hidden

    def _read(self, cell: str, model: CharacterModel) -> Iterator[tuple[int, int]]:
        tokens = np.concatenate([[START], encode(self.text)]).astype(np.int64)
        state: State | None = None
        read = []
        for begin in range(0, len(tokens), AT_ONCE):
            hidden, state = _run(model, tokens[begin : begin + AT_ONCE], state)
            read.append(hidden)
            yield begin, len(tokens)
        states = np.concatenate(read)[character_ends(self.text) + 1]
        self.states[cell] = states
        for by in PATHS:
            for _ in self._fit(cell, by, states[waypoints(self.text, by)[0]]):
                yield len(tokens), len(tokens)

    def _fit(self, cell: str, by: str, seen: np.ndarray) -> Generator[None]:
        space = yield from fit_in_slices(seen)
        self.spaces[cell, by] = space
        low, high = np.percentile(space.project(seen), REACH, axis=0)
        self.limits[cell, by] = low, high


@lru_cache(maxsize=16)
def waypoints(text: str, by: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Where a path has its points, (M,) indices of characters, and what stands there.

    By "words" the last character of each word, by "characters" all; a text without a word has the latter.
    """
    within = np.concatenate([[False], in_words(text) if by == "words" else [], [False]]).astype(bool)
    starts, ends = (np.flatnonzero(edge) for edge in (within[1:] > within[:-1], within[1:] < within[:-1]))
    if len(ends):
        words = zip(starts.tolist(), ends.tolist(), strict=True)
        return read_only(ends - 1), tuple(text[start:end] for start, end in words)
    return read_only(np.arange(len(text))), character_labels(text)


@torch.inference_mode()
def _run(model: CharacterModel, tokens: np.ndarray, state: State | None) -> tuple[np.ndarray, State]:
    """The hidden states (T, H) of the top layer for `tokens` (T,), and the state after them."""
    hidden, state = model.recurrent(model.embedding(torch.from_numpy(tokens)[None]), state)
    return hidden[0].numpy(), state
