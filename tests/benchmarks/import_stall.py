"""How long the window does not answer while torch and the rest load, from its first picture on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from .finding import Finding
from .interleave import Spread
from .machine import Others

SENTENCE = "The longest that the window does not answer between its first picture and the first photograph."
LIMIT = 100.0
"""Milliseconds."""
ROUNDS = 6
NOTED = 0.05
"""Seconds of lateness from which a stall counts in the sum."""
STARTS = ("first start", "later start")
"""Without any module's bytecode, as after an installation, and with that of all."""

Lateness = list[tuple[float, float]]
"""(seconds after the first picture, seconds too late) of each tick of one start."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A process each time, because torch can be imported once only; the first round counts for nothing."""
    others = Others()
    pairs = [_pair() for _ in range(rounds + 1)][1:]
    load = others.cores()
    for name, starts in zip(STARTS, zip(*pairs, strict=True), strict=True):
        yield _finding(name, starts, load)


def _finding(name: str, starts: tuple[Lateness, ...], load: float) -> Finding:
    summed = Spread.of([1e3 * sum(late for _, late in start if late > NOTED) for start in starts])
    worst = [1e3 * max(late for _, late in start) for start in starts]
    ready = Spread.of([start[-1][0] for start in starts])
    note = (
        f"{sum(each > LIMIT for each in worst)} of {len(worst)} above, the longest {max(worst):.0f} ms; "
        f"stalls over 50 ms sum to {summed.median:.0f} ms; photograph after {ready.median:.1f} s"
    )
    return Finding(f"worst stall, {name}", Spread.of(worst), LIMIT, load, "ms", note=note)


def _pair() -> tuple[Lateness, Lateness]:
    """The first start after an installation, and the one that follows it."""
    with TemporaryDirectory() as bytecode:
        return _start(bytecode), _start(bytecode)


def _start(bytecode: str) -> Lateness:
    """One start that reads and writes bytecode in this folder only."""
    command = [sys.executable, "-m", "tests.benchmarks.one_start"]
    found_there = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=found_there)
    return [(when, late) for when, late in json.loads(done.stdout)]
