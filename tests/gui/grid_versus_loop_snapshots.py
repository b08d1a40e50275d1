"""Snapshots of the lab of grid and loop made by hand, with seeded numbers as a run would measure them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.labs.grid_versus_loop.config import TITLES, GridVersusLoopConfig
from engine.labs.grid_versus_loop.snapshot import (
    Contestant,
    Costs,
    Counted,
    GridVersusLoopSnapshot,
    Kept,
    LayerLine,
    Moved,
    Opened,
    Reading,
    Remembered,
    Row,
    Shuffled,
)

LEARNS = {
    "logistic": 0.32, "mlp": 0.68, "cnn": 0.94, "dilated-cnn": 0.92, "rnn": 0.55, "gru": 0.91, "lstm": 0.88,
    "cnn+gru": 0.95,
}  # fmt: skip
FAMILIES = {"cnn": "grid", "dilated-cnn": "grid", "cnn+gru": "both", "logistic": "neither", "mlp": "neither"}
SUITS = {
    "mnist1d": ("logistic", "mlp", "cnn", "rnn", "gru", "lstm", "cnn+gru"),
    "shuffle": ("mlp", "cnn", "rnn", "gru"),
    "memory": ("cnn", "dilated-cnn", "rnn", "gru", "lstm"),
    "shift": ("mlp", "cnn", "rnn", "gru", "cnn+gru"),
    "cost": ("mlp", "cnn", "rnn", "gru", "lstm"),
    "hybrid": ("cnn", "gru", "cnn+gru"),
    "rows": ("mlp", "cnn", "rnn", "gru"),
    "text": ("cnn", "gru", "lstm"),
}
LENGTHS = {"rows": 28, "text": 64, "hybrid": 400, "memory": 128}
CLASSES = {"text": ("Deutsch", "English", "français", "italiano"), "hybrid": ("low", "middle", "high")}
ASKS = "Which network suits a sequence of forty numbers, and what does each pay for it?"
FINDING = (
    "After 2,000 updates the CNN is right on 94 % of the 1,000 test sequences, the GRU on 91 % and the MLP "
    "on 68 %; the CNN has 3 times fewer sequential steps than the GRU and took 4.1 s where that took 19 s."
)
PUBLISHED = (
    "32 % for logistic regression, 68 % for the MLP, 94 % for the CNN and 91 % for the GRU (Greydanus and "
    "Kobak 2020)."
)
SENTENCE = "Der Mond ist aufgegangen, die goldnen Sternlein prangen am Himmel hell und klar."


def counted_of(name: str, length: int = 40, classes: int = 10) -> Counted:
    family = FAMILIES.get(name, "loop")
    lines: list[LayerLine] = []
    if family in ("grid", "both"):
        for number, size in enumerate((length, length // 2, length // 4), start=1):
            shape, weights = (32, size), 3 * 32 * (1 if number == 1 else 32)
            lines.append(LayerLine(f"conv{number}", "convolution", shape, weights, weights * size))
            lines.append(LayerLine(f"relu{number}", "activation", shape, 0, 0, 0))
    if family in ("loop", "both"):
        gates = {"gru": 3, "lstm": 4}.get(name.split("+")[-1], 1)
        steps = length if family == "loop" else length // 4
        weights = gates * 64 * 66
        lines.append(LayerLine("recurrent", "recurrence", (steps, 64), weights, weights * steps, steps))
    if family == "neither":
        lines.append(LayerLine("hidden", "dense", (256,), 256 * length, 256 * length))
    lines.append(LayerLine("head", "dense", (classes,), 64 * classes, 64 * classes))
    parameters = sum(line.parameters for line in lines)
    field = {"cnn": 17, "dilated-cnn": 61}.get(name)
    return Counted(
        name, name.upper(), family, parameters, sum(line.multiply_adds for line in lines), 90 * length,
        sum(line.repeats for line in lines), field, tuple(lines),
    )  # fmt: skip


def contestant_of(
    name: str, step: int, total: int, key: str = "", worse: float = 0.0, **shape: int
) -> Contestant:
    random = np.random.default_rng(len(name) + step % 7)
    steps = np.arange(1, step + 1, max(1, -(-step // 512)))
    reached = LEARNS[name] - worse
    learned = reached * (1 - np.exp(-steps / (0.12 * total)))
    loss = 2.3 * (1 - learned) + 0.1 * random.standard_normal(len(steps))
    tests = np.array(
        [at for at in (1, 2, 5, 10, 20, 50, 100, 200, *range(250, total + 1, 250)) if at <= step]
    )
    accuracy = 0.1 + (reached - 0.1) * (1 - np.exp(-tests / (0.12 * total))) if len(tests) else np.empty(0)
    return Contestant(
        key or name, counted_of(name, **shape), steps, loss, loss - 0.05, loss + 0.05, tests, accuracy,
        1.3 + len(name) if step else float("nan"), step * 0.004, key.endswith("-shuffled"),
    )  # fmt: skip


def readings_of(name: str, length: int, *, is_picture: bool = False) -> tuple[Reading, ...]:
    random, family, found = np.random.default_rng(len(name)), FAMILIES.get(name, "loop"), []
    if family in ("grid", "both"):
        for number, stride in enumerate((1, 2, 4), start=1):
            if is_picture:
                side = 28 // stride
                values = np.maximum(0, random.standard_normal((16, side, side)))
                kind = "pictures"
            else:
                values = np.maximum(0, np.cumsum(random.standard_normal((32, length // stride)), 1) / 3)
                kind = "maps"
            found.append(Reading(f"relu{number}", kind, np.float32(values), stride, (stride - 1) / 2))
    if family in ("loop", "both"):
        stride = 1 if family == "loop" else 4
        states = np.tanh(np.cumsum(random.standard_normal((64, length // stride)), 1) / 4)
        found.append(Reading("recurrent", "states", np.float32(states), stride, (stride - 1) / 2))
    return tuple(found)


def opened_of(
    experiment: str, step: int, keys: tuple[str, ...], index: int = 12, *, exchanged: bool = False
) -> Opened:
    length, classes = LENGTHS.get(experiment, 40), CLASSES.get(experiment, tuple("0123456789"))
    random = np.random.default_rng(index)
    is_picture = experiment == "rows"
    if is_picture:
        row, column = np.mgrid[:28, :28]
        values = np.float32(np.abs(np.hypot(row - 14, column - 14) - 8) < 2)
    elif experiment == "text":
        values = random.integers(0, 90, (length, 1)).astype(np.float32)
    else:
        values = np.float32(np.cumsum(random.standard_normal((length, 1)), 0) / 3)
    probabilities = {}
    for place, key in enumerate(keys):
        logits = random.standard_normal(len(classes))
        logits[(7 if place != 1 else 4) % len(classes)] += 4 * (step > 0)
        probabilities[key] = np.exp(logits) / np.exp(logits).sum()
    return Opened(
        index, f"Test example {index + 1} of 1,000: {classes[7 % len(classes)]}", values, 7 % len(classes),
        random.permutation(length) if exchanged else None, probabilities,
        {key: readings_of(key.removesuffix("-shuffled"), length, is_picture=is_picture) for key in keys},
        1000, tuple(SENTENCE[:length]) if experiment == "text" else (),
    )  # fmt: skip


def shuffled_of(names: tuple[str, ...], length: int = 40) -> Shuffled:
    windows = (1, 2, 4, 5, 8, 10, 20, 40)
    fall = np.linspace(0, 1, len(windows))
    sweep = {name: LEARNS[name] - (0 if name == "mlp" else 0.72) * fall for name in names}
    sweep["mlp"] = LEARNS["mlp"] - 0.5 * fall
    return Shuffled(length, windows, {name: float(sweep[name][-1]) for name in names}, sweep)


def remembered_of(names: tuple[str, ...]) -> Remembered:
    lags = (1, 2, 4, 8, 16, 32, 64, 128)
    reach = {"cnn": 12, "dilated-cnn": 50, "rnn": 20, "gru": 90, "lstm": 128}
    accuracy = {
        name: tuple(0.125 + 0.87 / (1 + (lag / reach[name]) ** 6) for lag in lags[:7]) for name in names
    }
    back = np.arange(0, 129)
    influence = {}
    for name in names:
        values = np.exp(-back / reach[name])
        influence[name] = np.where(back < 17, values, 0.0) if name == "cnn" else values
    return Remembered(
        lags, 0.125, 0.9, accuracy, dict.fromkeys(names, 8),
        {name: {"cnn": 17, "dilated-cnn": 61}.get(name) for name in names}, back, influence,
        dict.fromkeys(names, 8),
    )  # fmt: skip


def moved_of(names: tuple[str, ...]) -> Moved:
    shifts, stretches, cuts = np.arange(-12, 13.0), np.arange(6, 17) / 10, np.arange(3, 11) / 10
    wide = {"mlp": 2.0, "cnn": 9.0}
    return Moved(
        shifts, {name: LEARNS[name] * np.exp(-((shifts / wide.get(name, 5.0)) ** 2)) for name in names},
        stretches, {name: LEARNS[name] * np.exp(-((4 * (stretches - 1)) ** 2)) for name in names},
        cuts, {name: 0.1 + (LEARNS[name] - 0.1) * cuts**2 for name in names}, (3.0, 1.1, 1.0),
    )  # fmt: skip


def costs_of(names: tuple[str, ...]) -> Costs:
    lengths, widths = np.array([16, 32, 64, 128, 256, 512]), np.array([8, 16, 32, 64, 128])
    slope = {name: (0.4 if FAMILIES.get(name) else 1.0) * (1 + len(name)) for name in names}
    forward = {name: slope[name] * lengths / 100 for name in names}
    wide = {name: slope[name] * (widths / 32.0) ** 1.5 for name in names}
    for name in names:
        wide[name][-1] = np.nan
    return Costs(
        lengths, forward, {name: 2.2 * forward[name] for name in names},
        widths, wide, {name: 2.0 * wide[name] for name in names},
        {name: tuple(counted_of(name, int(length)) for length in lengths) for name in names}, 32, 32, 128, 1,
    )  # fmt: skip


TABLE = (
    Row("A CNN suits data on a grid, an RNN data in a sequence.", "data", "rows",
        "On digits the CNN reaches 98 %, the GRU that reads them row by row 96 %.", "agrees"),
    Row("A recurrent network remembers arbitrarily far back.", "memory", "memory",
        "The vanilla RNN solved lags up to 16, the GRU up to 64, the dilated CNN up to 32.", "disagrees"),
    Row("A CNN computes all positions at once, an RNN one after the other.", "cost", "cost", "", "open"),
    Row("Only a recurrent network can read a time series.", "limits", "mnist1d",
        "On MNIST-1D the CNN reaches 94 %, the GRU 91 %, both from the same batches.", "disagrees"),
    Row("A hybrid is better than either part.", "best uses", "hybrid", "", "open"),
)  # fmt: skip


def snapshot_of(experiment: str = "mnist1d", step: int = 1200, **changes: Any) -> GridVersusLoopSnapshot:
    """The experiment as it stands after so many updates."""
    names, total, length = SUITS[experiment], 2000, LENGTHS.get(experiment, 40)
    classes = CLASSES.get(experiment, tuple("0123456789"))
    learns, is_opened = experiment != "cost", experiment not in ("cost", "memory")
    runners = [contestant_of(name, step, total) for name in names] if learns else []
    if experiment == "shuffle":
        worse = {"mlp": 0.0}
        runners += [
            contestant_of(name, step, total, f"{name}-shuffled", worse.get(name, 0.35)) for name in names
        ]
    config = GridVersusLoopConfig(experiment=experiment, text=SENTENCE if experiment == "text" else "")
    usual = GridVersusLoopSnapshot(
        config, experiment=experiment, title=TITLES[experiment], asks=ASKS,
        finding=FINDING if step else "", published=PUBLISHED if experiment in ("mnist1d", "shuffle") else "",
        about="MNIST-1D: 4,000 + 1,000 sequences of 40 numbers in 10 classes.",
        positions={"rows": "row", "text": "character", "hybrid": "time step"}.get(experiment, "position"),
        classes=classes, length=length, step=step, total=total, chance=1 / len(classes), networks=names,
        contestants=tuple(runners), counted=tuple(counted_of(name, length, len(classes)) for name in names),
        opened=opened_of(experiment, step, tuple(one.key for one in runners)) if is_opened else None,
        shuffled=shuffled_of(names) if experiment == "shuffle" else None,
        remembered=remembered_of(names) if experiment == "memory" else None,
        moved=moved_of(names) if experiment == "shift" else None,
        costs=costs_of(names) if experiment == "cost" else None,
        table=TABLE,
        kept={"mnist1d": Kept("mnist1d", FINDING, 2000, 2000), experiment: Kept(experiment, "", step, total)},
    )  # fmt: skip
    return replace(usual, **changes)
