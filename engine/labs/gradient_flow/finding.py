"""What was measured, in a sentence or two: who lost the gradient and how much of it, who learned, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.data.sequence_tasks import TASKS
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.finding_learning import learned
from engine.labs.gradient_flow.question_words import joined, power, share
from engine.labs.gradient_flow.snapshot import Runner

FLOAT32_ENDS = -149 * math.log10(2)
"""log10 of the smallest number above 0 that float32 can hold: 1.4e−45."""
ALIKE = 1.0
"""Powers of ten within which networks are said to lose the same."""
SAME = math.log10(1.5)
"""A gradient that changes by a smaller factor keeps its size."""
LISTED = 4
"""Networks that are told of one by one; of more, the two ends."""
PART = 0.5
"""Of the powers of ten that a half closed gate costs: from there on it is told as the reason."""
FACTOR = 2.0
"""Powers of ten from which a change is told as one."""
OPEN, HALF_CLOSED = 0.8, 0.7
"""From which mean a gate is said to be open, and below which it is not."""


def finding(
    runners: Sequence[Runner], config: GradientFlowConfig, baseline_accuracy: float, updates: int
) -> str:
    """One to three sentences from the numbers alone; "" where there is nothing to tell.

    `updates` is how many of each network that goes on are done, `baseline_accuracy` what guessing scores.
    """
    going = [each for each in runners if each.exploded_at is None]
    first = 2 if config.task == "sentence" else 1  # a sentence begins with a line's start
    changes = {each.title: _change(each, first) for each in going}
    known = {title: change for title, change in changes.items() if not math.isnan(change)}
    told = (
        _exploded(config, runners),
        _flow(config, going, known) if known else "",
        "" if _has_loss_at_every_step(config) or len(going) < len(runners) else _gates(going, known),
        learned(config, going, updates, baseline_accuracy),
    )
    return " ".join(sentence for sentence in told if sentence)


# Explosions -------------------------------------------------------------------------------------------


def _exploded(config: GradientFlowConfig, runners: Sequence[Runner]) -> str:
    gone = [each for each in runners if each.exploded_at is not None]
    if not gone:
        return ""
    told = joined([f"the {runner.title} exploded at {_when(runner)}" for runner in gone])
    how = "clipped as it was" if config.clip or config.clip_value else "with nothing to clip it"
    left = len(runners) - len(gone)
    rest = {0: "no network is left", 1: "the other goes on"}.get(left, "the others go on")
    return _sentence(f"{told}, {how}; {rest}")


def _when(runner: Runner) -> str:
    size = runner.log10_largest
    largest = f" (largest gradient {power(size)})" if math.isfinite(size) else ""
    return f"update {runner.exploded_at}{largest}"


# The way back -----------------------------------------------------------------------------------------


def _flow(config: GradientFlowConfig, runners: Sequence[Runner], changes: dict[str, float]) -> str:
    """How much of the gradient is left at the first step."""
    place = "character" if config.task == "sentence" else "step"
    own = ", though every step of this task has a loss of its own" if _has_loss_at_every_step(config) else ""
    told = _alike(changes) or _one_by_one(changes)
    return f"Back to the first {place} the gradient {told}{own}{_below_float32(runners)}."


def _has_loss_at_every_step(config: GradientFlowConfig) -> bool:
    """Then a gradient at the first step need not have come from the last."""
    task = TASKS.get(config.task)
    return task is not None and task.every_step


def _change(runner: Runner, first: int) -> float:
    """Powers of ten by which ‖∂L/∂h‖ grows from the last step back to the first; NaN where there is none."""
    curve = runner.flow.log10_norms
    last = float(curve[-1])
    return float(curve[min(first, len(curve) - 1)]) - last if math.isfinite(last) else math.nan


def _alike(changes: dict[str, float]) -> str:
    """All at once, where there are several and all lose or gain about the same."""
    low, high = min(changes.values()), max(changes.values())
    if len(changes) == 1 or not math.isfinite(low) or high - low >= ALIKE:
        return ""
    about = 10 ** ((high - low) / 2)
    all_of_them = "both" if len(changes) == 2 else f"all {len(changes)}"
    return f"{_phrase((low + high) / 2)} in {all_of_them} networks, give or take a factor of {about:.1f}"


def _one_by_one(changes: dict[str, float]) -> str:
    """The network that loses most first."""
    ordered = sorted(changes.items(), key=lambda pair: pair[1])
    chosen = ordered if len(ordered) <= LISTED else [ordered[0], ordered[-1]]
    parts, before = [], ""
    for title, change in chosen:
        verb, _, amount = _phrase(change).partition(" ")
        said = verb == before and verb != "keeps"  # once for neighbours that have it in common
        parts.append(f"of the {title} {amount if said else f'{verb} {amount}'}")
        before = verb
    between = len(ordered) - len(chosen)
    return joined(parts) + (f", of the other {between} something between" if between else "")


def _phrase(change: float) -> str:
    """A change in powers of ten: "shrinks by 10¹²", "shrinks to 30 %", "keeps its size"."""
    if change == -math.inf:
        return "vanishes altogether"
    if abs(change) < SAME:
        return "keeps its size"
    if abs(change) < FACTOR:
        return f"shrinks to {share(10**change)}" if change < 0 else f"grows by a factor of {10**change:.2g}"
    return f"{'shrinks' if change < 0 else 'grows'} by {power(abs(change))}"


def _below_float32(runners: Sequence[Runner]) -> str:
    """Who has a gradient at the first step for which float32 has no number."""
    curves = {each.title: each.flow.log10_norms for each in runners}
    gone = [f"the {title}" for title, curve in curves.items() if -math.inf < curve[1] < FLOAT32_ENDS]
    return f"; at the first step of {joined(gone)} float32 would have written 0" if gone else ""


def _gates(runners: Sequence[Runner], changes: dict[str, float]) -> str:
    """That it is the open gate which keeps the gradient, or a half closed one that does not: as measured."""
    gates = {r.title: r for r in runners if r.title in changes and r.mechanism and r.mechanism.gate}
    if not gates:
        return ""
    best = max(changes, key=lambda title: changes[title])
    losing = [title for title in changes if changes[title] <= changes[best] - ALIKE]
    if _is_open(gates, best) and any(not _is_open(gates, title) for title in losing):
        shut = [gates[t] for t in losing if t in gates and _mean(gates[t]) < HALF_CLOSED]
        return f"It is the open gate that keeps it: {_through(gates[best])}{_against(shut)}."
    half = [each for each in gates.values() if _mean(each) < HALF_CLOSED]
    lost = [each for each in half if changes[each.title] <= min(_left(each) * PART, -FACTOR)]
    return _lost_by(lost[0]) if lost else ""


def _is_open(gates: dict[str, Runner], title: str) -> bool:
    return title in gates and _mean(gates[title]) >= OPEN


def _left(runner: Runner) -> float:
    """log10 of what the mean gate lets through from the last step back to the first."""
    mean = _mean(runner)
    return (len(runner.flow.log10_norms) - 2) * math.log10(mean) if mean > 0 else -math.inf


def _lost_by(runner: Runner) -> str:
    left, steps = power(_left(runner)), len(runner.flow.log10_norms) - 2
    return f"To have a gate is not enough: {_through(runner)}, in {steps} steps {left}."


def _through(runner: Runner) -> str:
    gate = runner.mechanism.gate if runner.mechanism else ""
    return f"the {gate} gate of the {runner.title} lets {share(_mean(runner))} through a step"


def _against(shut: Sequence[Runner]) -> str:
    return f", that of the {shut[0].title} {share(_mean(shut[0]))}" if shut else ""


def _mean(runner: Runner) -> float:
    return float(np.mean(runner.mechanism.gate_mean)) if runner.mechanism else math.nan


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
