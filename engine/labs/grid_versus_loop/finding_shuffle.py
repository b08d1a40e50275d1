"""What exchanged positions do, in a sentence or two: who does not care, who collapses, who learns anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.labs.grid_versus_loop.finding_words import are_alike, counted, is_above, joined, percent, sentence


@dataclass(frozen=True)
class Twins:
    """Accuracies of one network and of its twin, on all test examples; NaN where not measured yet."""

    title: str
    in_order: float
    exchanged: float
    """Of the twin that learned from exchanged positions, on those."""
    at_once: float
    """Of the one that learned in order, on exchanged positions."""


@dataclass(frozen=True)
class Turned:
    """One network about which the switch was turned while it learned."""

    title: str
    before: float
    first: float
    """At the first test after that; NaN before there is one."""
    now: float


def finding_of_twins(
    twins: Sequence[Twins],
    examples: int,
    updates: int,
    chance: float,
    window: int,
    length: int,
    since: int = 0,
) -> str:
    """Of networks that learn in order and of their twins; `examples` is how many they are tested on.

    `since` is the update after which the twins' positions were exchanged in another way than before.
    """
    known = [one for one in twins if not math.isnan(one.in_order + one.exchanged)]
    if not known or not updates:
        return ""
    how = "completely" if window >= length else f"within windows of {window}"
    if window == 1:
        return "Windows of 1 exchange nothing: both twins learn the same."
    taught = [one for one in known if is_above(max(one.in_order, one.exchanged), chance, examples)]
    if not taught:
        best = percent(max(max(one.in_order, one.exchanged) for one in known))
        return (
            f"After {counted(updates, 'update')} none beats guessing yet ({percent(chance)}; {best} at most)."
        )
    last = f", the last {updates - since:,} of them" if since else ""
    after = f"after {counted(updates, 'update')}{last} on positions exchanged {how}"
    learned = f"{after}, {_learned(taught, examples)}"
    return " ".join(filter(None, (sentence(learned), _at_once(taught, examples, chance))))


def _learned(twins: Sequence[Twins], examples: int) -> str:
    """Who reaches less than its twin, who as much, who more."""
    lower = [one for one in twins if is_above(one.in_order, one.exchanged, examples)]
    higher = [one for one in twins if is_above(one.exchanged, one.in_order, examples)]
    alike = [one for one in twins if one not in lower and one not in higher]
    careless = "does not care" if len(alike) == 1 else "do not care"
    parts = (
        _instead(lower),
        _instead(higher),
        f"{joined([f'the {one.title} ({_pair(one)})' for one in alike])} {careless}" if alike else "",
    )
    return "; ".join(filter(None, parts))


def _instead(twins: Sequence[Twins]) -> str:
    told = [f"the {one.title} reaches {percent(one.exchanged)}" for one in twins[:1]]
    told += [f"the {one.title} {percent(one.exchanged)}" for one in twins[1:]]
    return joined(
        [f"{text} instead of {percent(one.in_order)}" for text, one in zip(told, twins, strict=True)]
    )


def _pair(one: Twins) -> str:
    return f"{percent(one.exchanged)}, in order {percent(one.in_order)}"


def _at_once(twins: Sequence[Twins], examples: int, chance: float) -> str:
    """What those that learned in order make of exchanged positions."""
    known = [one for one in twins if not math.isnan(one.at_once) and is_above(one.in_order, chance, examples)]
    if not known:
        return ""
    lower = [one for one in known if is_above(one.in_order, one.at_once, examples)]
    collapsed = [one for one in lower if one.at_once - chance < (one.in_order - chance) / 2]
    fallen = [one for one in lower if one not in collapsed]
    kept = [one for one in known if one not in lower]
    parts = (
        _who(collapsed, "collapses", "collapse"),
        _who(fallen, "falls", "fall"),
        _who(kept, "does not notice", "do not notice"),
    )
    told = "; ".join(filter(None, parts))
    return sentence(f"asked about them without learning anew, {told}; guessing gets {percent(chance)}")


def _who(twins: Sequence[Twins], one: str, many: str) -> str:
    if not twins:
        return ""
    names = joined([f"the {each.title} ({percent(each.at_once)})" for each in twins])
    return f"{names} {one if len(twins) == 1 else many}"


def finding_of_exchanged(reached: Sequence[tuple[str, float]], updates: int, chance: float) -> str:
    """Where the switch was on from the beginning: what each network, by its title, reaches."""
    known = [f"the {title} {percent(accuracy)}" for title, accuracy in reached if not math.isnan(accuracy)]
    if not known or not updates:
        return ""
    after = f"after {counted(updates, 'update')} on nothing but exchanged positions"
    return sentence(f"{after} right answers are, of {joined(known)}; guessing gets {percent(chance)}")


def finding_of_switch(turned: Sequence[Turned], examples: int, step: int, *, is_on: bool) -> str:
    """Of the switch that was turned after update `step` while networks learned; "" before a test follows."""
    known = [one for one in turned if not math.isnan(one.before + one.first)]
    if not known:
        return ""
    what = "the positions were exchanged" if is_on else "the positions were put back in order"
    told = joined([_since(one, examples) for one in known])
    return sentence(f"after update {step:,} {what}: {told}")


def _since(one: Turned, examples: int) -> str:
    before, first, now = percent(one.before), percent(one.first), percent(one.now)
    if is_above(one.before, one.first, examples):
        fell = f"the {one.title} fell from {before} to {first}"
        if is_above(one.now, one.first, examples):
            whole = "has learned anew" if not is_above(one.before, one.now, examples) else "has come back"
            return f"{fell} and {whole} to {now}"
        return fell
    if are_alike(one.before, one.first, examples):
        return f"the {one.title} stayed at {first}"
    return f"the {one.title} rose from {before} to {first}"
