"""Seven networks learning while the page shows them, against the same without a screen; and two of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .live_training import Turns
from .machine import Others
from .page_turns import AT_MOST, findings, play, seen, unseen

SENTENCE = "An update of seven networks, and of two, while the page shows them, against one without a screen."
LIMIT = AT_MOST
ROUNDS = 8
LAB = "grid-versus-loop"
ENDLESS = 1_000_000
"""Updates."""
FIELDS = {"seven": "", "two": "cnn,gru"}
"""Who learns; what watching takes must not depend on how many there are."""
HEADLESS, AGAIN = "headless", "headless, again"


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """As the command line trains (twice), and with each tab of the page, in changing order."""
    for name, networks in FIELDS.items():
        yield from _measure(name, networks, rounds)


def _measure(many: str, networks: str, rounds: int) -> Iterator[Finding]:
    from engine.labs.grid_versus_loop import learning

    from .contest_gate import GatedContest
    from .gate import standing_in
    from .window import open_window

    with standing_in(learning, GatedContest) as contests, open_window() as opened:
        play(opened, LAB, networks=networks, updates=ENDLESS)
        contest, others, shuffler = contests[-1], Others(), random.Random(0)
        contest.gate.finish()
        tabs = opened.window.page.body.tabs
        places = {tabs.tabText(place): place for place in range(tabs.count())}
        turns = {name: Turns() for name in (HEADLESS, AGAIN, *places)}
        for _ in range(rounds):
            for name in shuffler.sample(list(turns), len(turns)):
                if name in places:
                    seen(opened, contest.gate, partial(tabs.setCurrentIndex, places[name]), turns[name])
                else:
                    unseen(contest.gate, contest.train_alone, turns[name])
        contest.gate.open()
    shown = {f"{many}, {name}": turns[name] for name in places}
    beside = "of the other half of those", turns[AGAIN]
    yield from findings(shown, turns[HEADLESS], turns[AGAIN], beside, others.cores())
