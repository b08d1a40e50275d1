"""Reads a text with a character model while it is typed: of every change, only what is new is run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn import functional as F

from engine.models.byte_tokens import START, VOCABULARY, character_ends, encode, sum_by_character
from engine.models.character_model import CharacterModel, State
from engine.models.meddled_steps import MeddledModel, meddled_extend
from engine.models.meddling import (
    Intervention,
    PlacedChange,
    at_steps,
    first_difference,
    is_reset,
    require_possible,
)
from engine.models.recurrent_layer import read_layers
from engine.models.recurrent_trace import Trace, extend, trace
from engine.models.step_table import StepTable
from engine.read_only import read_only

LOG_PROBABILITIES = "log-probabilities"
"""The column (256,): log P(next byte) after each step."""


@dataclass(frozen=True)
class Reading:
    """A text as one model has read it: N characters, T bytes, T + 1 steps, the first of which read START.

    Arrays are read-only views that stay as they are while the text is typed on.
    """

    text: str
    trace: Trace
    """Every state and gate; step 0 is after START, step t after byte t."""
    table: StepTable
    surprise: np.ndarray
    """(N,) −ln P(character | all before it) in nats, the sum over the character's bytes."""
    interventions: tuple[Intervention, ...] = ()
    """What is done to the network, in steps of the trace: at the step after its last, to what comes next."""

    @property
    def log_probabilities(self) -> np.ndarray:
        """(T + 1, 256) log P(next byte) in nats, after each step."""
        return self.table.shown(LOG_PROBABILITIES, len(self.trace))

    @property
    def nats_per_character(self) -> float | None:
        """The mean surprise; None of an empty text."""
        return float(self.surprise.mean()) if self.text else None

    @cached_property
    def steps(self) -> np.ndarray:
        """(N,) the step after which each character has been read completely."""
        return character_ends(self.text) + 1

    def states(self, column: str, layer: int = -1) -> np.ndarray:
        """(N, width) a column of a layer's trace ("h", "c", a gate), after each character."""
        return self.trace.layers[layer].column(column)[self.steps]

    @property
    def state(self) -> State:
        """The state after the last character as `CharacterModel.step` takes it, for a batch of one."""
        final = self.trace.final_state
        return (final[0][:, None], final[1][:, None]) if isinstance(final, tuple) else final[:, None]

    @property
    def next_state(self) -> State:
        """The state that the next step begins with: `state`, or zeros where that is reset before it."""
        state = self.state
        if not is_reset(self.interventions, len(self.trace)):
            return state
        zeros = torch.zeros_like
        return (zeros(state[0]), zeros(state[1])) if isinstance(state, tuple) else zeros(state)


class Reader:
    """One model and the text it has read. Texts that begin alike share what was computed."""

    def __init__(self, model: CharacterModel) -> None:
        self.model = model
        self._changes: tuple[PlacedChange, ...] = ()
        self.reading = self._begin()

    def read(self, text: str) -> Reading:
        """Take `text` in the place of the text before; only what follows their common beginning is run."""
        before = self.reading
        if text == before.text:
            return before
        common = common_length(before.text, text)
        kept = len(before.trace) if common == len(before.text) else 1 + len(encode(text[:common]))
        return self._go_on(text, common, kept, self._interventions(text))

    def meddle(self, changes: Iterable[PlacedChange]) -> Reading:
        """Change the network so in the place of what was done before; what that changes is read again.

        A change whose place is beyond the end of the text waits until the text is that long. Raises
        ValueError for one that `require_possible` refuses; then everything stays as it was.
        """
        changes, before = tuple(changes), self.reading
        require_possible(changes, read_layers(self.model.recurrent))
        self._changes = changes
        interventions = self._interventions(before.text)
        changed = first_difference(before.interventions, interventions)
        if changed is None:
            return before
        read = int(np.searchsorted(before.steps, changed))
        return self._go_on(before.text, read, changed, interventions)

    def begin_again(self) -> Reading:
        """Read the same text anew, under the same changes: the weights of the model are others now."""
        text, changes, self._changes = self.reading.text, self._changes, ()
        self.reading = self._begin()
        self.meddle(changes)
        return self.read(text)

    @property
    def onward(self) -> CharacterModel | MeddledModel:
        """What takes the steps after the text, from `reading.next_state`: the model as it is changed there.

        Changes whose place is beyond the end of the text are not in force yet.
        """
        lasting = [each for each in self.reading.interventions if each.kind != "reset"]
        return MeddledModel(self.model, lasting) if lasting else self.model

    def _interventions(self, text: str) -> tuple[Intervention, ...]:
        return at_steps(self._changes, text) if self._changes else ()

    @torch.inference_mode()
    def _go_on(self, text: str, common: int, kept: int, interventions: tuple[Intervention, ...]) -> Reading:
        """Read on after `kept` steps, which read the first `common` characters of `text`."""
        before, tokens = self.reading, encode(text[common:])
        run = tokens if kept else np.concatenate([[START], tokens])
        done, table = self._run(before.trace[:kept], before.table, run, interventions)
        first = max(kept, 1)  # row 0 of a table is before the first step
        rows = table.array[first + np.arange(len(tokens)), tokens]
        nats = sum_by_character(-rows.astype(np.float64), text[common:])
        surprise = read_only(np.concatenate([before.surprise[:common], nats]))
        self.reading = Reading(text, done, table, surprise, interventions)
        return self.reading

    @torch.inference_mode()
    def _begin(self) -> Reading:
        tokens = torch.tensor([START])
        first = trace(self.model.recurrent, F.embedding(tokens, self.model.embedding.weight))
        table = StepTable({LOG_PROBABILITIES: VOCABULARY}, self.model.head.weight.dtype, 1)
        table.steps = 1
        self._predict(first, table, 0)
        return Reading("", first, table, read_only(np.zeros(0)))

    def _run(
        self, before: Trace, table: StepTable, tokens: np.ndarray, interventions: tuple[Intervention, ...]
    ) -> tuple[Trace, StepTable]:
        if not len(tokens):
            return before, table
        x = F.embedding(torch.from_numpy(tokens.astype(np.int64)), self.model.embedding.weight)
        if interventions:
            after = meddled_extend(before, self.model.recurrent, x, interventions)
        else:
            after = extend(before, self.model.recurrent, x)
        grown = table.grown(len(before), len(tokens))
        self._predict(after, grown, len(before))
        return after, grown

    def _predict(self, done: Trace, table: StepTable, start: int) -> None:
        """Write the predictions after the steps from `start` on."""
        hidden = done.layers[-1].table.after("h", start, len(done))
        logits = F.linear(hidden, self.model.head.weight, self.model.head.bias)
        torch.log_softmax(logits, -1, out=table.after(LOG_PROBABILITIES, start, len(done)))


def common_length(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    if other.startswith(one):
        return len(one)
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
