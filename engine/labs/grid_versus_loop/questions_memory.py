"""Ask how often a network found the answer at a lag, or how much one step moved its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.ask import Answer, Cell, Line, Step
from engine.data.series.lookback import CHANCE, SYMBOLS
from engine.explain.arithmetic_format import number
from engine.labs.grid_versus_loop.finding_words import counted
from engine.labs.grid_versus_loop.memory_trial import Trial, influence_of
from engine.labs.grid_versus_loop.questions_counted import answer_about_counted

if TYPE_CHECKING:
    from engine.labs.grid_versus_loop.memory import Memory


def answer_about_memory(memory: Memory, cell: Cell) -> Answer | None:
    """Cells: ("memory-NAME", lag's place), ("influence-NAME", steps back), ("counted-NAME", column).

    None for one that knows nothing of these, or where nothing was measured yet.
    """
    kind, _, name = cell.array.partition("-")
    if name not in memory.networks or len(cell.index) != 1:
        return None
    place = cell.index[0]
    if kind == "memory":
        return _of_lag(memory, name, place)
    if kind == "influence":
        return _of_influence(memory, name, place)
    return answer_about_counted(memory.counted[name], place) if kind == "counted" else None


def _of_lag(memory: Memory, name: str, place: int) -> Answer | None:
    trial = memory.trials.get((name, memory.lags[place])) if 0 <= place < len(memory.lags) else None
    if trial is None:
        return None
    title, solved = memory.counted[name].title, memory.ladder.solved
    lines = (
        Line("guessing", f"1 / {SYMBOLS} symbols", CHANCE),
        Line("solved from", "nine tenths of the way from there to 1", solved),
        Line("accuracy", f"{trial.right:,} right / {trial.asked:,} streams", trial.accuracy),
    )
    return Answer(
        f"{title} · {counted(trial.task.lag, 'step')} back",
        f"The share of right answers in its last batches. No stream comes twice, so each of them is a test. "
        f"{_how_it_ended(trial, solved)}",
        trial.accuracy,
        (len(memory.ladder.accuracy[name]),),
        (Step(title, f"after update {trial.updates:,} at this lag", lines),),
    )


def _how_it_ended(trial: Trial, solved: float) -> str:
    if trial.exploded_at is not None:
        return f"The loss was no number at update {trial.exploded_at:,}."
    if trial.accuracy >= solved:
        return f"It took {counted(trial.updates, 'update')}."
    return f"It did not come further in {counted(trial.updates, 'update')}."


def _of_influence(memory: Memory, name: str, place: int) -> Answer | None:
    lag = memory.ladder.highest[name]
    if lag is None or not 0 <= place < memory.length:
        return None
    trial = memory.trials[name, lag]
    x, y = memory.looked_at(trial.task)
    found = influence_of(trial.network, x, y)
    furthest = int(found.argmax())
    value, largest = float(found[place]), float(found[furthest])
    title, shown = memory.counted[name].title, value / largest
    lines = (
        Line(f"mean ‖∂ logit / ∂x‖, {counted(place, 'step')} back", f"over {len(y)} streams", value),
        Line(f"the largest, {counted(furthest, 'step')} back", "likewise", largest),
        Line("influence", f"{number(value)} / {number(largest)}", shown),
    )
    return Answer(
        f"{title} · influence of the step {place} back",
        f"How much the logit of the right class depends on what was read {counted(place, 'step')} before the "
        f"last, as learned at a lag of {lag}. {_where(memory, name, place)}",
        shown,
        (memory.length,),
        (Step(title, "the gradient, in float64", lines),),
    )


def _where(memory: Memory, name: str, place: int) -> str:
    field = memory.field(name)
    if field is None:
        return "A loop may depend on everything that it read."
    side = "within" if place < field else "before"
    return f"It lies {side} the receptive field, which is the last {field} steps."
