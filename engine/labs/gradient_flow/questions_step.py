"""Ask why a gradient shrinks or grows: one step's Jacobian, the gate that keeps the past, the weights."""

from __future__ import annotations

import math

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import number
from engine.explain.step_jacobian import (
    WIDE,
    recurrent_weight_norms,
    recurrent_weight_radius,
    step_jacobians,
)
from engine.labs.gradient_flow.question_words import updates
from engine.labs.gradient_flow.questions_moment import Moment
from engine.labs.gradient_flow.snapshot import Mechanism, Runner

WIDE_OPEN = 0.9
"""From which a unit's gate is counted as open."""
_FORMULA = {
    "RNN_TANH": "J = diag(1 − h²) W_hh",
    "RNN_RELU": "J = diag(h > 0) W_hh",
    "GRU": "J = diag(z) + diag((1 − z)(1 − n²)) (diag(r(1 − r)(W_hn h + b_hn)) W_hr + diag(r) W_hn) "
    "+ diag((h − n) z(1 − z)) W_hz",
    "LSTM": "J of the whole state (h, c): c′ = f c + i g, h′ = o tanh c′, with all four gates of W_hh h; "
    "its block ∂c′/∂c is diag(f)",
}


def slopes(moment: Moment, step: int) -> np.ndarray:
    """(H,) the derivative of tanh or relu at a step of a vanilla RNN."""
    h = moment.layer.h[step]
    return 1 - h * h if moment.layer.mode == "RNN_TANH" else (h > 0).astype(np.float64)


def of_jacobian(runner: Runner, mechanism: Mechanism, moment: Moment | None, place: int) -> Answer:
    """The largest singular value of the Jacobian of one step."""
    step, value = int(mechanism.places[place]), float(mechanism.largest[place])
    middle, smallest = float(mechanism.middle[place]), float(mechanism.smallest[place])
    spread = (
        "" if math.isnan(middle) else f" The median is {number(middle)}, the smallest {number(smallest)}."
    )
    return Answer(
        f"{runner.title} · largest singular value of ∂s({step + 1})/∂s({step}), update {mechanism.step}",
        "The most that this step can lengthen a gradient on its way back, s being the whole state: where all "
        f"steps stay below 1 it must vanish, above 1 it may explode.{spread}",
        value,
        mechanism.largest.shape,
        (_jacobian_step(mechanism, moment, step, value),),
    )


def _jacobian_step(mechanism: Mechanism, moment: Moment | None, step: int, value: float) -> Step:
    if moment is None or moment.step != mechanism.step:
        return Step("recurrent layer", "as measured", (Line("largest singular value", "", value),))
    jacobians = step_jacobians(moment.trace, moment.module, [step], layer=len(moment.trace.layers) - 1)
    size = jacobians.size
    if math.isnan(float(mechanism.middle[0])):  # too large to be taken apart while one points at it
        found, how = float(jacobians.largest_singular_values()[0]), "by bidiagonalisation"
    else:
        found, how = float(jacobians.singular_values()[0, 0]), f"of {size} singular values"
    lines = (*_parts(moment, step), Line("largest singular value of J", how, found))
    return Step("recurrent layer", _FORMULA[moment.layer.mode], lines)


def _parts(moment: Moment, step: int) -> tuple[Line, ...]:
    """What J is made of at this step."""
    mode = moment.layer.mode
    norms = recurrent_weight_norms(moment.module, layer=len(moment.trace.layers) - 1)
    if mode in ("LSTM", "GRU"):
        gate, letter = ("forget", "f") if mode == "LSTM" else ("update", "z")
        new = "cell" if mode == "LSTM" else "new"
        open_ = moment.layer.gates[gate][step]
        return (
            Line(f"mean of the {gate} gate {letter}", f"over {len(open_)} units", float(open_.mean())),
            Line(f"its largest, max {letter}", "", float(open_.max())),
            Line(f"‖W_hh‖ of the {new} gate", "its largest singular value", norms[new]),
        )
    slope = slopes(moment, step)
    name = "slope 1 − h²" if mode == "RNN_TANH" else "slope (1 where h > 0)"
    return (
        Line("‖W_hh‖", "its largest singular value", norms["hidden"]),
        Line(f"mean {name}", f"over {len(slope)} units", float(slope.mean())),
        Line("max slope", "", float(slope.max())),
    )


