"""What the gradient flow lab answers without a screen, and the files with which anyone can check it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.labs.gradient_flow.snapshot import Meter, Runner

if TYPE_CHECKING:
    import numpy as np

    from engine.labs.gradient_flow.flow import MeasuredFlow
    from engine.labs.gradient_flow.race import Race


CANDIDATE = {"LSTM": "cell", "GRU": "new"}
"""The gate whose block of W_hh puts something new into the state; "hidden" of a cell without gates."""


def of_runner(runner: Runner, measured: MeasuredFlow | None) -> dict[str, Any]:
    """One network: its gradient curve at the last step, its losses, and how it fares.

    The spectral radius is of the weights that the curve was `measured` with: of W_hh, or of a cell with gates
    of the block that makes the candidate.
    """
    from engine.explain.step_jacobian import recurrent_weight_radius

    radius = math.nan
    if measured is not None:
        gate = CANDIDATE.get(measured.module.mode, "hidden")
        radius = recurrent_weight_radius(measured.module, gate, layer=len(measured.trace.layers) - 1)
    return {
        "log10_gradient_norm": [_number(value) for value in runner.flow.log10_norms],
        "step": runner.flow.step,
        "loss": runner.loss.tolist(),
        "loss_steps": runner.steps.tolist(),
        "accuracy": _number(runner.recent_accuracy),
        "spectral_radius": _number(radius),
        "parameters": runner.parameters,
        "exploded_at": runner.exploded_at,
        "log10_largest_gradient": _number(runner.log10_largest),
    }


def _number(value: float) -> float | None:
    """What JSON has for it: neither infinity (no dependence at all) nor what is no number is one."""
    return float(value) if math.isfinite(value) else None


def of_meter(meter: Meter) -> dict[str, Any]:
    """Success against length; a network has no entry at the lengths that it was not tried at."""
    return {
        "lengths": list(meter.lengths),
        "solved": meter.solved,
        "chance": meter.chance,
        "accuracy": {cell: list(found) for cell, found in meter.accuracy.items()},
        "longest": dict(meter.longest),
    }


def arrays(race: Race, runners: tuple[Runner, ...]) -> dict[str, np.ndarray]:
    """The shown sequence (T, inputs), its targets, and each network's curve (T + 1,)."""
    shown = next(iter(race.networks.values())).looked_at
    found = {"inputs": shown.inputs[:, 0].cpu().numpy(), "targets": shown.targets.cpu().numpy()}
    return found | {f"{each.cell}-log10-gradient-norm": each.flow.log10_norms for each in runners}


def files(race: Race) -> Mapping[str, Callable[[Path], None]]:
    """The weights before the last update of each network, and the definition of the loss in words."""
    from engine.checkpoint import save_tensors

    found: dict[str, Callable[[Path], None]] = {
        f"{cell}.safetensors": partial(save_tensors, tensors=runner.weights_looked_at())
        for cell, runner in race.networks.items()
    }
    definition = (
        f"{race.task.loss_definition}\nHere the batch is the shown sequence alone: inputs.npy, targets.npy.\n"
        "log10-gradient-norm has log10 of the norm of the gradient of this loss with respect to h(0), ..., "
        "h(T), the states before the first step and after each.\n"
    )
    found["loss.txt"] = lambda path: path.write_text(definition, encoding="utf-8") and None
    return found
