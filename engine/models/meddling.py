"""What a person does to a recurrent network while it reads: units off, gates held, its state forgotten.

Taking something away and looking at what breaks is how a circuit is told from a coincidence: units are
ablated (Lakretz et al. 2019, "The emergence of number and syntax units in LSTM language models"), gates
are held open or shut.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from engine.models.byte_tokens import bytes_per_character
from engine.models.recurrent_layer import GATES, RecurrentLayer

KINDS = ("off", "hold", "reset")


class Change(Protocol):
    """What is done, wherever it begins."""

    @property
    def kind(self) -> str:
        """ "off": the unit's hidden state is 0 after every step, for itself, its neighbours and the output
        layer. An LSTM's cell state goes on beneath it. "hold": the gate is held at `value`. "reset": the
        state before the step is 0, once: h, and an LSTM's c."""

    @property
    def unit(self) -> int | None:
        """None is all units; "reset" knows no other."""

    @property
    def gate(self) -> str:
        """What "hold" holds, as the trace names it: "input", "forget", "cell" or "output"; "reset",
        "update" or "new"."""

    @property
    def value(self) -> float:
        """What "hold" holds it at, after its activation: 0 shuts a gate, 1 opens it."""


class PlacedChange(Change, Protocol):
    """A change that begins at a character of a text."""

    @property
    def place(self) -> int:
        """The first character that is read so. At 0 or before, the line's start is read so too."""


@dataclass(frozen=True)
class Intervention:
    """A change that begins at a step of a trace and, unless it is a reset, lasts. See `Change`.

    Of several that hold the same gate of a unit the last one in their order counts, from its step on.
    """

    kind: str
    step: int
    unit: int | None = None
    gate: str = ""
    value: float = 0.0

    @property
    def column(self) -> str:
        """The column of the trace that it sets: the gate, "h" of a unit that is off, none of a reset."""
        return {"off": "h", "hold": self.gate}.get(self.kind, "")


def require_possible(changes: Iterable[Change], layers: Sequence[RecurrentLayer]) -> None:
    """Raises ValueError where there is no such unit or gate, or for layers that nothing can be done to.

    These are all but one single layer that reads forwards and projects nothing.
    """
    layer = layers[0]
    for each in changes:
        if len(layers) > 1 or layer.projection is not None:
            raise ValueError("only a network of one layer, forwards and without a projection, is changed")
        if each.kind not in KINDS:
            raise ValueError(f"kind is {each.kind!r} and must be one of {', '.join(KINDS)}")
        if each.unit is not None and (each.kind == "reset" or not 0 <= each.unit < layer.units):
            raise ValueError(f"{each.kind} cannot be done to unit {each.unit} of {layer.units}")
        if each.kind == "hold" and each.gate not in GATES[layer.mode]:
            raise ValueError(f"{layer.mode} has no gate {each.gate!r} to hold")
        if not math.isfinite(each.value):
            raise ValueError(f"a gate cannot be held at {each.value}")


def at_steps(changes: Iterable[PlacedChange], text: str) -> tuple[Intervention, ...]:
    """The changes as a trace of the UTF-8 bytes of `text` counts, whose step 0 reads the line's start.

    One at the end of the text begins with the step after the last; those beyond it are left out.
    """
    ends = np.concatenate([[0], np.cumsum(bytes_per_character(text))])
    return tuple(
        Intervention(
            each.kind,
            1 + int(ends[each.place]) if each.place > 0 else 0,
            each.unit,
            each.gate,
            float(each.value),
        )
        for each in changes
        if each.place <= len(text)
    )


def lasting(interventions: Iterable[Intervention], step: int) -> tuple[Intervention, ...]:
    """Those that are in force at `step` and stay so, in their order: all but resets and what comes later."""
    return tuple(each for each in interventions if each.kind != "reset" and each.step <= step)


def is_reset(interventions: Iterable[Intervention], step: int) -> bool:
    """Whether `step` begins with a state of zeros, whatever the step before it left."""
    return any(each.kind == "reset" and each.step == step for each in interventions)


def held_at(interventions: Iterable[Intervention], step: int, unit: int) -> dict[str, float]:
    """What is set of one unit at a step, by column: a gate, or "h" of one that is off."""
    found = (each for each in lasting(interventions, step) if each.unit in (None, unit))
    return {each.column: each.value if each.kind == "hold" else 0.0 for each in found}


def stretches(interventions: Iterable[Intervention], start: int, stop: int) -> tuple[tuple[int, int], ...]:
    """The steps `start` to `stop` in parts (first, end) in which nothing begins but with the first step.

    A reset is a part of one step: after it nothing is left of it.
    """
    edges = {start, stop}
    for each in interventions:
        edges |= {each.step, each.step + 1} if each.kind == "reset" else {each.step}
    return tuple(pairwise(sorted(edge for edge in edges if start <= edge <= stop)))


def first_difference(one: Sequence[Intervention], other: Sequence[Intervention]) -> int | None:
    """The first step that is not taken alike under both; None where all are."""

    def until(interventions: Sequence[Intervention], step: int) -> list[Intervention]:
        return [each for each in interventions if each.step <= step]

    steps = sorted({each.step for each in (*one, *other)})
    return next((step for step in steps if until(one, step) != until(other, step)), None)


def set_steps(
    interventions: Iterable[Intervention], column: str, steps: int, units: int
) -> np.ndarray | None:
    """(steps, units) where a column is set and depends on nothing; None where nowhere.

    `column` is "h" or a gate.
    """
    found = [each for each in interventions if each.column == column and each.step < steps]
    if not found:
        return None
    where = np.zeros((steps, units), bool)
    for each in found:
        where[each.step :, slice(None) if each.unit is None else each.unit] = True
    return where


def reset_steps(interventions: Iterable[Intervention], steps: int) -> tuple[int, ...]:
    """Those of the first `steps` steps that begin with a state of zeros, ascending."""
    return tuple(sorted({each.step for each in interventions if each.kind == "reset" and each.step < steps}))
