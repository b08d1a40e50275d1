"""A lab in training whose page takes turns with nobody looking, on the run's own thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .finding import Finding
from .interleave import Spread
from .live_training import Turns

if TYPE_CHECKING:
    from .gate import Gate
    from .window import OpenWindow

AT_MOST = 1 / 0.95
"""Times as long a step: 0.95 times as many steps a second."""
TICK_LIMIT = 5.0
"""Milliseconds."""
TURN, SETTLING = 5.0, 1.0
"""Seconds of a turn; and before it with the tab in front, which is then measured for the first time."""
WARM_UP = 15.0
"""Seconds with the page open before the first turn."""


def play(opened: OpenWindow, lab: str, **changes: Any) -> None:
    """Play a lab with these settings for a while with its page open; then nobody looks."""
    from .window import live, wait_until

    window = opened.window
    window.choose_lab(lab)
    wait_until(lambda: opened.is_idle and opened.frame.lab == lab)
    window.form.change(changes)
    wait_until(lambda: opened.is_idle and changes.items() <= opened.frame.snapshot.config.as_dict().items())
    window.post("play")
    wait_until(lambda: opened.frame.playing)
    live(WARM_UP)
    window.feed.stop()


def seen(opened: OpenWindow, gate: Gate, show: Callable[[], object], turns: Turns) -> None:
    """A turn with the page open on what `show` brings to the front."""
    from .ticker import Ticker
    from .window import live

    ticker, feed = Ticker(), opened.window.feed
    show()
    feed.start()
    gate.open()
    live(SETTLING)
    gate.finish()
    gate.open()
    ticker.start()
    live(TURN)
    ticker.stop()
    turns.seconds.append(gate.finish())
    feed.stop()
    turns.p99.append(ticker.p99)


def unseen(gate: Gate, train: Callable[[float], float], turns: Turns) -> None:
    """A turn of what `train` does for so many seconds, on the thread that stands at the gate.

    On a fresh thread, whose memory nothing has come and gone in yet, a step takes some 8 % less, whoever
    looks.
    """
    from .ticker import Ticker
    from .window import live

    ticker = Ticker()
    with ThreadPoolExecutor(1) as pool:
        alone = pool.submit(gate.order, lambda: train(TURN))
        ticker.start()
        live(TURN)
        ticker.stop()
        turns.seconds.append(alone.result())
    turns.p99.append(ticker.p99)


def findings(
    shown: Mapping[str, Turns], base: Turns, again: Turns, other: tuple[str, Turns], others: float
) -> Iterator[Finding]:
    """Of each tab: its step against the base's and, as a note, the other's; and how late its ticks are."""
    control, rest = again.against(base), Spread.of(base.p99)
    of_what, beside = other
    for name, turns in shown.items():
        ratio, second = turns.against(base), turns.against(beside)
        note = f"{1 / ratio.median:.3f} of the steps; {of_what} {1 / second.median:.3f}"
        yield Finding(f"{name} tab", ratio, AT_MOST, others, control=control, note=note)
        yield Finding(f"{name} tab, tick", Spread.of(turns.p99), TICK_LIMIT, others, "ms", control=rest)
