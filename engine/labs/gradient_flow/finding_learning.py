"""Who learned and who guesses, in a sentence: by how often they are right, or by how much they err."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.data.sequence_tasks import TASKS
from engine.data.sequence_tasks.task import Regression
from engine.explain.ladder import solved_from
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.question_words import joined, share
from engine.labs.gradient_flow.runner import LAST_BATCHES
from engine.labs.gradient_flow.snapshot import Runner

SCATTER = math.sqrt(1 / 15 - 1 / 36)
"""Standard deviation of the squared error of answering 1 in the adding problem, whose sums have a triangular
density from 0 to 2."""


@dataclass(frozen=True)
class _Scores:
    """What each network scores now, in words, and who scores no more than a guess."""

    told: dict[str, str]
    """By cell."""
    guessing: set[str]
    unit: str
    """What the first of the scores that are told is followed by."""
    best: str
    guess: str


def learned(config: GradientFlowConfig, runners: Sequence[Runner], updates: int, chance: float) -> str:
    """Of the networks that go on; "" for the sentence, which is read and not learned."""
    if config.task == "sentence" or not runners:
        return ""
    known = [each for each in runners if not math.isnan(each.recent_accuracy)]
    if not known:
        return "Nothing has been learned yet."
    count = max(1, min(updates, LAST_BATCHES) * config.batch)
    task = TASKS[config.task]
    if isinstance(task, Regression):
        scores = _errors(known, updates, count, task.baseline(config.length).loss)
    else:
        scores = _rights(known, count, chance)
    after = f"After {updates} update{'' if updates == 1 else 's'}"
    solved = [each for each in known if each.recent_accuracy >= solved_from(chance)]
    guessing = [each for each in known if each.cell in scores.guessing and each not in solved]
    if len(guessing) == len(known) > 1:
        return f"{after} none beats guessing ({scores.guess}): {scores.best}."
    between = [each for each in known if each not in solved and each not in guessing]
    told = dict(scores.told)
    told[(solved + between + guessing)[0].cell] += scores.unit  # by the first the others are understood
    parts = (
        _who(solved, told, "has learned the task", "have learned the task"),
        _who(between, told, "does better than guessing", "do better than guessing"),
        _who(guessing, told, "does no better than guessing", "do no better than guessing"),
    )
    return f"{after} {'; '.join(part for part in parts if part)}; guessing: {scores.guess}."


def _rights(known: Sequence[Runner], count: int, chance: float) -> _Scores:
    """By the accuracy; `count` sequences tell a guess from more, but for once in hundreds of times."""
    margin = 3 * math.sqrt(chance * (1 - chance) / count)
    rights = {each.cell: each.recent_accuracy for each in known}
    return _Scores(
        {cell: share(right) for cell, right in rights.items()},
        {cell for cell, right in rights.items() if right <= chance + margin},
        " right",
        f"{share(max(rights.values()))} right at most",
        share(chance),
    )


def _errors(known: Sequence[Runner], updates: int, count: int, guess: float) -> _Scores:
    """By the squared error, which tells long before the answers count as right."""
    errors = {each.cell: _recent_error(each, updates) for each in known}
    return _Scores(
        {cell: f"{error:.3f}" for cell, error in errors.items()},
        {cell for cell, error in errors.items() if not error < guess - 3 * SCATTER / math.sqrt(count)},
        " squared error",
        f"{min(errors.values()):.3f} squared error at least",
        f"{guess:.3f}",
    )


def _recent_error(runner: Runner, updates: int) -> float:
    """Mean loss of the last 20 batches, or of as many as the last bucket of its record holds."""
    recent = runner.loss[runner.steps > updates - LAST_BATCHES]
    return float((recent if len(recent) else runner.loss[-1:]).mean()) if len(runner.loss) else math.nan


def _who(runners: Sequence[Runner], told: Mapping[str, str], one: str, many: str) -> str:
    """The networks that do alike."""
    if not runners:
        return ""
    names = [f"the {each.title} ({told[each.cell]})" for each in runners]
    return f"{joined(names)} {one if len(runners) == 1 else many}"
