"""A convolutional network in training while its page shows it, against the same with nobody looking."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import Spread
from .live_training import Turns
from .machine import Others

if TYPE_CHECKING:
    from .convnet_gate import GatedTraining
    from .window import OpenWindow

SENTENCE = "An update of a convolutional network while the page shows it, against one with nobody looking."
LIMIT = 1 / 0.95
"""Times as long an update: 0.95 times as many updates a second."""
TICK_LIMIT = 5.0
"""Milliseconds."""
ROUNDS = 8
TURN, SETTLING = 5.0, 1.0
"""Seconds of a turn; and before it with the tab in front, which is then measured for the first time."""
WARM_UP = 15.0
"""Seconds with the page open before the first turn."""
LAB, PRESET = "convnet-training", "small-vgg"
ENDLESS = 10_000
"""Epochs."""
ALONE, AGAIN, PLAIN = "nobody looking", "nobody looking, again", "plain loop"


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Nobody looking (twice), the same loop written plainly, and each tab of the page, in changing order."""
    from .convnet_gate import gated_trainings
    from .convnet_step import plain_update
    from .window import open_window

    with gated_trainings() as runs, open_window() as opened:
        run = _begin(opened, runs)
        plain, others = plain_update(run.design, run.data.train), Others()
        tabs = _tabs(opened)
        turns = {name: Turns() for name in (ALONE, AGAIN, PLAIN, *tabs)}
        shuffler = random.Random(0)
        for _ in range(rounds):
            for name in shuffler.sample(list(turns), len(turns)):
                if name in tabs:
                    _seen(opened, run, tabs[name], turns[name])
                else:
                    _unseen(run, plain if name == PLAIN else None, turns[name])
        run.gate.open()
    yield from _findings(turns, tabs, others.cores())


def _tabs(opened: OpenWindow) -> dict[str, int]:
    """The places of the page's tabs by what they are called."""
    tabs = opened.window.page.tabs
    return {tabs.tabText(place): place for place in range(tabs.count())}


def _begin(opened: OpenWindow, runs: list[GatedTraining]) -> GatedTraining:
    """A network on the digits that come along, played for a while with the page open, then at its gate."""
    from .window import live, wait_until

    window = opened.window
    window.choose_lab(LAB)
    wait_until(lambda: opened.is_idle and opened.frame.lab == LAB)
    window.post("configure", replace(window.form.config, preset=PRESET, epochs=ENDLESS))
    wait_until(lambda: opened.is_idle and opened.frame.snapshot.config.preset == PRESET)
    window.post("play")
    wait_until(lambda: opened.frame.playing)
    live(WARM_UP)
    window.feed.stop()
    run = runs[-1]
    run.gate.finish()
    return run


def _seen(opened: OpenWindow, run: GatedTraining, place: int, turns: Turns) -> None:
    """A turn with the page open on a tab."""
    from .ticker import Ticker
    from .window import live

    ticker, window = Ticker(), opened.window
    window.page.tabs.setCurrentIndex(place)
    window.feed.start()
    run.gate.open()
    live(SETTLING)
    run.gate.finish()
    run.gate.open()
    ticker.start()
    live(TURN)
    ticker.stop()
    turns.seconds.append(run.gate.finish())
    window.feed.stop()
    turns.p99.append(ticker.p99)


def _unseen(run: GatedTraining, plain: Callable[[], object] | None, turns: Turns) -> None:
    """A turn of the run by itself, or of `plain`, on the same thread."""
    from .ticker import Ticker
    from .window import live

    ticker = Ticker()
    with ThreadPoolExecutor(1) as pool:
        if plain is None:
            alone = pool.submit(run.train_alone, TURN)
        else:
            alone = pool.submit(run.take_turn, plain, TURN)
        ticker.start()
        live(TURN)
        ticker.stop()
        turns.seconds.append(alone.result())
    turns.p99.append(ticker.p99)


def _findings(turns: dict[str, Turns], tabs: dict[str, int], others: float) -> Iterator[Finding]:
    base, plain = turns[ALONE], turns[PLAIN]
    control, rest = turns[AGAIN].against(base), Spread.of(base.p99)
    note = f"at best {1e3 * min(base.seconds):.3g} ms an update"
    yield Finding(
        ALONE, base.against(plain), LIMIT, others, control=control, note=f"of the plain loop; {note}"
    )
    for name in tabs:
        ratio, of_plain = turns[name].against(base), turns[name].against(plain)
        note = f"{1 / ratio.median:.3f} of the updates; of the plain loop's {1 / of_plain.median:.3f}"
        yield Finding(f"{name} tab", ratio, LIMIT, others, control=control, note=note)
        yield Finding(f"{name} tab, tick", Spread.of(turns[name].p99), TICK_LIMIT, others, "ms", control=rest)
