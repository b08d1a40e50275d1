"""Six networks in training while the gradient flow page shows them, against the same with no screen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import Spread
from .live_training import Turns
from .machine import Others

if TYPE_CHECKING:
    from .gradient_flow_gate import GatedRace
    from .window import OpenWindow

SENTENCE = "A step of six networks at length 200 while the page shows them, against one without a screen."
LIMIT = 1 / 0.95
"""Times as long a step: 0.95 times as many steps a second."""
TICK_LIMIT = 5.0
"""Milliseconds."""
ROUNDS = 8
TURN = 6.0
"""Seconds."""
WARM_UP = 15.0
"""Seconds with the page open before the first turn."""
LAB = "gradient-flow"
LENGTH = 200
HEADLESS, AGAIN, UNSEEN = "headless", "headless, again", "nobody looking"
TABS = ("learning", "mechanism", "gates", "parameters", "meter")


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """As the command line trains (twice), with no curve measured at all, and with each tab of the page."""
    from .gradient_flow_gate import gated_races
    from .window import open_window

    with gated_races() as races, open_window() as opened:
        race, others = _begin(opened, races), Others()
        names = (HEADLESS, AGAIN, UNSEEN, *TABS)
        turns = {name: Turns() for name in names}
        shuffler = random.Random(0)
        for _ in range(rounds):
            for name in shuffler.sample(names, len(names)):
                _turn(opened, race, name, turns[name])
        race.gate.open()
    yield from _findings(turns, others.cores())


def _begin(opened: OpenWindow, races: list[GatedRace]) -> GatedRace:
    """Six networks, played for a while with the page open; they are left at their gate."""
    from .gradient_flow_parts import SIX
    from .window import live, wait_until

    window = opened.window
    window.choose_lab(LAB)
    wait_until(lambda: opened.is_idle and opened.frame.lab == LAB)
    window.post("configure", replace(window.form.config, cells=SIX, length=LENGTH))
    wait_until(lambda: opened.is_idle and len(opened.frame.snapshot.runners) == 6)
    window.post("play")
    wait_until(lambda: opened.frame.playing)
    live(WARM_UP)
    race = races[-1]
    window.feed.stop()
    race.gate.finish()
    return race


def _turn(opened: OpenWindow, race: GatedRace, name: str, turns: Turns) -> None:
    from .ticker import Ticker
    from .window import live

    page, feed, ticker = opened.window.page, opened.window.feed, Ticker()
    if name in TABS:
        page.tabs.setCurrentWidget(getattr(page, name))
        feed.start()
    live(0.5)  # what the change of tabs costs is no part of the turn
    with ThreadPoolExecutor(1) as pool:
        alone = None
        if name in TABS:
            race.gate.open()
        else:
            alone = pool.submit(race.train_alone, TURN, live=name != UNSEEN)
        ticker.start()
        live(TURN)
        ticker.stop()
        seconds = race.gate.finish() if alone is None else alone.result()
    feed.stop()
    turns.seconds.append(seconds)
    turns.p99.append(ticker.p99)


def _findings(turns: dict[str, Turns], others: float) -> Iterator[Finding]:
    base, control = turns[HEADLESS], turns[AGAIN].against(turns[HEADLESS])
    rest = Spread.of(base.p99)
    for name in TABS:
        ratio, unseen = turns[name].against(base), turns[name].against(turns[UNSEEN])
        note = f"{1 / ratio.median:.3f} of the steps; of those with no curve measured {1 / unseen.median:.3f}"
        yield Finding(f"{name} tab", ratio, LIMIT, others, control=control, note=note)
        yield Finding(f"{name} tab, tick", Spread.of(turns[name].p99), TICK_LIMIT, others, "ms", control=rest)
