"""How far back the networks found the answer, in a sentence or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.labs.grid_versus_loop.finding_words import counted as how_many
from engine.labs.grid_versus_loop.finding_words import joined, percent, sentence
from engine.labs.grid_versus_loop.memory_trial import Trial
from engine.labs.grid_versus_loop.snapshot import Counted, Remembered


def finding_of_memory(
    seen: Remembered, counted: Mapping[str, Counted], updates: int, trial: Trial | None
) -> str:
    """Of what each network reached; `trial` is the one that learns now. "" before there is any."""
    grids = [name for name in seen.accuracy if counted[name].family == "grid" and seen.accuracy[name]]
    loops = [name for name in seen.accuracy if counted[name].family == "loop" and seen.accuracy[name]]
    parts = [sentence(_grid(name, seen, counted[name])) for name in grids]
    parts += [_loops(loops, seen, counted, updates), _compared(grids, loops, seen, counted, trial)]
    parts = [part for part in parts if part]
    if trial is not None and parts:
        parts.append(_now(trial, counted))
    return " ".join(parts)


def _grid(name: str, seen: Remembered, counted: Counted) -> str:
    """ "the CNN, which sees 9 steps, finds the answer 8 steps back and not 16"."""
    return f"the {counted.title}, which sees {seen.fields[name]} steps, {_reach(name, seen)}"


def _reach(name: str, seen: Remembered) -> str:
    longest, missed = seen.longest[name], missed_beyond(name, seen)
    if longest is None:
        return f"does not even find it {how_many(seen.lags[0], 'step')} back"
    return f"finds the answer {how_many(longest, 'step')} back" + (f" and not {missed}" if missed else "")


def missed_beyond(name: str, seen: Remembered) -> int | None:
    """The first lag that it failed at beyond the longest that it solved; None where there is none."""
    tried = zip(seen.lags, seen.accuracy[name], strict=False)
    failed = (lag for lag, accuracy in tried if accuracy < seen.solved and lag > (seen.longest[name] or 0))
    return next(failed, None)


def _loops(names: Sequence[str], seen: Remembered, counted: Mapping[str, Counted], updates: int) -> str:
    if not names:
        return ""
    ranked = sorted(names, key=lambda name: seen.longest[name] or 0, reverse=True)
    told = [f"the {counted[name].title} {_reach(name, seen)}" for name in ranked]
    return sentence(f"within {updates:,} updates {joined(told)}")


def _compared(
    grids: Sequence[str],
    loops: Sequence[str],
    seen: Remembered,
    counted: Mapping[str, Counted],
    trial: Trial | None,
) -> str:
    """Who got furthest of all, once everything is known."""
    if trial is not None or not grids or not loops:
        return ""
    grid, loop = (max(names, key=lambda name: seen.longest[name] or 0) for names in (grids, loops))
    reached = seen.longest[grid] or 0, seen.longest[loop] or 0
    if reached[0] > reached[1]:
        return (
            f"A loop has no receptive field that ends, yet the {counted[loop].title} learned to look back no "
            f"further than {reached[1]}, and the {counted[grid].title} {reached[0]}."
        )
    if reached[0] < reached[1]:
        return f"The {counted[loop].title} looks back further than any convolution here: {reached[1]}."
    return f"Both kinds look back {reached[0]}."


def _now(trial: Trial, counted: Mapping[str, Counted]) -> str:
    share = f", {percent(trial.accuracy)} right" if trial.asked else ""
    return (
        f"Now the {counted[trial.name].title} learns a lag of {trial.task.lag}: update {trial.updates:,} of "
        f"at most {trial.plan.updates:,}{share}."
    )
