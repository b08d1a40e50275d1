"""The table at the end: what textbooks say of grid and loop, beside what was measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.labs.grid_versus_loop import judging
from engine.labs.grid_versus_loop.experiment import Experiment
from engine.labs.grid_versus_loop.judging import GRIDS, LOOPS, Facts, Judged, Rule
from engine.labs.grid_versus_loop.snapshot import Row


@dataclass(frozen=True)
class Claim:
    """What a textbook says, which experiment asks, and by which rule its numbers answer."""

    about: str
    claim: str
    experiment: str
    rule: Rule


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "data",
        "A CNN suits data with neighbours better than a network whose weights are bound to positions.",
        "mnist1d",
        judging.more_accurate(("cnn",), ("mlp",)),
    ),
    Claim(
        "data",
        "Time series are for recurrent networks rather than for convolutions.",
        "mnist1d",
        judging.more_accurate(LOOPS, GRIDS),
    ),
    Claim(
        "data",
        "Pictures are for convolutions rather than for networks that read them row by row.",
        "rows",
        judging.more_accurate(GRIDS, LOOPS),
    ),
    Claim(
        "data",
        "Text is for recurrent networks rather than for convolutions.",
        "text",
        judging.more_accurate(LOOPS, GRIDS),
    ),
    Claim(
        "memory",
        "A CNN knows what lies in its receptive field, and nothing before it.",
        "memory",
        judging.ends_with_its_field("cnn"),
    ),
    Claim(
        "memory",
        "A recurrent network keeps what it has read, however long ago that was.",
        "memory",
        judging.reaches_every_lag(LOOPS),
    ),
    Claim(
        "memory",
        "Recurrent networks look back further than convolutions.",
        "memory",
        judging.looks_further(LOOPS, GRIDS),
    ),
    Claim(
        "limits",
        "A vanilla RNN forgets first, as its gradients vanish; gates make a GRU or LSTM look back further.",
        "memory",
        judging.looks_further(("gru", "lstm"), ("rnn",)),
    ),
    Claim(
        "architecture",
        "A convolution lives on neighbours: exchanged positions make it learn worse.",
        "shuffle",
        judging.suffers_from_shuffling(("cnn",)),
    ),
    Claim(
        "architecture",
        "A recurrent network lives on order: exchanged positions make it learn worse.",
        "shuffle",
        judging.suffers_from_shuffling(LOOPS),
    ),
    Claim(
        "architecture",
        "An MLP does not know what a neighbour is: exchanged positions are all the same to it.",
        "shuffle",
        judging.ignores_shuffling("mlp"),
    ),
    Claim(
        "architecture",
        "Grid and loop use the same weights at every position: longer sequences need no more of them.",
        "cost",
        judging.shares_weights(("cnn", "rnn", "gru", "lstm")),
    ),
    Claim(
        "cost",
        "A loop takes its steps one after the other, a convolution all at once.",
        "cost",
        judging.grows_with_length(LOOPS, GRIDS),
    ),
    Claim(
        "cost",
        "One more position costs a convolution less time than a recurrent network.",
        "cost",
        judging.costs_less_per_position(GRIDS, LOOPS),
    ),
    Claim(
        "best uses",
        "A CNN knows a pattern wherever it lies.",
        "shift",
        judging.survives_moving("cnn"),
    ),
    Claim(
        "best uses",
        "A pattern that moves is for a CNN: an MLP has to learn it anew in every place.",
        "shift",
        judging.loses_less_by_moving("cnn", "mlp"),
    ),
    Claim(
        "best uses",
        "A convolution that feeds a recurrent network does better than either alone.",
        "hybrid",
        judging.more_accurate(("cnn+gru",), ("cnn", "gru")),
    ),
)


def table(experiments: Mapping[str, Experiment], *, now: bool = False) -> tuple[Row, ...]:
    """A row for each claim; `experiments` by name are those that were begun.

    A claim is open while its experiment has not run to its end, while a network that it needs takes no part,
    or where the numbers are too close for its rule. `now` asks for numbers that are not even a second old.
    """
    return tuple(_row(claim, experiments.get(claim.experiment), now) for claim in CLAIMS)


def _row(claim: Claim, experiment: Experiment | None, now: bool) -> Row:
    judged = None if experiment is None else _judged(claim.rule, Facts(experiment.facts(now=now)))
    if experiment is None or judged is None:
        return Row(claim.claim, claim.about, claim.experiment, "", "open")
    if experiment.can_step:
        done = f"after {experiment.step_count:,} of {experiment.total:,} steps: "
        return Row(claim.claim, claim.about, claim.experiment, done + judged.measured, "open")
    return Row(claim.claim, claim.about, claim.experiment, judged.measured, judged.verdict)


def _judged(rule: Rule, facts: Facts) -> Judged | None:
    try:
        return rule(facts)
    except KeyError:
        return None
