"""Snapshots of the gradient flow lab made by hand, with numbers as a run would measure them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.snapshot import (
    Flow,
    GradientFlowSnapshot,
    Health,
    Mechanism,
    Meter,
    Runner,
)

SLOPES = {"rnn": 0.16, "relu": 0.22, "irnn": 0.03, "lstm": 0.012, "lstm-no-forget-bias": 0.28, "gru": 0.004}
"""Powers of ten that the gradient loses with each step back."""
LEARNS = {"rnn": 0.0, "relu": 0.0, "irnn": 0.35, "lstm": 0.93, "lstm-no-forget-bias": 0.02, "gru": 1.0}
PARAMETERS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "head.weight", "head.bias")
RECENT, ROWS = 40, 200


def courses(cell: str, length: int, updates: np.ndarray) -> np.ndarray:
    """(updates, length + 1) log10 gradient norms: steeper or flatter from update to update, and noisy."""
    random = np.random.default_rng(len(cell) + length)
    back = np.arange(length, -1, -1)
    wobble = 1 + 0.35 * np.sin(updates / 23.0 + len(cell)) + 0.1 * random.standard_normal(len(updates))
    noise = np.cumsum(random.normal(0, 0.02, (len(updates), length + 1)), axis=1)
    lift = -0.4 - 1.2 * LEARNS[cell] * (1 - np.exp(-updates / 300))
    return lift[:, None] - SLOPES[cell] * wobble[:, None] * back + noise


def flow_of(cell: str, length: int, step: int) -> Flow:
    recent_steps = np.arange(max(1, step - RECENT), step)
    stride = max(1, -(-step // ROWS))
    map_steps = np.arange(1, step + 1, stride)
    return Flow(
        step,
        courses(cell, length, np.array([step]))[0],
        courses(cell, length, recent_steps),
        recent_steps,
        courses(cell, length, map_steps).astype(np.float32),
        map_steps,
    )


def mechanism_of(cell: str, length: int, step: int) -> Mechanism:
    places = np.unique(np.linspace(0, length - 1, 12).round().astype(int))
    base = 10.0 ** -SLOPES[cell]
    swing = 1 + 0.06 * np.sin(places / 5)
    gate = {"lstm": "forget", "lstm-no-forget-bias": "forget", "gru": "update"}.get(cell, "")
    open_to = 0.5 if cell == "lstm-no-forget-bias" else 0.93
    mean = (open_to + 0.03 * np.sin(np.arange(length) / 6)) if gate else np.empty(0)
    gates = {"lstm": ("input", "forget", "candidate", "output"), "gru": ("reset", "update", "candidate")}
    names = gates.get(cell.split("-")[0], ("hidden",))
    updates = np.arange(1, step + 1, max(1, step // 60))
    growth = 0.58 + 0.05 * np.arange(len(names))[:, None] + 0.4 * (1 - np.exp(-updates / 200))
    bound = -0.5 + np.arange(length, -1, -1) * np.log10(max(1.02, 1.25 * base))
    return Mechanism(
        step, places, 1.3 * base * swing, base * swing, 0.05 * base * swing,
        courses(cell, length, np.array([step]))[0], bound,
        gate, mean, mean - 0.12, np.minimum(1, mean + 0.06), names, updates, growth, 1.6 * growth,
    )  # fmt: skip


def health_of(cell: str, step: int) -> Health:
    steps = np.arange(1, step + 1, max(1, step // 150))
    random = np.random.default_rng(3)
    sizes = np.array([0.3, 0.8, 0.1, 0.1, 0.5, 0.06])[:, None]
    norms = sizes * np.exp(-steps / 400) * np.exp(0.2 * random.standard_normal((6, len(steps))))
    lost = np.clip(0.3 * (1 - np.exp(-steps / 150)), 0, 1)
    dead = lost / 2 if cell in ("relu", "irnn") else np.zeros(len(steps))
    return Health(steps, PARAMETERS, norms, norms / 300, np.zeros(len(steps)) if dead.any() else lost, dead)


def runner_of(cell: str, length: int, step: int, **changes: Any) -> Runner:
    steps = np.arange(1, step + 1, max(1, -(-step // 512)))
    random = np.random.default_rng(len(cell))
    learned = LEARNS[cell] / (1 + np.exp(-(steps - 280) / 60))
    loss = 2.08 * (1 - learned) + 0.06 * random.standard_normal(len(steps)) * (1 - 0.8 * learned) + 0.03
    accuracy = np.clip(0.125 + 0.87 * learned + 0.03 * random.standard_normal(len(steps)), 0, 1)
    usual = Runner(
        cell, cell.upper(), 5_800, steps, loss, loss - 0.05, loss + 0.05, accuracy,
        float(accuracy[-20:].mean()) if step else float("nan"),
        flow_of(cell, length, step), mechanism_of(cell, length, step), health_of(cell, step), None, 0.3,
    )  # fmt: skip
    return replace(usual, **changes)


def snapshot_of(
    cells: Sequence[str] = ("rnn", "lstm", "lstm-no-forget-bias", "gru"),
    length: int = 60,
    step: int = 600,
    preset: str = "gates keep it",
    **settings: Any,
) -> GradientFlowSnapshot:
    """A run of so many steps; none is a run that has not begun."""
    config = replace(
        GradientFlowConfig(), **(PRESETS[preset][1] | {"cells": ",".join(cells), "length": length} | settings)
    )
    config = replace(config, preset=preset)
    return GradientFlowSnapshot(
        config,
        title="Recall",
        sentence=f"Recall the first of {length} symbols through noise.",
        loss_name="cross-entropy (nats)",
        length=length,
        step=step,
        baseline_loss=float(np.log(8)),
        baseline_accuracy=0.125,
        baseline_sentence="Guessing one of 8 symbols scores 2.08 nats.",
        labels=("C", *[""] * (length - 1)),
        runners=tuple(runner_of(cell, length, step) for cell in cells) if step else (),
        finding="The GRU recalls the first symbol (98 %), the LSTM too (92 %): their gates stand open at "
        "0.93, so that the gradient loses less than a tenth on the way. The vanilla RNN’s is 10^10 times "
        "weaker at the beginning: it stays at chance."
        if step
        else "",
    )


def exploded_snapshot() -> GradientFlowSnapshot:
    """The vanilla RNN has no numbers any more since step 37; two go on."""
    snapshot = snapshot_of(("rnn", "relu", "gru"), 100, 400, "it explodes")
    runner = runner_of("rnn", 100, 37)
    growing = runner.flow.log10_norms[::-1] * -1.4
    flow = replace(
        runner.flow,
        log10_norms=growing,
        recent=runner.flow.recent[:, ::-1] * -0.9,
        map=runner.flow.map[:, ::-1] * -0.9,
    )
    loss = 2.1 * np.exp(np.arange(37) / 6)
    loss[-1] = np.nan
    gone = replace(
        runner, flow=flow, loss=loss, loss_low=loss, loss_high=loss, exploded_at=37, log10_largest=24.2,
        recent_accuracy=float("nan"),
    )  # fmt: skip
    return replace(
        snapshot,
        runners=(gone, *snapshot.runners[1:]),
        finding="The vanilla RNN exploded at step 37; its largest gradient was 10^24. The others go on.",
    )


def sentence_snapshot(text: str = "The old man who had lived alone by the sea opened the d") -> Any:
    """A typed sentence, read once by the language networks."""
    snapshot = snapshot_of(("rnn", "lstm", "gru"), len(text), 1, task="sentence", text=text)
    runners = tuple(replace(one, health=None, recent_accuracy=float("nan")) for one in snapshot.runners)
    return replace(
        snapshot,
        sentence="The gradient of the last prediction.",
        labels=tuple(text),
        runners=runners,
        finding="In the LSTM the first character still counts 30 % of the last; in the vanilla RNN 10^-6.",
    )


def finished_snapshot() -> GradientFlowSnapshot:
    """A long run of six networks with a memory meter that is through."""
    cells = tuple(SLOPES)
    lengths = (10, 20, 50, 100, 200)
    reached = {
        cell: tuple(float(np.clip(1.1 - length * slope / 4, 0.13, 1.0)) for length in lengths)
        for cell, slope in SLOPES.items()
    }
    longest = {
        cell: max((n for n, score in zip(lengths, scores, strict=True) if score >= 0.9), default=None)
        for cell, scores in reached.items()
    }
    meter = Meter(lengths, reached, 0.125, 0.9, longest, 600)
    return replace(snapshot_of(cells, 200, 2000), meter=meter)
