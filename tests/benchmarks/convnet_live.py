"""A convolutional network in training while its page shows it, against the same with nobody looking."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from .finding import Finding
from .live_training import Turns
from .machine import Others
from .page_turns import AT_MOST, findings, play, seen, unseen

SENTENCE = "An update of a convolutional network while the page shows it, against one with nobody looking."
LIMIT = AT_MOST
ROUNDS = 8
LAB, PRESET = "convnet-training", "small-vgg"
ENDLESS = 10_000
"""Epochs."""
ALONE, AGAIN, PLAIN = "nobody looking", "nobody looking, again", "plain loop"


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Nobody looking (twice), the same loop written plainly, and each tab of the page, in changing order."""
    from engine.labs.convnet_training import bench

    from .convnet_gate import GatedTraining
    from .convnet_step import plain_update
    from .gate import repeated_for, standing_in
    from .window import open_window

    with standing_in(bench, GatedTraining) as runs, open_window() as opened:
        play(opened, LAB, preset=PRESET, epochs=ENDLESS)
        run, others, shuffler = runs[-1], Others(), random.Random(0)
        run.gate.finish()
        plain = partial(repeated_for, plain_update(run.design, run.data.train))
        tabs = opened.window.page.tabs
        places = {tabs.tabText(place): place for place in range(tabs.count())}
        turns = {name: Turns() for name in (ALONE, AGAIN, PLAIN, *places)}
        for _ in range(rounds):
            for name in shuffler.sample(list(turns), len(turns)):
                if name in places:
                    seen(opened, run.gate, partial(tabs.setCurrentIndex, places[name]), turns[name])
                else:
                    unseen(run.gate, plain if name == PLAIN else run.train_alone, turns[name])
        run.gate.open()
    base, beside, cores = turns[ALONE], turns[PLAIN], others.cores()
    note = f"of the plain loop; at best {1e3 * min(base.seconds):.3g} ms an update"
    yield Finding(ALONE, base.against(beside), LIMIT, cores, control=turns[AGAIN].against(base), note=note)
    shown = {name: turns[name] for name in places}
    yield from findings(shown, base, turns[AGAIN], ("of the plain loop's", beside), cores)
