"""Sentences and short texts of the page of grid and loop."""

from __future__ import annotations

from math import isfinite

from engine.labs.grid_versus_loop.config import TITLES
from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Kept, LayerLine

TABLE = "table"
TABLE_TITLE = "The table"
TABLE_ASKS = "What do textbooks say of grid and loop, and what was measured here?"
TABLE_FINDING = "Click a row to see the experiment that measures it."
PLAY = {
    "mnist1d": "Press play: all networks learn from the same batches, and are tested as they go.",
    "rows": "Press play: one network sees each digit whole, the others read it row by row.",
    "text": "Press play: they learn to name the language of a line; then type one of your own.",
    "shuffle": "Press play: every network learns twice, in order and with its positions exchanged.",
    "memory": "Press play: the answer moves further and further back, until nobody finds it.",
    "shift": "Press play: they learn patterns as they are, and are asked about moved ones.",
    "cost": "Press play: every pass is timed on this machine, at one length and width after the other.",
    "hybrid": "Press play: a convolution, a GRU, and both together learn the same long noisy series.",
}
COUNTS = ("parameters", "multiply-adds", "activations kept", "sequential steps", "receptive field")
"""What a network is counted by, in the order of ("counted-NAME", column)."""


def title(experiment: str) -> str:
    """What an experiment is called."""
    return TABLE_TITLE if experiment == TABLE else TITLES.get(experiment, experiment)


def play_line(snapshot: GridVersusLoopSnapshot) -> str:
    """What stands in the place of a finding before there is one."""
    return PLAY.get(snapshot.experiment, "")


def progress(snapshot: GridVersusLoopSnapshot) -> str:
    """How far the experiment got: "312 of 2,000"."""
    return f"{snapshot.step:,} of {snapshot.total:,}" if snapshot.total else ""


def is_over(snapshot: GridVersusLoopSnapshot) -> bool:
    """Whether all steps are done."""
    return bool(snapshot.total) and snapshot.step >= snapshot.total


def done(kept: Kept | None) -> float:
    """Share of an experiment that has run."""
    return 0.0 if kept is None or not kept.total else min(1.0, kept.step / kept.total)


def done_line(kept: Kept | None) -> str:
    """The same in words."""
    share = done(kept)
    if share >= 1:
        return "has run"
    return f"{round(100 * share)} percent done" if share > 0 else "not run"


def subtitle(snapshot: GridVersusLoopSnapshot) -> str:
    """The muted line under the lab's question."""
    return snapshot.about or "Convolutional and recurrent networks on the same batches."


def percent(share: float) -> str:
    """A share without decimals, but no certainty that it is not: "94 %"."""
    if not isfinite(share):
        return "–"
    return f"{share:.1%}".replace("%", " %") if 0.995 <= share < 1 else f"{share:.0%}".replace("%", " %")


def count(value: float) -> str:
    """A large number in three digits: "13.8 k", "1.24 M"."""
    if not isfinite(value):
        return "–"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            unit = size if letter != "k" else 1e3
            return f"{value / unit:.3g} {letter}"
    return f"{value:,.0f}"


def milliseconds(value: float) -> str:
    """Such as "3.2 ms" or "0.041 ms"."""
    if not isfinite(value):
        return "–"
    return f"{value:.2g} ms" if value < 100 else f"{value:,.0f} ms"


def seconds(value: float) -> str:
    """Such as "1.4 s" or "3 min 20 s"."""
    if value < 60:
        return f"{value:.1f} s"
    return f"{value // 60:.0f} min {value % 60:.0f} s"


def shape(layer: LayerLine) -> str:
    """Such as "32 × 40"."""
    return " × ".join(str(side) for side in layer.shape)


def layer_name(layer: str) -> str:
    """A layer's name as people say it: "relu1" is what the first convolution puts out."""
    number = layer.removeprefix("relu")
    if layer.startswith("relu"):
        return f"convolution {number}".strip()
    return "hidden state" if layer.startswith("recurrent") else layer


def window(size: int, places: int) -> str:
    """How far positions are exchanged."""
    if size <= 1:
        return "none"
    return "complete" if size >= places else f"within {size:,}"
