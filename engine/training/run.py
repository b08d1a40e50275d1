"""The long run of one training: phases, checkpoints, and the curve written as it goes."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from engine.checkpoint import load_tensors
from engine.models.character_model import save_character_model
from engine.training.language_model import WARM_UP, LanguageModelTraining
from engine.training.schedule import Trapezoid

REPORT_SECONDS = 30.0
SAVE_SECONDS = 120.0
CURVE, STABLE, DECAY, WEIGHTS = "curve.jsonl", "stable.safetensors", "decay.safetensors", "model.safetensors"
NARROW = "narrow"
"""In the output folder: the curve, the last checkpoint of each phase, what a finished run leaves,
and the folder of the narrow stage."""


def prepare(
    training: LanguageModelTraining,
    out: Path,
    characters: float,
    *,
    resume: bool = False,
    decay: bool = False,
    grow_from: Path | None = None,
) -> Trapezoid:
    """Bring `training` to where the run in `out` stopped, and say which schedule it goes on with.

    A new run begins with the checkpoint `grow_from` widened, where one is given. With `decay` the last
    stable checkpoint is annealed whatever `characters` says; a decay that was begun from the same point
    goes on, one begun elsewhere is left behind.
    """
    if decay or (resume and (out / STABLE).exists()):
        training.restore(out / STABLE)
    elif grow_from is not None:
        training.grow(grow_from)
    rate = training.options.learning_rate
    schedule = Trapezoid.of_length(rate, WARM_UP, characters, training.begun_at)
    if decay:
        schedule = schedule.decaying_from(training.characters)
    if (resume or decay) and _decay_began_at(out) == schedule.decay_from:
        training.restore(out / DECAY)
    return schedule


def run(training: LanguageModelTraining, schedule: Trapezoid, out: Path, turn: float = math.inf) -> bool:
    """Train until the schedule ends, or for `turn` more characters; whether it ended.

    Checkpoints every two minutes, when the decay begins and at the end. A finished run leaves its
    weights in float16 at `out`/model.safetensors. Raises UserError where `out` can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    last = min(schedule.end, training.characters + turn)
    reporter = _Reporter(training, out)
    saved_at = time.monotonic()
    while training.characters < last:
        stable = training.characters < schedule.decay_from
        rate = schedule.rate(training.characters)
        reporter.add(rate, *training.step(rate))
        phase_ends = stable and training.characters >= schedule.decay_from
        over = training.characters >= last
        if phase_ends or over or time.monotonic() - saved_at > SAVE_SECONDS:
            training.save(out / (STABLE if stable else DECAY), {"decay_from": schedule.decay_from})
            reporter.report(watch=True)
            saved_at = time.monotonic()
        elif reporter.due:
            reporter.report(watch=False)
    if training.characters < schedule.end:
        return False
    _finish(training, schedule, out)
    return True


class _Reporter:
    """One line on standard error and one JSON object in the curve, of what happened since the last."""

    def __init__(self, training: LanguageModelTraining, out: Path) -> None:
        self._training, self._path = training, out / CURVE
        self._start()

    def add(self, rate: float, nats: float, norm: float) -> None:
        self._rate = rate
        self._nats.append(nats)
        self._norms.append(norm)

    @property
    def due(self) -> bool:
        return time.monotonic() - self._since > REPORT_SECONDS

    def report(self, *, watch: bool) -> None:
        read = self._training.characters - self._characters
        line: dict[str, Any] = {
            "characters": self._training.characters,
            "epochs": round(self._training.epochs, 4),
            "train": round(sum(self._nats) / len(self._nats), 4),
            "learning_rate": float(f"{self._rate:.3g}"),
            "characters_per_cpu_second": round(read / (time.process_time() - self._cpu_since)),
            "gradient_norm": round(sum(self._norms) / len(self._norms), 4),
            "largest_gradient_norm": round(max(self._norms), 4),
        }
        if watch:
            line["held_out"] = {name: round(nats, 4) for name, nats in self._training.watch().items()}
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(" ".join(f"{key}={value}" for key, value in line.items()), file=sys.stderr, flush=True)
        self._start()

    def _start(self) -> None:
        self._since, self._cpu_since = time.monotonic(), time.process_time()
        self._characters = self._training.characters
        self._rate, self._nats, self._norms = 0.0, [], []


def _finish(training: LanguageModelTraining, schedule: Trapezoid, out: Path) -> None:
    options = training.options
    notes = {
        "preset": options.preset,
        "seed": options.seed,
        "learning_rate": options.learning_rate,
        "streams": options.streams,
        "length": options.length,
        "restarts": options.restarts,
        "characters": training.characters,
        "decay_from": schedule.decay_from,
        "epochs": round(training.epochs, 3),
    }
    save_character_model(out / WEIGHTS, training.model, {k: str(v) for k, v in notes.items()}, half=True)


def _decay_began_at(out: Path) -> float | None:
    """Where the decay whose checkpoint is in `out` began, if there is one."""
    if not (out / DECAY).exists():
        return None
    return json.loads(load_tensors(out / DECAY)[1]["notes"])["decay_from"]
