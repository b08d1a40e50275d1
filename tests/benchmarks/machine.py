"""The machine that is measured on: how it is set up, and how busy others keep it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from engine.device import prepare_process

STAT = Path("/proc/stat")


def prepare() -> None:
    """Set what libraries read once, as the application does; call before torch and Qt are imported."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
    prepare_process()


class Others:
    """How many cores other programs took since this was made or last asked."""

    def __init__(self) -> None:
        self._clock, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()

    def cores(self) -> float:
        """Their processor time over the time that passed; the load average where no system tells."""
        clock, busy, own = time.perf_counter(), _busy_seconds(), _own_seconds()
        passed, theirs = clock - self._clock, (busy - self._busy) - (own - self._own)
        self._clock, self._busy, self._own = clock, busy, own
        if not STAT.exists():
            return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return max(0.0, theirs / passed) if passed > 0 else 0.0


def _busy_seconds() -> float:
    """Seconds that all cores were at work, or were taken away by the host."""
    if not STAT.exists():
        return 0.0
    user, nice, system, _, _, irq, soft, stolen = map(int, STAT.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + soft + stolen) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])
