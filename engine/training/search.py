"""The small search for each cell's learning rate: one grid, one seed and one short budget for all."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from engine.checkpoint import save_json
from engine.training.corpus import Corpus
from engine.training.language_model import WARM_UP, LanguageModelTraining, Options
from engine.training.schedule import Trapezoid

GRID = (2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3)
TAIL = 50
"""Updates at the end whose mean loss is given as the training loss."""


def search(
    options: Options, corpus: Corpus, characters: float, rates: Sequence[float], out: Path
) -> dict[str, Any]:
    """Train from the same seed with each of `rates`, annealed within `characters`.

    Writes and returns {"cell", "characters", "trials": [...], "best"}: the best rate has the lowest mean
    nats a character on the held-out texts. A rate whose gradient overflows is recorded as such.
    """
    trials = []
    for rate in rates:
        trials.append(_trial(replace(options, learning_rate=rate), corpus, characters))
        print(trials[-1], file=sys.stderr, flush=True)
    finished = [trial for trial in trials if trial["held_out"] is not None]
    best = min(finished, key=lambda trial: fmean(trial["held_out"].values()), default=None)
    result = {
        "cell": options.cell,
        "preset": options.preset,
        "streams": options.streams,
        "length": options.length,
        "seed": options.seed,
        "characters": characters,
        "trials": trials,
        "best": best and best["learning_rate"],
    }
    out.mkdir(parents=True, exist_ok=True)
    save_json(out / f"search-{options.cell}.json", result)
    return result


def _trial(options: Options, corpus: Corpus, characters: float) -> dict[str, Any]:
    training = LanguageModelTraining(options, corpus)
    schedule = Trapezoid.of_length(options.learning_rate, min(WARM_UP, characters / 5), characters)
    losses: list[float] = []
    began = time.process_time()
    try:
        while training.characters < characters:
            losses.append(training.step(schedule.rate(training.characters))[0])
    except RuntimeError as error:  # clip_grad_norm_: the gradient is not finite
        return {"learning_rate": options.learning_rate, "held_out": None, "failure": str(error)}
    speed = training.characters / (time.process_time() - began)
    return {
        "learning_rate": options.learning_rate,
        "train": round(fmean(losses[-TAIL:]), 4),
        "held_out": {name: round(nats, 4) for name, nats in training.watch().items()},
        "characters_per_cpu_second": round(speed),
    }
