"""Takes runs out: their curves as one table in CSV, or as files that TensorBoard reads."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.checkpoint import write_bytes_atomically, write_parts_atomically
from engine.errors import UserError
from engine.labs.convnet_training.snapshot import Curves
from engine.training.event_file import Scalar, first_record, scalar_record

EVENTS = "events.out.tfevents.{moment}.gridloop"
"""TensorBoard takes every file with "tfevents" in its name."""
IN_A_SLICE = 500
"""Numbers that are encoded between two looks at what the person wants."""
LONGEST_NAME = 80

Curve = tuple[str, np.ndarray, np.ndarray]
"""Name, updates and values."""


def curves_of(run: Curves) -> list[Curve]:
    """Every curve of a run: of a merged bucket, its first update and its mean."""
    found = [
        ("loss/train", run.steps, run.loss),
        ("loss/test", run.test_steps, run.test_loss),
        ("accuracy/train", run.accuracy_steps, run.accuracy),
        ("accuracy/test", run.test_steps, run.test_accuracy),
    ]
    watched = run.watched
    if watched is not None:
        found.append(("learning_rate", watched.rate_steps, watched.rate))
        for kind, steps, values in (
            ("gradient_norm", watched.steps, watched.gradient_norms),
            ("update_ratio", watched.ratio_steps, watched.update_ratios),
        ):
            pairs = zip(watched.layers, values, strict=True)
            found += [(f"{kind}/{layer}", steps, row) for layer, row in pairs]
    return found


def write_table(path: Path, runs: Sequence[Curves]) -> None:
    """A row for each update of which something is known, a column for each curve, empty where nothing is.

    Raises UserError where it cannot be written.
    """
    columns = list(dict.fromkeys(name for run in runs for name, _, _ in curves_of(run)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "update", *columns])
    for run in runs:
        by_name = {name: dict(zip(x.tolist(), y, strict=True)) for name, x, y in curves_of(run)}
        for step in sorted({step for values in by_name.values() for step in values}):
            cells = (by_name.get(name, {}).get(step, "") for name in columns)
            writer.writerow([run.name, int(step), *map(str, cells)])
    write_bytes_atomically(path, text.getvalue().encode())


def write_events(folder: Path, runs: Sequence[Curves]) -> Iterator[tuple[int, int]]:
    """A folder below `folder` for each run, named after it, with one file; slices of (done, all) numbers.

    Files that were exported there earlier stay, and no folder that is there already is written into. Raises
    UserError where that cannot be done.
    """
    total = sum(len(steps) for run in runs for _, steps, _ in curves_of(run))
    done = 0
    for run in runs:
        parts = [first_record(_begin(run))]
        for scalar in scalars_of(run):
            parts.append(scalar_record(scalar))
            done += 1
            if done % IN_A_SLICE == 0:
                yield done, total
        write_parts_atomically(_new_folder(folder, run.name) / EVENTS.format(moment=int(time.time())), parts)
    yield total, total


def write_event_file(path: Path, run: Curves) -> None:
    """The same of one run, as the file `path`. Raises UserError."""
    parts = [first_record(_begin(run)), *map(scalar_record, scalars_of(run))]
    write_parts_atomically(path, parts)


def scalars_of(run: Curves) -> Iterator[Scalar]:
    """Every number of the run, curve after curve, with the time when its update was made."""
    clock = run.watched
    for name, steps, values in curves_of(run):
        if clock is not None and len(clock.clock):
            moments = np.interp(steps, clock.clock_steps, clock.clock)
        else:
            moments = np.zeros(len(steps))
        for step, moment, value in zip(steps.tolist(), moments.tolist(), values.tolist(), strict=True):
            yield Scalar(name, int(step), moment, value)


def _begin(run: Curves) -> float:
    return float(run.watched.clock[0]) if run.watched is not None and len(run.watched.clock) else 0.0


def _new_folder(folder: Path, name: str) -> Path:
    """A folder that was not there, named after the run."""
    kept = "".join(letter if letter.isalnum() or letter in " -_.," else "-" for letter in name)
    plain = " ".join(kept.split()).strip(" .-")[:LONGEST_NAME] or "run"
    number = 1
    while True:
        found = folder / (plain if number == 1 else f"{plain} ({number})")
        try:
            found.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            what, why = f"{found.name} could not be made", error.strerror or "the disk refuses it"
            raise UserError(what, why, "Choose another folder", details=repr(error)) from error
        else:
            return found
