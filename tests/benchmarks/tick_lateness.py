"""How late a 60 Hz tick of the window comes while the worker computes on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import Spread
from .machine import Others

if TYPE_CHECKING:
    from .window import OpenWindow

SENTENCE = "Lateness of a 60 Hz tick, 99th percentile, while occlusion or optimisation runs on one thread."
LIMIT = 5.0
"""Milliseconds."""
ROUNDS = 10
SLOT = 3.0
"""Seconds."""
SETTLING = 0.5
"""Seconds a slot runs before its ticks count."""


@dataclass(frozen=True)
class Slot:
    """One stretch of ticks: its 99th percentile in milliseconds, and the cores that others took."""

    p99: float
    others: float


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Rest, occlusion and optimisation in turn; the quieter half of the slots counts."""
    from .window import open_window

    with open_window() as opened:
        works: dict[str, Callable[[OpenWindow], None]] = {
            "at rest": lambda _: None,
            "occlusion": _occlude,
            "optimisation": _optimise,
        }
        slots: dict[str, list[Slot]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, start in works.items():
                opened.rest()
                start(opened)
                slots[name].append(_slot(opened, name))
        opened.rest()
    rest, load = quiet_half(slots.pop("at rest"))
    for name, measured in slots.items():
        p99, load = quiet_half(measured)
        yield Finding(name, p99, LIMIT, load, "ms", control=rest, note=f"of {len(measured)} slots")


def quiet_half(slots: list[Slot]) -> tuple[Spread, float]:
    """The 99th percentiles of the slots in which others did least, and the most that they did in those."""
    quiet = sorted(slots, key=lambda slot: slot.others)[: (len(slots) + 1) // 2]
    return Spread.of([slot.p99 for slot in quiet]), quiet[-1].others


def _slot(opened: OpenWindow, name: str) -> Slot:
    from .ticker import Ticker
    from .window import live

    ticker = Ticker()
    live(SETTLING)
    others = Others()
    ticker.start()
    live(SLOT)
    ticker.stop()
    if name != "at rest" and opened.is_idle:
        raise RuntimeError(f"{name} ended before its slot did")
    return Slot(ticker.p99, others.cores())


def _occlude(opened: OpenWindow) -> None:
    """Occlusion fine enough to outlast a slot."""
    from .window import wait_until

    _change(opened, {"explain": "none", "patch": 8})
    opened.rest()
    _change(opened, {"explain": "occlusion"})
    wait_until(lambda: opened.jobs[:1] == ("explanation",))


def _optimise(opened: OpenWindow) -> None:
    from .window import wait_until

    _change(opened, {"explain": "none", "wanted_steps": 2048})
    opened.rest()
    page = opened.window.page
    if page is not None:
        page.command("seek")
    wait_until(lambda: opened.jobs[:1] == ("optimise",))


def _change(opened: OpenWindow, settings: dict[str, object]) -> None:
    """Change settings as the page does."""
    page = opened.window.page
    if page is not None:
        page.settings_wanted.emit(settings)
