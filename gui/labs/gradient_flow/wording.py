"""Sentences and short texts of the gradient flow page."""

from __future__ import annotations

import math

import numpy as np

from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot, Meter, Runner
from gui.labs.gradient_flow.networks import SHORT
from gui.panels.plot_ticks import power_text

FLOW = "Gradient along the sequence"
FLOAT32_ZERO = math.log10(2.0**-149)
"""log10 of float32's smallest number above zero, 1.4e-45: what is smaller it writes as 0."""
BELOW_FLOAT32 = "below, float32 writes 0"
NOTHING_LEARNED = "Nothing is learned here: networks that have learned to read take your sentence as it is."
PARAMETERS = {
    "weight_ih_l0": "W_ih",
    "weight_hh_l0": "W_hh",
    "bias_ih_l0": "b_ih",
    "bias_hh_l0": "b_hh",
    "head.weight": "W_out",
    "head.bias": "b_out",
}


def preset_line(config: GradientFlowConfig) -> str:
    """The preset's sentence, and which of its settings have been changed since."""
    if config.preset not in PRESETS:
        return "Your own settings."
    sentence, settings = PRESETS[config.preset]
    labels = [
        about.label.lower()
        for name, about in type(config).settings().items()
        if name in settings and getattr(config, name) != settings[name]
    ]
    return f"{sentence} Changed since: {', '.join(labels)}." if labels else sentence


def subtitle(snapshot: GradientFlowSnapshot) -> str:
    """The muted line under the lab's question: the task, and how far it got."""
    if not snapshot.runners:
        return snapshot.sentence
    step = "" if snapshot.config.task == "sentence" else f" Step {snapshot.step:,}."
    return f"{snapshot.sentence}{step}"


def flow_line(snapshot: GradientFlowSnapshot) -> str:
    """What the main chart shows."""
    if not snapshot.runners:
        return "‖∂L/∂h(t)‖: how much the loss depends on the state at each step."
    if snapshot.config.task == "sentence":
        return "‖∂L/∂h(t)‖: how much the last prediction depends on the state after each character."
    step = max(one.flow.step for one in snapshot.runners)
    return f"‖∂L/∂h(t)‖ before step {step:,}; paler, earlier ones. Low all along: a small loss."


def exploded(runner: Runner) -> str:
    """What is said of a network that has no numbers any more; "" of any other."""
    if runner.exploded_at is None:
        return ""
    largest = runner.log10_largest
    tail = f", largest gradient {power_text(largest)}" if math.isfinite(largest) else ""
    return f"exploded at step {runner.exploded_at:,}{tail}"


def curve_name(runner: Runner) -> str:
    """A network's name at the end of its curve."""
    name = SHORT[runner.cell]
    return name if runner.exploded_at is None else f"{name}, exploded at {runner.exploded_at:,}"


def score(runner: Runner) -> str:
    """How often it was right of late: "98 %"; "" before the first batch."""
    return f"{100 * runner.recent_accuracy:.0f} %" if math.isfinite(runner.recent_accuracy) else ""


def note(runner: Runner) -> str:
    """A few words beside a network's name."""
    if runner.exploded_at is not None:
        return f"exploded at {runner.exploded_at:,}"
    values = runner.flow.log10_norms
    if len(values) and bool(np.isneginf(values[:-1]).all()) and len(values) > 1:
        return "no gradient"
    return score(runner)


def parameter(name: str) -> str:
    """What a parameter is called on the page."""
    return PARAMETERS.get(name, name)


def longest_line(meter: Meter) -> str:
    """The longest length that each network solved."""
    parts = [
        f"{SHORT[cell]} {longest}" if longest is not None else f"{SHORT[cell]} none"
        for cell, longest in meter.longest.items()
    ]
    return f"Longest solved: {', '.join(parts)}; at most {meter.steps:,} steps each." if parts else ""
