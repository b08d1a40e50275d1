"""How long the window does not answer while torch and the rest load, from its first picture on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from .finding import Finding
from .interleave import Spread
from .machine import Others

SENTENCE = "The longest that the window does not answer between its first picture and the first photograph."
LIMIT = 100.0
"""Milliseconds."""
ROUNDS = 6
NOTED = 0.05
"""Seconds of lateness from which a stall counts in the sum."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A process each time, because torch can be imported once only."""
    others = Others()
    starts = [_start() for _ in range(rounds + 1)][1:]
    load = others.cores()
    summed = Spread.of([1e3 * sum(late for _, late in start if late > NOTED) for start in starts])
    worst = Spread.of([1e3 * max(late for _, late in start) for start in starts])
    ready = Spread.of([start[-1][0] for start in starts])
    note = f"stalls over 50 ms sum to {summed.median:.0f} ms; photograph after {ready.median:.1f} s"
    yield Finding("worst stall", worst, LIMIT, load, "ms", note=note)


def _start() -> list[tuple[float, float]]:
    """(seconds after the first picture, seconds too late) of each tick of one start."""
    command = [sys.executable, "-m", "tests.benchmarks.one_start"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [(when, late) for when, late in json.loads(done.stdout)]
