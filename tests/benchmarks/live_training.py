"""Training while its page is open against the same steps with nobody looking: in a thread and in a child."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .finding import Finding
from .interleave import Spread
from .machine import Others

if TYPE_CHECKING:
    from .window import OpenWindow

SENTENCE = "A step of three networks in training while the page shows them, against one with nobody looking."
LIMIT = 1.075
"""Times as long a step: 0.93 times as many steps a second."""
TICK_LIMIT = 5.0
"""Milliseconds."""
ROUNDS = 16
TURN = 5.0
"""Seconds."""
WARM_UP = 30.0
"""Seconds with the page open before the first turn: all that is shown was measured once then."""
LAB = "language-modelling"
ALONE, AGAIN = "nobody looking", "nobody looking, again"

Call = Callable[..., Any]
"""Calls a function of `gated_run.CALLS` by its name, in the process in which the run is."""


@dataclass(frozen=True)
class Variant:
    """Where the run is, and the tab that shows it; with None nobody looks."""

    source: Any
    call: Call
    tab: str | None


@dataclass
class Turns:
    """What was measured of a variant, one figure a round."""

    seconds: list[float] = field(default_factory=list)
    """A step's."""
    p99: list[float] = field(default_factory=list)
    """Milliseconds by which a 60 Hz tick came late, the 99th percentile."""

    def against(self, base: Turns) -> Spread:
        """Times as long a step: over all rounds together, and the quartiles of the rounds' own ratios.

        What is done seldom and takes long, as samples of what the networks write, falls into a few rounds,
        and the median of the rounds would leave it out.
        """
        own = Spread.of([one / other for one, other in zip(self.seconds, base.seconds, strict=True)])
        return Spread(sum(self.seconds) / sum(base.seconds), own.low, own.high)


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Nobody looking (twice), two tabs of the page, and the same in a child process, in changing order."""
    from .child_worker import ChildWorker
    from .gated_run import CALLS, gated_runs
    from .window import open_window

    with ExitStack() as stack:
        child = stack.enter_context(closing(ChildWorker()))
        stack.enter_context(gated_runs())
        opened = stack.enter_context(open_window())
        own = opened.window.feed.source
        stack.callback(setattr, opened.window.feed, "source", own)
        here = Variant(own, lambda name, *args: CALLS[name](*args), None)
        _begin(opened, here, is_selected=False)
        _begin(opened, Variant(child, child.order, None), is_selected=True)
        others = Others()
        turns = _take_turns(opened, _variants(own, here.call, child), rounds)
    yield from _findings(turns, others.cores())


def _variants(own: Any, call: Call, child: Any) -> dict[str, Variant]:
    return {
        ALONE: Variant(own, call, None),
        AGAIN: Variant(own, call, None),
        "Train tab": Variant(own, call, "train"),
        "Inside tab": Variant(own, call, "inside"),
        "child, nobody looking": Variant(child, child.order, None),
        "child, Train tab": Variant(child, child.order, "train"),
        "child, Inside tab": Variant(child, child.order, "inside"),
    }


def _begin(opened: OpenWindow, variant: Variant, *, is_selected: bool) -> None:
    """Train with the page open for a while; leave the run at its gate."""
    from .window import live, wait_until

    window = opened.window
    window.feed.source, opened.frame = variant.source, None
    window.feed.start()
    if is_selected:
        window.post("select", LAB, window.form.config)
    else:
        window.choose_lab(LAB)
    wait_until(lambda: opened.is_idle and opened.frame.lab == LAB)
    page = window.page
    page.tabs.setCurrentWidget(page.train)
    page.train.begin()
    wait_until(lambda: opened.frame.playing)
    live(WARM_UP)
    window.feed.stop()
    variant.call("finish")


def _take_turns(opened: OpenWindow, variants: dict[str, Variant], rounds: int) -> dict[str, Turns]:
    turns = {name: Turns() for name in variants}
    names, shuffler = list(variants), random.Random(0)
    for _ in range(rounds):
        shuffler.shuffle(names)
        for name in names:
            _turn(opened, variants[name], turns[name])
    return turns


def _turn(opened: OpenWindow, variant: Variant, turns: Turns) -> None:
    from .ticker import Ticker
    from .window import live

    page, feed, ticker = opened.window.page, opened.window.feed, Ticker()
    feed.source = variant.source
    if variant.tab is not None:
        page.tabs.setCurrentWidget(getattr(page, variant.tab))
        feed.start()
    with ThreadPoolExecutor(1) as pool:
        if variant.tab is None:
            alone = pool.submit(variant.call, "train_alone", TURN)
        else:
            variant.call("open")
        ticker.start()
        live(TURN)
        ticker.stop()
        seconds = alone.result() if variant.tab is None else variant.call("finish")
    feed.stop()
    turns.seconds.append(seconds)
    turns.p99.append(ticker.p99)


def _findings(turns: dict[str, Turns], others: float) -> Iterator[Finding]:
    base, control = turns[ALONE], turns[AGAIN].against(turns[ALONE])
    rest = Spread.of(base.p99)
    for name, found in turns.items():
        if name not in (ALONE, AGAIN):
            ratio = found.against(base)
            note = f"{1 / ratio.median:.3f} of the steps; at best {1e3 * min(found.seconds):.3g} ms a step"
            yield Finding(name, ratio, LIMIT, others, control=control, note=note)
            yield Finding(f"{name}, tick", Spread.of(found.p99), TICK_LIMIT, others, "ms", control=rest)
