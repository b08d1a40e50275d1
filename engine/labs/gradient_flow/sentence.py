"""The sentence typed, read by the language networks that ship: the flow of its last prediction's loss."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.labs.gradient_flow import snapshot
from engine.labs.gradient_flow.flow import FlowRecord, MeasuredFlow, flow_in_slices
from engine.labs.gradient_flow.mechanism import MechanismRecord
from engine.models.byte_tokens import START, encode, label
from engine.models.character_model import CharacterModel
from engine.models.language_models import load_language_models
from engine.models.recurrent_trace import Trace, extend, trace
from engine.read_only import read_only

KIND = "prose"
LONGEST = 1000
"""Bytes of the end of a text that are read, as many as the longest sequence of a task has steps."""
READ_AT_ONCE = 64
"""Bytes of a slice: some 20 ms for the networks that ship."""
TITLES = {"rnn": "tanh RNN", "lstm": "LSTM", "gru": "GRU"}
_NOTHING = read_only(np.zeros(0))


class Sentence:
    """What a race is for a task, for a text in networks that have learned already: nothing is learned here.

    L is −ln P(the last character | all before it), which is the sum over its bytes. The networks read bytes,
    the line's start first. Raises UserError for a text without a character.
    """

    can_step = False

    def __init__(self, text: str) -> None:
        if not text:
            raise UserError(
                "There is no sentence to be read", "the text is empty", "Type a character at least"
            )
        self.text = _end_of(text)
        """What is read: all of it, or the end of a long text."""
        tokens = encode(self.text)
        self._read = torch.from_numpy(np.concatenate([[START], tokens[:-1]]).astype(np.int64))
        self._wanted = torch.from_numpy(tokens[len(tokens) - len(encode(self.text[-1])) :].astype(np.int64))
        self._runners: dict[str, snapshot.Runner] = {}
        self.networks: dict[str, FlowRecord] = {}
        """By cell, as far as they were measured: the curve, its trace and its module."""

    @property
    def length(self) -> int:
        """T: bytes that are read before the last one is predicted."""
        return len(self._read)

    @property
    def labels(self) -> tuple[str, ...]:
        """(T,) the byte that is read at each step, in a character."""
        return tuple(label(token) for token in self._read.tolist())

    @property
    def last(self) -> str:
        """The character whose prediction it is about."""
        return self.text[-1]

    def measure(self) -> Iterator[tuple[int, int]]:
        """Measure network by network, in slices: (done, total). Raises UserError where there is none."""
        models, done = _models(), 0
        total = 2 * len(models)
        for cell, model in models.items():
            record, mechanism = FlowRecord(self.length), MechanismRecord(model.recurrent)
            for _ in self._flow(model, record):
                yield done, total
            self.networks[cell] = record
            self._runners[cell] = _seen(cell, model, record, mechanism)
            yield (done := done + 1), total
            if record.newest is not None:
                for _ in mechanism.measure(record.newest):
                    yield done, total
            self._runners[cell] = _seen(cell, model, record, mechanism)
            yield (done := done + 1), total

    def runners(self) -> tuple[snapshot.Runner, ...]:
        """What may be seen of those that were measured."""
        return tuple(self._runners.values())

    def newest(self, cell: str) -> MeasuredFlow | None:
        """The curve of a network that was measured, and what it was measured on."""
        return self.networks[cell].newest

    def _flow(self, model: CharacterModel, record: FlowRecord) -> Iterator[None]:
        """Pauses between slices; the curve is added to `record` in the end."""
        traced = yield from self._traced(model)
        head, wanted = model.head, self._wanted

        def loss_of(hidden: Tensor) -> Tensor:
            logits = nn.functional.linear(hidden[-len(wanted) :], head.weight.detach(), head.bias.detach())
            return nn.functional.cross_entropy(logits, wanted, reduction="sum")

        record.add((yield from flow_in_slices(traced, model.recurrent, loss_of, 0)))

    @torch.no_grad()
    def _traced(self, model: CharacterModel) -> Generator[None, None, Trace]:
        first, *parts = model.embedding(self._read).split(READ_AT_ONCE)
        traced = trace(model.recurrent, first)
        for part in parts:
            yield
            traced = extend(traced, model.recurrent, part)
        return traced


def _end_of(text: str) -> str:
    """As many characters from the end as have at most `LONGEST` bytes."""
    taken, size = 0, 0
    for character in reversed(text):
        size += len(encode(character))
        if size > LONGEST:
            break
        taken += 1
    return text[len(text) - taken :]


@cache
def _models() -> Mapping[str, CharacterModel]:
    """Loaded once: reading them again takes longer than the sentence."""
    return {cell: model.requires_grad_(False) for cell, model in load_language_models(KIND).items()}


def _seen(
    cell: str, model: CharacterModel, record: FlowRecord, mechanism: MechanismRecord
) -> snapshot.Runner:
    return snapshot.Runner(
        cell=cell,
        title=TITLES[cell],
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        steps=_NOTHING,
        loss=_NOTHING,
        loss_low=_NOTHING,
        loss_high=_NOTHING,
        accuracy=_NOTHING,
        recent_accuracy=math.nan,
        flow=record.seen(),
        mechanism=mechanism.seen(),
        health=None,
        exploded_at=None,
        log10_largest=record.log10_largest,
    )