def of_gate(runner: Runner, mechanism: Mechanism, moment: Moment | None, step: int) -> Answer | None:
    """The mean over the units of the gate that keeps the past, at one step counted from 0."""
    if not mechanism.gate:
        return None
    value, gate = float(mechanism.gate_mean[step]), mechanism.gate
    low, high = float(mechanism.gate_low[step]), float(mechanism.gate_high[step])
    letter, kept = ("f", "cell state") if gate == "forget" else ("z", "hidden state")
    return Answer(
        f"{runner.title} · {gate} gate at step {step + 1}, mean over the units, update {mechanism.step}",
        f"How much of the {kept} of the step before is kept, and with it how much of the gradient passes: 1 "
        f"is all, 0 nothing. Eight tenths of the units lie from {number(low)} to {number(high)}.",
        value,
        mechanism.gate_mean.shape,
        (_gate_step(mechanism, moment, step, letter, value),),
    )


def _gate_step(mechanism: Mechanism, moment: Moment | None, step: int, letter: str, value: float) -> Step:
    formula = f"{letter} = sigmoid(W_i{letter} x + b_i{letter} + W_h{letter} h + b_h{letter})"
    if moment is None or moment.step != mechanism.step:
        return Step("recurrent layer", formula, (Line("mean over the units", "", value),))
    units = moment.layer.gates[mechanism.gate][step]
    count = int((units > WIDE_OPEN).sum())
    lines = (
        Line("smallest", "", float(units.min())),
        Line("largest", "", float(units.max())),
        Line("share above 0.9", f"{count} of {len(units)} units", count / len(units)),
        Line("mean over the units", f"{number(float(units.sum()))} / {len(units)}", float(units.mean())),
    )
    return Step("recurrent layer", formula, lines)


def of_weights(
    runner: Runner, mechanism: Mechanism, moment: Moment | None, kind: str, gate: int, bucket: int
) -> Answer:
    """Spectral radius ("radius") or largest singular value ("singular") of one gate's block of W_hh."""
    values = mechanism.spectral_radius if kind == "radius" else mechanism.largest_singular
    value, name = float(values[gate, bucket]), mechanism.gates[gate]
    what, meaning = _SIZES[kind]
    when = updates(mechanism.radius_steps, bucket, mechanism.step)
    which = "W_hh" if name == "hidden" else f"the {name} gate’s W_hh"
    lines = _weight_lines(mechanism, moment, kind, name, bucket) or (
        Line(what, f"as measured, {when}", value),
    )
    return Answer(
        f"{runner.title} · {what} of {which}, {when}",
        meaning,
        value,
        values.shape,
        (Step("recurrent layer", which, lines),),
    )


_SIZES = {
    "radius": (
        "spectral radius",
        "The largest absolute value of its eigenvalues: the growth a step, in the long run, of a linear "
        "network, whose gradient vanishes below 1 and explodes above.",
    ),
    "singular": (
        "largest singular value",
        "Its spectral norm ‖W‖: the most that one product with it can lengthen a vector.",
    ),
}


def _weight_lines(
    mechanism: Mechanism, moment: Moment | None, kind: str, name: str, bucket: int
) -> tuple[Line, ...]:
    """Again from the weights, where the bucket is of the newest update alone."""
    if moment is None or not moment.step == mechanism.step == int(mechanism.radius_steps[bucket]):
        return ()
    units, layer = moment.module.hidden_size, len(moment.trace.layers) - 1
    if kind == "radius":
        radius = recurrent_weight_radius(moment.module, name, layer=layer)
        return (Line("max |eigenvalue|", f"of {units} eigenvalues", radius),)
    norm = recurrent_weight_norms(moment.module, layer=layer)[name]
    how = "by bidiagonalisation" if units > WIDE else f"of {units} singular values"
    return (Line("max singular value", how, norm),)
