"""Ask what a brushed phrase tells: a unit that stays on through it, a place where the same units are on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import WRITTEN_OUT as TERMS
from engine.explain.arithmetic_format import constant, number, total
from engine.explain.co_active import OnUnits, is_on
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.question_words import name_first, quoted
from engine.labs.language_modelling.snapshot import Brush
from engine.models.byte_tokens import character_label

WRITTEN_OUT = 8
"""Characters of a phrase that have a line of their own."""
NAMED = 6
"""Units that are named."""


def of_phrase(bench: Bench, insight: Insight, brush: Brush, kind: str, rank: int) -> Answer | None:
    """A row of the "units" that stay on through the brushed phrase, or of the "places" where they are on."""
    rows = {"units": brush.units, "places": brush.places or ()}.get(kind, ())
    if not 0 <= rank < len(rows) or brush.stop > len(bench.text):
        return None
    return _unit(bench, brush, rank) if kind == "units" else _place(insight, brush, rank)


def _unit(bench: Bench, brush: Brush, rank: int) -> Answer:
    unit, reading = brush.units[rank], bench.reading(brush.cell)
    phrase = reading.text[brush.start : brush.stop]
    steps = reading.steps[brush.start : brush.stop]
    states = reading.trace.layers[-1].h[steps, unit].astype(np.float64)
    side = "above" if states[0] > 0 else "below"
    bound = constant(float(np.copysign(brush.threshold, states[0])))
    return Answer(
        f"{name_first(brush.cell)} · unit {unit} through {quoted(phrase)}",
        "The mean of the unit’s hidden state h over the phrase. It stays on: after each of its characters "
        f"h is {side} {bound}.",
        brush.strengths[rank],
        (len(brush.units),),
        (
            Step("hidden state", "after each character", _each(phrase, states.tolist(), f"{side} {bound}")),
            Step(f"unit {unit}", "over the phrase", _mean(phrase, states)),
        ),
    )


def _each(text: str, values: Sequence[float], note: str) -> tuple[Line, ...]:
    """The value at each of the first characters, and the sum of the others."""
    lines = [
        Line(f"“{character_label(character)}”", note, value)
        for character, value in zip(text[:WRITTEN_OUT], values, strict=False)
    ]
    rest = values[WRITTEN_OUT:]
    if rest:
        lines.append(Line(f"and {len(rest)} more", "summed", float(sum(rest))))
    return tuple(lines)


def _mean(phrase: str, states: np.ndarray) -> tuple[Line, ...]:
    weakest, count = int(np.abs(states).argmin()), len(states)
    summed = float(states.sum())
    terms = f"({total(states.tolist())})" if count <= TERMS else number(summed)
    return (
        Line("nearest to 0", f"at “{character_label(phrase[weakest])}”", float(states[weakest])),
        Line("mean", f"{terms} / {count}", summed / count),
    )


def _place(insight: Insight, brush: Brush, rank: int) -> Answer:
    place, units = (brush.places or ())[rank], len(brush.units)
    on = OnUnits(np.array(brush.units), np.sign(brush.strengths).astype(np.int64), brush.threshold)
    active = is_on(insight.reference.states[brush.cell][place.start : place.stop], on)
    return Answer(
        f"{name_first(brush.cell)} · {quoted(place.match)} in the reference text",
        f"Characters {place.start + 1:,} to {place.stop:,} of it. Of the brushed units and these characters "
        f"the share at which the unit is on: |h| > {constant(brush.threshold)}, on the same side of 0 as in "
        "the phrase.",
        place.share,
        (len(brush.places or ()),),
        (
            Step("units that are on", "at each character", _counts(place.match, active)),
            Step("all of it", f"{len(active)} × {units} values of h", _shares(brush.units, active)),
        ),
    )


def _counts(text: str, active: np.ndarray) -> tuple[Line, ...]:
    """How many of the units (T, K) are on at each of the first characters, and at the others together."""
    units = active.shape[1]
    counts = active.sum(1).tolist()
    lines = [
        Line(f"“{character_label(character)}”", f"{count} / {units}", count / units)
        for character, count in zip(text[:WRITTEN_OUT], counts, strict=False)
    ]
    rest = counts[WRITTEN_OUT:]
    if rest:
        together = f"{sum(rest)} / ({len(rest)} × {units})"
        lines.append(Line(f"and {len(rest)} more", together, sum(rest) / (len(rest) * units)))
    return tuple(lines)


def _shares(units: Sequence[int], active: np.ndarray) -> tuple[Line, ...]:
    """Which units are on from the first character to the last, and the share of all of `active` (T, K)."""
    length, count = active.shape
    through = [unit for unit, stays in zip(units, active.all(0).tolist(), strict=True) if stays]
    names = ", ".join(map(str, through[:NAMED])) + (" …" if len(through) > NAMED else "")
    total_on = int(active.sum())
    return (
        Line(f"on throughout: unit {names}", f"{len(through)} / {count}", len(through) / count),
        Line("share", f"{total_on} / ({length} × {count})", total_on / (length * count)),
    )
