"""Six networks in training while the gradient flow page shows them, against the same with no screen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .live_training import Turns
from .machine import Others
from .page_turns import AT_MOST, findings, play, seen, unseen

SENTENCE = "A step of six networks at length 200 while the page shows them, against one without a screen."
LIMIT = AT_MOST
ROUNDS = 8
LAB = "gradient-flow"
LENGTH = 200
HEADLESS, AGAIN, UNSEEN = "headless", "headless, again", "nobody looking"
TABS = ("learning", "mechanism", "gates", "parameters", "meter")


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """As the command line trains (twice), with no curve measured at all, and with each tab of the page."""
    from engine.labs.gradient_flow import race as racing

    from .gate import standing_in
    from .gradient_flow_gate import GatedRace
    from .gradient_flow_parts import SIX
    from .window import open_window

    with standing_in(racing, GatedRace) as races, open_window() as opened:
        play(opened, LAB, cells=SIX, length=LENGTH)
        race, others, shuffler = races[-1], Others(), random.Random(0)
        race.gate.finish()
        page = opened.window.page
        turns = {name: Turns() for name in (HEADLESS, AGAIN, UNSEEN, *TABS)}
        for _ in range(rounds):
            for name in shuffler.sample(list(turns), len(turns)):
                if name in TABS:
                    show = partial(page.tabs.setCurrentWidget, getattr(page, name))
                    seen(opened, race.gate, show, turns[name])
                else:
                    unseen(race.gate, partial(race.train_alone, live=name != UNSEEN), turns[name])
        race.gate.open()
    shown = {name: turns[name] for name in TABS}
    beside = "of those with no curve measured", turns[UNSEEN]
    yield from findings(shown, turns[HEADLESS], turns[AGAIN], beside, others.cores())
