"""Ask how a network learns: its loss, its accuracy, its parameters, its units, and the memory meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import number
from engine.labs.gradient_flow.question_words import share, updates
from engine.labs.gradient_flow.race import Race
from engine.labs.gradient_flow.snapshot import Health, Meter, Runner
from engine.models.recurrent_networks import NETWORKS

if TYPE_CHECKING:
    from engine.labs.gradient_flow.sentence import Sentence


def of_learning(race: Race | Sentence, runner: Runner, kind: str, bucket: int) -> Answer | None:
    """A point of the loss or the accuracy; None for the sentence, which nothing learns."""
    if not isinstance(race, Race):
        return None
    task = race.task
    baseline, values = task.baseline(race.length), runner.loss if kind == "loss" else runner.accuracy
    value, when = float(values[bucket]), updates(runner.steps, bucket, race.steps)
    guess = baseline.loss if kind == "loss" else baseline.accuracy
    defined = task.loss_definition if kind == "loss" else task.accuracy_definition
    lines = [Line("remembering nothing", baseline.sentence.rstrip("."), guess)]
    if kind == "loss":
        lines.append(Line("lowest batch", when, float(runner.loss_low[bucket])))
        lines.append(Line("highest batch", when, float(runner.loss_high[bucket])))
    lines.append(Line(kind, f"mean over the batches, {when}", value))
    return Answer(f"{runner.title} · {kind}, {when}", defined, value, values.shape, (_measured(kind, lines),))


def of_health(runner: Runner, kind: str, parameter: int, bucket: int) -> Answer | None:
    """A point of a parameter's gradient norm ("gradient") or update-to-weight ratio ("update")."""
    health = runner.health
    if health is None:
        return None
    name, is_norm = health.parameters[parameter], kind == "gradient"
    values = health.gradient_norms if is_norm else health.update_ratios
    value, when = float(values[parameter, bucket]), _when(health, bucket)
    what = "gradient norm" if is_norm else "update-to-weight ratio"
    meaning = (
        "The length of the loss’s gradient with respect to this parameter, over the batch, before clipping."
        if is_norm
        else "How far an update moved the parameter, as a part of its own length."
    )
    formula = (
        "√(sum of the squared derivatives)" if is_norm else "‖weights after − before‖ / ‖weights before‖"
    )
    line = Line(what, f"{formula}, mean of what was measured", value)
    return Answer(
        f"{runner.title} · {what} of {name}, {when}", meaning, value, values.shape, (_measured(name, [line]),)
    )


def of_units(runner: Runner, kind: str, bucket: int) -> Answer | None:
    """A point of the share of saturated values or dead units."""
    health = runner.health
    if health is None:
        return None
    values = health.saturated if kind == "saturated" else health.dead
    value, when = float(values[bucket]), _when(health, bucket)
    is_relu = runner.cell in ("relu", "irnn")
    dead = (
        "are 0 at every step of the shown sequence: relu lets no gradient through them"
        if is_relu
        else "move by less than 0.01 along the shown sequence"
    )
    meaning = {
        "saturated": "The share of hidden values of the shown sequence with |h| above 0.99, where tanh is so "
        "flat that it lets less than a fiftieth of a gradient through.",
        "dead": f"The share of units that {dead}.",
    }[kind]
    what = "saturated values" if kind == "saturated" else "dead units"
    line = Line(what, "mean of what was measured", value)
    return Answer(
        f"{runner.title} · {what}, {when}", meaning, value, values.shape, (_measured("units", [line]),)
    )


def of_meter(meter: Meter, cell: str, length: int) -> Answer | None:
    """How far a network came at one of the lengths; None where it was not tried."""
    reached = meter.accuracy.get(cell, ())
    if not 0 <= length < len(reached):
        return None
    value, steps = reached[length], meter.lengths[length]
    longest = meter.longest[cell]
    lines = (
        Line("guessing", "", meter.chance),
        Line("solved from", f"{number(meter.chance)} + 0.9 × (1 − {number(meter.chance)})", meter.solved),
        Line("accuracy", "mean over its last 20 batches", value),
    )
    did = "It solved this length" if value >= meter.solved else "It did not solve this length"
    furthest = "no length so far" if longest is None else f"{longest} steps"
    return Answer(
        f"{NETWORKS[cell].title} · accuracy at {steps} steps",
        f"A network that began anew at this length, after at most {meter.steps} updates. {did} "
        f"({share(value)} right); the longest it solved: {furthest}.",
        value,
        (len(reached),),
        (Step("memory meter", f"{steps} steps", lines),),
    )


def _measured(what: str, lines: list[Line]) -> Step:
    return Step(what, "as measured while it learned", tuple(lines))


def _when(health: Health, bucket: int) -> str:
    return updates(health.steps, bucket, int(health.steps[-1]))
