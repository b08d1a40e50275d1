"""What the live gradient curves cost: against plain training, loops over cells, length, and many steps."""

from __future__ import annotations

import gc
from collections.abc import Iterator

from .finding import Finding
from .interleave import BASE, Spread, Timings, interleave
from .machine import Others

SENTENCE = "A step of several networks with their live gradient curves, against plain training of the same."
LIMIT = 1.1
RETAINED_LIMIT = 0.2
"""Of a loop over cells with `retain_grad`."""
AUTOGRAD_LIMIT = 1 / 50
"""Of a loop over cells with one `autograd.grad` a step."""
LINEAR_LIMIT = 1.15
"""Times as long a step of the sequence."""
GROWTH_LIMIT = 4.0
"""MB between two counts; the records that are still filling take less."""
LENGTHS = (60, 200, 1000)
ROUNDS = 24
EARLY, LATE = 50, 500
"""Steps after which what is held in memory is counted."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Three and six networks at three lengths; the curves alone, two other ways; length; memory."""
    from .gradient_flow_parts import SIX, THREE
    from .recurrent import prepared

    prepared()
    for cells in (THREE, SIX):
        for length in LENGTHS:
            yield from _against_plain(cells, length, max(5, rounds * LENGTHS[0] // length))
    for length in LENGTHS[:2]:
        yield from _against_loops(length, max(2, rounds // 6))
    yield from _by_length(max(3, rounds // 4))
    yield from _of_memory()


def _against_plain(cells: str, length: int, rounds: int) -> Iterator[Finding]:
    """Looked at as often as in the application; not at all; and at every single step."""
    from .gradient_flow_parts import PlainTraining, Turns, computed, config_of, repeated

    config, others = config_of(cells, length), Others()
    live, unseen, every = Turns(config, live=True), Turns(config, live=False), Turns(config, live=False)
    many = max(1, 360 // length)  # steps of a round, so that each has its share of looks
    runs = {
        "live": repeated(live.step, many),
        "nobody looking": repeated(unseen.step, many),
        "at every step": repeated(lambda: every.step(look=True), many),
    }
    plain = repeated(computed(PlainTraining(config).step), many)
    timings = interleave(plain, runs, rounds, warm_up=1)
    load, count = others.cores(), len(config.cells.split(","))
    shown = f"the curve of every {live.race.steps / max(1, live.looks):.3g} steps"
    for name in runs:
        note = f"{shown}; {timings.fastest(name)}" if name == "live" else timings.fastest(name)
        title = f"{count} networks, T = {length}, {name}"
        yield Finding(title, overall(timings, name), LIMIT, load, control=timings.control, note=note)


def overall(timings: Timings, name: str) -> Spread:
    """Times as long over all rounds together, and the quartiles of the rounds' own ratios.

    A look falls into some rounds only, and the median of the rounds might leave it out.
    """
    own = timings.ratio(name)
    return Spread(sum(timings.seconds[name]) / sum(timings.seconds[BASE]), own.low, own.high)


def _against_loops(length: int, rounds: int) -> Iterator[Finding]:
    """The curves of one sequence in three networks: what the lab adds to training against two loops."""
    from .gradient_flow_parts import computed, curves

    others = Others()
    ours = computed(curves(length, "measured"))
    ways = {way: computed(curves(length, way)) for way in ("retained", "called")}
    timings = interleave(ours, ways, rounds, warm_up=1)
    load = others.cores()
    for way, name, limit in (
        ("retained", "of retain_grad in a loop", RETAINED_LIMIT),
        ("called", "of autograd.grad a step", AUTOGRAD_LIMIT),
    ):
        slower = timings.ratio(way)
        share = Spread(1 / slower.median, 1 / slower.high, 1 / slower.low)
        note = f"{slower.median:.3g} times as fast"
        yield Finding(f"curves, T = {length}, {name}", share, limit, load, control=timings.control, note=note)


def _by_length(rounds: int) -> Iterator[Finding]:
    """Seconds a step of the sequence, where that is ten and twenty times as long."""
    from .gradient_flow_parts import THREE, Turns, config_of, repeated

    others, (short, *longer) = Others(), (100, 500, 1000)

    def run(length: int) -> object:
        step, many = Turns(config_of(THREE, length), live=True).step, max(1, 500 // length)
        of_all = repeated(lambda: step(look=True), many)
        return lambda: of_all() / length

    timings = interleave(run(short), {f"{length}": run(length) for length in longer}, rounds, warm_up=1)
    load = others.cores()
    for length in longer:
        figure, name = timings.ratio(f"{length}"), f"a step of {length} against one of {short}"
        yield Finding(name, figure, LINEAR_LIMIT, load, control=timings.control)


def _of_memory() -> Iterator[Finding]:
    """What there is after some steps and after ten times as many: tensors, and the process's memory."""
    from .gradient_flow_parts import THREE, Turns, config_of

    others, turns = Others(), Turns(config_of(THREE, 20), live=True)
    counts = []
    for steps in (EARLY, LATE):
        while turns.race.steps < steps:
            turns.step(look=True)
            turns.race.runners()
        counts.append((_tensors(), _resident()))
    (few, small), (many, large) = counts
    name, note = f"after {LATE} steps against {EARLY}", f"{few} and {many} tensors"
    yield Finding(f"tensors {name}", Spread.of([many / few]), 1.0, others.cores(), note=note)
    yield Finding(f"memory {name}", Spread.of([large - small]), GROWTH_LIMIT, others.cores(), "MB")


def _tensors() -> int:
    import torch

    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def _resident() -> float:
    """MB of this process that lie in memory; its most where no system tells."""
    from gui.process_memory import resident_bytes

    return resident_bytes() / 1e6
