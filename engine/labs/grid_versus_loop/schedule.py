"""When the networks of a contest are tested."""

from __future__ import annotations

EARLY = frozenset((1, 2, 5, 10, 20, 50, 100, 150, 200))
EVERY = 250
"""Updates between two tests later on: all of them together cost a few per cent of what learning costs."""


def is_tested(step: int, total: int) -> bool:
    """Whether all are tested after update `step` of `total`: often at first, when most is learned."""
    return step in EARLY or step % EVERY == 0 or step == total
