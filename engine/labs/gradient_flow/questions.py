"""Ask any value of the gradient flow lab: what it is, where, and how it came about, with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.ask import Answer, Cell
from engine.labs.gradient_flow.questions_flow import of_bound, of_flow, of_map, of_measured
from engine.labs.gradient_flow.questions_learning import of_health, of_learning, of_meter, of_units
from engine.labs.gradient_flow.questions_moment import moment_of
from engine.labs.gradient_flow.questions_step import of_gate, of_jacobian, of_weights
from engine.labs.gradient_flow.snapshot import Meter, Runner

if TYPE_CHECKING:
    from engine.labs.gradient_flow.race import Race
    from engine.labs.gradient_flow.sentence import Sentence


def answer(
    race: Race | Sentence, runners: tuple[Runner, ...], meter: Meter | None, cell: Cell
) -> Answer | None:
    """How the value under the pointer came about; None where there is none (any more).

    Arrays, each with a network's name behind it, as in "flow-lstm": "flow" (t,), "map" (row, t), "bound" and
    "measured" (t,), "jacobian" (place,), "gate" (step,), "radius" and "singular" (gate, bucket), "loss" and
    "accuracy" (bucket,), "gradient" and "update" (parameter, bucket), "saturated" and "dead" (bucket,),
    "meter" (length,). Values of the newest curve are computed again in float64 while the weights that it was
    measured with are there.
    """
    kind, _, name = cell.array.partition("-")
    try:
        if kind == "meter":
            return None if meter is None else of_meter(meter, name, *cell.index)
        runner = next((each for each in runners if each.cell == name), None)
        return None if runner is None else _of_runner(race, runner, kind, cell.index)
    except IndexError:  # what was pointed at is of a longer sequence or run
        return None


def _of_runner(race: Race | Sentence, runner: Runner, kind: str, index: tuple[int, ...]) -> Answer | None:
    if min(index, default=0) < 0:
        return None
    if kind == "map":
        return of_map(runner, *index)
    if kind in ("loss", "accuracy"):
        return of_learning(race, runner, kind, *index)
    if kind in ("gradient", "update"):
        return of_health(runner, kind, *index)
    if kind in ("saturated", "dead"):
        return of_units(runner, kind, *index)
    moment = moment_of(race, runner)
    if kind == "flow":
        return of_flow(runner, moment, *index)
    if runner.mechanism is None:
        return None
    if kind in ("radius", "singular"):
        return of_weights(runner, runner.mechanism, moment, kind, *index)
    found = {"bound": of_bound, "measured": of_measured, "jacobian": of_jacobian, "gate": of_gate}.get(kind)
    return None if found is None else found(runner, runner.mechanism, moment, *index)
