"""Ask any point of the memory chart: how the gradient of the prediction came to one character."""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import number
from engine.explain.arithmetic_gradient import explain_input_gradient, norm, row
from engine.explain.influence import output_gradient, predicted_byte
from engine.explain.through_time import Gradients, gradients_through_time
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.question_words import back, name_first
from engine.labs.language_modelling.snapshot import Memory
from engine.models.byte_tokens import character_label, encode
from engine.models.character_model import CharacterModel
from engine.models.character_reader import Reading
from engine.models.recurrent_trace import Trace

_FOLLOWED: WeakKeyDictionary[Trace, tuple[int, Gradients]] = WeakKeyDictionary()
"""The gradients of the network that was asked about last, and the step they begin at, while its reading is
there: pointing along a curve asks about one character after the other, and following the gradient through a
long text takes its time."""

MOST = 600.0
"""The logarithm of a norm that, with all that is made of it, is far from where floating point numbers end."""


def of_memory(bench: Bench, memories: tuple[Memory, ...], index: tuple[int, ...]) -> Answer | None:
    """A point of the chart, index (network, characters back); None where nothing arrives, or too much."""
    curve, distance = index
    if not 0 <= curve < len(memories) or not 0 <= distance < len(memories[curve].log_norms):
        return None
    memory = memories[curve]
    place, largest = len(memory.log_norms) - 1 - distance, float(memory.log_norms.max())
    if not math.isfinite(float(memory.log_norms[place])) or abs(largest) > MOST:
        return None
    reading, model = bench.reading(memory.cell), bench.readers[memory.cell].model
    character, count = character_label(reading.text[place]), len(memory.log_norms)
    what = "the most probable next byte" if count == len(reading.text) else "which came after them"
    return Answer(
        f"{name_first(memory.cell)} · influence of “{character}”, {back(distance)}",
        f"How much this character moved L = ln P of “{memory.predicted}”, {what} "
        f"(P = {number(memory.probability)}): the length of L’s gradient with respect to what was read here, "
        f"as a share of the largest. Half of the sum of all lies in the last {_half(memory)}.",
        math.exp(float(memory.log_norms[place]) - largest),
        memory.log_norms.shape,
        _steps(model, reading, memory, place),
    )


def _half(memory: Memory) -> str:
    count = memory.half_distance or 0
    return "character" if count == 1 else f"{count} characters"


def _steps(model: CharacterModel, reading: Reading, memory: Memory, place: int) -> tuple[Step, ...]:
    predicted = len(memory.log_norms)
    end, last = int(reading.steps[predicted - 1]), int(reading.steps[place])
    gradients = _followed(model, reading, predicted, end)
    count = len(encode(reading.text[place]))
    entered = tuple(
        explain_input_gradient(
            reading.trace[: end + 1], model.recurrent, gradients, step, interventions=reading.interventions
        )
        for step in range(last - count + 1, last + 1)
    )
    return (
        _through_time(gradients, last, end),
        *entered,
        _share(memory, reading.text[:predicted], [step.lines[-1].value for step in entered]),
    )


def _followed(model: CharacterModel, reading: Reading, predicted: int, end: int) -> Gradients:
    """Of the prediction of the character `predicted`, which the step `end` makes, back from there."""
    known = _FOLLOWED.get(reading.trace)
    if known is None or known[0] != end:
        log_probabilities = reading.log_probabilities[end]
        upstream = output_gradient(
            model, log_probabilities, predicted_byte(reading.text[predicted:], log_probabilities)
        )
        found = gradients_through_time(
            reading.trace[: end + 1], model.recurrent, upstream, interventions=reading.interventions
        )
        _FOLLOWED.clear()
        known = _FOLLOWED[reading.trace] = end, found
    return known[1]


def _through_time(gradients: Gradients, step: int, end: int) -> Step:
    """From the prediction back to the state after the character."""
    hidden = gradients.layers[-1].hidden
    start, here = (norm(row(hidden, at)) for at in (end, step))
    lines = [Line("‖dL/dh‖ at the end", "‖W_out-transposed × (one-hot − P)‖", start)]
    if end > step and start:
        steps = end - step
        lines.append(Line("‖dL/dh‖ here", f"{steps} {'step' if steps == 1 else 'steps'} back", here))
        kept = math.exp(float(hidden.log_norms[step] - hidden.log_norms[end]) / steps)
        lines.append(Line("mean factor a step", f"({number(here)} / {number(start)})^(1/{steps})", kept))
    return Step("recurrent layer", "back through time", tuple(lines))


def _share(memory: Memory, text: str, norms: list[float]) -> Step:
    """What arrived at the character, beside all others."""
    everything = np.exp(memory.log_norms)
    largest, total, where = float(everything.max()), float(everything.sum()), int(everything.argmax())
    arrived, lines = math.hypot(*norms), []
    if len(norms) > 1:
        squares = " + ".join(f"{number(each)}²" for each in norms)
        lines.append(Line(f"its {len(norms)} bytes together", f"√({squares})", arrived))
    at = f"{number(arrived)} / {number(largest)}"
    first = f"“{character_label(text[where])}”, {back(len(text) - 1 - where)}"
    lines.append(Line("of the sum of all", f"{number(arrived)} / {number(total)}", arrived / total))
    lines.append(Line(f"of the largest, {first}", at, arrived / largest))
    return Step("influence", "beside the other characters", tuple(lines))
