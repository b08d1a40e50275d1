"""From the start of the process to the first picture of the window, against importing torch first."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory

from .finding import Finding
from .interleave import interleave
from .machine import Others

SENTENCE = "From the start of the process to the first picture, against the same with torch imported first."
LIMIT = 0.05
ROUNDS = 8
START = """
import os, sys, time
{first}
from gui import __main__ as command
from gui import app

class Watched(app.MainWindow):
    def __init__(self, *rest):
        super().__init__(*rest)
        self.painted.connect(self.tell)

    def tell(self):
        print(time.monotonic(), flush=True)
        os._exit(0)

app.MainWindow = Watched
command.main([])
"""
"""The command itself; all that is changed is that it ends when its window is painted, and says when."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Processes that alternate. Files are in memory after the first of each."""
    with TemporaryDirectory() as folder:
        eager = partial(_start, "import torch", folder)
        ours = partial(_start, "", folder)
        others = Others()
        timings = interleave(eager, {"first window": ours}, rounds, warm_up=1)
        yield Finding(
            "first window",
            timings.ratio("first window"),
            LIMIT,
            others.cores(),
            control=timings.control,
            note=timings.fastest("first window"),
        )


def _start(first: str, folder: str) -> float:
    """Seconds until the window is painted; the clock is the whole machine's."""
    start = time.monotonic()
    command = [sys.executable, "-c", START.format(first=first)]
    about = os.environ | {"GRIDLOOP_CONFIG_DIR": folder}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=about)
    return float(done.stdout) - start
