"""How much main memory this process takes up."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Resident set size in bytes.

    Linux says it in a file. Elsewhere psutil asks the system; it is imported only there, because its
    import alone would hold the first window up for a tenth of a second.
    """
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import psutil

    return int(psutil.Process().memory_info().rss)
