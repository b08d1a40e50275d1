"""Ask what a unit tracks: the measure on the reference text, computed again from the ranks of its states."""

from __future__ import annotations

import math

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import factor, number
from engine.explain.unit_tracking import mean_ranks
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.insight import Insight
from engine.labs.language_modelling.question_words import name_first
from engine.labs.language_modelling.snapshot import Track


def of_track(
    bench: Bench, insight: Insight, config: LanguageModellingConfig, kind: str, rank: int
) -> Answer | None:
    """A row of "features", what the picked unit tracks, or of "trackers", the units that track a feature."""
    states = bench.states(config)
    if kind == "trackers":
        tracks = insight.trackers(config.cell, config.feature)
    else:
        tracks = insight.tracks(config.cell, states.unit) if states else ()
    return _of(insight, config.cell, tracks[rank], len(tracks)) if 0 <= rank < len(tracks) else None


def _of(insight: Insight, cell: str, track: Track, count: int) -> Answer:
    reference = insight.reference
    feature = next(each for each in reference.tracking[cell].features if each.name == track.feature)
    state, values = reference.states[cell][:, track.unit].astype(np.float64), feature.of(reference.text)
    told = "True when" if feature.binary else "It is"
    return Answer(
        f"{name_first(cell)} · unit {track.unit} and “{track.feature}”",
        f"{told} {track.definition}. How closely the unit’s hidden state h follows it through the reference "
        "text: 0 is not at all, 1 perfectly. Only the order of the values counts, not their size.",
        track.strength,
        (count,),
        _binary(state, values, track.unit) if feature.binary else _numeric(state, values, track.unit),
    )


def _binary(state: np.ndarray, inside: np.ndarray, unit: int) -> tuple[Step, ...]:
    """The area under the ROC curve, from the mean rank (Hanley & McNeil 1982)."""
    total, n = len(state), int(inside.sum())
    rank = float(mean_ranks(state)[inside].mean())
    area = (rank - (n + 1) / 2) / (total - n)
    return (
        Step(
            "reference text",
            f"{total:,} characters",
            (
                Line("true at", f"{n} / {total} characters", n / total),
                Line("mean h there", f"over {n:,}", float(state[inside].mean())),
                Line("mean h elsewhere", f"over {total - n:,}", float(state[~inside].mean())),
            ),
        ),
        Step(
            f"unit {unit}",
            "ROC AUC, from ranks",
            (
                Line("mean rank of h there", f"of {total}, the smallest is 1", rank),
                Line("ROC AUC", f"({number(rank)} − ({n} + 1) / 2) / {total - n}", area),
                Line("strength", f"|2 × {number(area)} − 1|", abs(2 * area - 1)),
            ),
        ),
    )


def _numeric(state: np.ndarray, values: np.ndarray, unit: int) -> tuple[Step, ...]:
    """Spearman's rank correlation: the covariance of the ranks over the root of both variances."""
    total, middle = len(state), float(values.mean())
    above = values > middle
    one, other = ((mean_ranks(each) - (total + 1) / 2) / total for each in (state, values))
    covariance, spread, of_number = (
        float((a @ b) / total) for a, b in ((one, other), (one, one), (other,) * 2)
    )
    size = math.sqrt(spread * of_number)
    rho = covariance / size if size else 0.0
    return (
        Step(
            "reference text",
            f"{total:,} characters",
            (
                Line("mean number", f"over {total:,}", middle),
                Line("mean h above that", f"over {int(above.sum()):,}", float(state[above].mean())),
                Line("mean h elsewhere", f"over {int((~above).sum()):,}", float(state[~above].mean())),
            ),
        ),
        Step(
            f"unit {unit}",
            f"Spearman’s rho, ranks / {total}",
            (
                Line("covariance of the ranks", "", covariance),
                Line("variance of the ranks of h", "", spread),
                Line("variance of the number’s ranks", "", of_number),
                Line("rho", f"{factor(covariance)} / √({number(spread)} × {number(of_number)})", rho),
                Line("strength", f"|{number(rho)}|", abs(rho)),
            ),
        ),
    )
