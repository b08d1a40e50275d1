"""Tracing every state and gate of a recurrent module, against running it and training it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .interleave import Timings, interleave, timed
from .machine import Others

SENTENCE = "Every gate of a sequence, against a fused forward pass; of one sample, against a training step."
LIMIT = 1.9
TRAINING_LIMIT = 1.05
ROUNDS = 24
UNITS, LENGTHS = 128, (64, 256, 1024)


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Three cells at three lengths at batch 1; then one sample of 32 within forward and backward."""
    from .recurrent import CELLS, prepared

    prepared()
    for kind in CELLS:
        for steps in LENGTHS:
            yield _alone(kind, steps, rounds)
    for kind in CELLS:
        for units in (128, 512):
            yield _in_training(kind, units, rounds)


def _alone(kind: str, steps: int, rounds: int) -> Finding:
    import torch

    from engine.models.recurrent_trace import trace

    from .recurrent import CELLS, INPUTS, cell_of, loop_of_cells

    module, x, others = CELLS[kind](INPUTS, UNITS), torch.randn(steps, INPUTS), Others()
    runs = {
        "trace": timed(partial(trace, module, x)),
        "loop": timed(partial(loop_of_cells, cell_of(module), x)),
    }
    with torch.no_grad():
        timings = interleave(timed(partial(module, x)), runs, rounds)
    note = f"a loop of cells {timings.ratio('loop').median:.3g}; {timings.fastest('trace')}"
    return _finding(f"{kind} of {UNITS}, {steps} steps", timings, "trace", LIMIT, others, note)


def _in_training(kind: str, units: int, rounds: int) -> Finding:
    from engine.models.recurrent_trace import trace_sample

    from .recurrent import SHOWN, Training

    training, others = Training(kind, units, 64), Others()

    def traced() -> None:
        trace_sample(training.module, training.x, SHOWN, output=training.step())

    timings = interleave(timed(training.step), {"trace": timed(traced)}, rounds)
    name = f"{kind} of {units} in training"
    return _finding(name, timings, "trace", TRAINING_LIMIT, others, timings.fastest("trace"))


def _finding(name: str, timings: Timings, run: str, limit: float, others: Others, note: str) -> Finding:
    return Finding(name, timings.ratio(run), limit, others.cores(), control=timings.control, note=note)
