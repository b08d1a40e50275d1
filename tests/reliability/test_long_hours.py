"""An hour of training with every page shown in turn, and pages at other scales: only in the long part."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from open_window import open_window, wait_until
from PySide6.QtWidgets import QTabWidget
from sizes import HOURS, LONG, MINUTES
from tally import Tally

from engine.registry import labs
from engine.worker import Frame

SETTLED = 1 / 6
"""Share of the time after which memory should grow no more."""
STEEPEST = 0.5
"""Megabytes a minute."""
TURN = 2.0
"""Seconds that a tab is shown."""
ROOT = Path(__file__).parents[2]


@pytest.mark.soak
@pytest.mark.timeout(HOURS)
def test_hours_of_training_take_no_more_memory(tmp_path: Path, tally: Tally) -> None:
    """A lab a minute, a tab every two seconds; the number of steps never goes back."""
    process, used, names = psutil.Process(), list[tuple[float, float]](), list(labs())
    steps: dict[str, int] = {}

    def note(frame: Frame) -> None:
        assert frame.steps >= steps.get(frame.lab, 0), "steps were lost"
        steps[frame.lab] = frame.steps

    with open_window(tmp_path) as window:
        window.shown.connect(note)
        threads, began = threading.active_count(), time.monotonic()
        for minute in range(LONG(MINUTES)):
            window.choose_lab(names[minute % len(names)])
            window.post("play")
            for turn in range(round(60 / TURN)):
                _show_tab(window, turn)
                until = time.monotonic() + TURN
                wait_until(lambda until=until: time.monotonic() > until)
                used.append(((time.monotonic() - began) / 60, process.memory_info().rss / 2**20))
        assert threading.active_count() <= threads
    late = np.array(used[round(len(used) * SETTLED) :])
    slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0])
    tally.add(
        "minutes of training",
        LONG(MINUTES),
        slope=f"{slope:.2f} MB a minute",
        steps=f"{sum(steps.values()):,}",
    )
    # Less than all of it is too short to tell a slope from what is made once.
    assert slope <= STEEPEST or LONG(MINUTES) < MINUTES.long


def _show_tab(window: object, turn: int) -> None:
    page = window.page  # ty: ignore[unresolved-attribute] - a MainWindow
    for tabs in page.findChildren(QTabWidget) if page is not None else []:
        tabs.setCurrentIndex(turn % tabs.count())


@pytest.mark.soak
@pytest.mark.timeout(HOURS)
@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_nothing_is_cut_off_at_scale(factor: str, tally: Tally) -> None:
    """Qt reads the scale when it starts, so the contract of the pages is checked in another process."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/gui/test_pages_contract.py",
        "-k",
        "nothing_is_cut_off",
    ]
    environ = os.environ | {"QT_SCALE_FACTOR": factor}
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    tally.add("pages at scale", done.stdout.count("."))
