"""Ask any point of a gradient's way back through time: the curve, its map over training, and its bound."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import number
from engine.explain.step_jacobian import SOUGHT_BELOW, step_jacobians, weight_norm_bound
from engine.labs.gradient_flow.finding import FLOAT32_ENDS
from engine.labs.gradient_flow.question_words import scientific, updates
from engine.labs.gradient_flow.questions_moment import Moment
from engine.labs.gradient_flow.questions_step import slopes
from engine.labs.gradient_flow.snapshot import Mechanism, Runner


def of_flow(runner: Runner, moment: Moment | None, t: int) -> Answer:
    """A point of the newest curve, t from 0 to T. IndexError where there is none."""
    curve = runner.flow.log10_norms
    value = float(curve[t])
    beside = _beside(curve, t)
    return Answer(
        f"{runner.title} · log10 ‖∂L/∂h({t})‖ before update {runner.flow.step}",
        f"How much L, the loss of the shown sequence, depends on the hidden state {_after(t)}: the length of "
        f"the gradient, which counts all that the state leads to. It is {_told(value)}.",
        value,
        curve.shape,
        (*((beside,) if beside.lines else ()), _came_about(moment, t, value)),
    )


def of_measured(runner: Runner, mechanism: Mechanism, moment: Moment | None, t: int) -> Answer:
    """A point of the curve that the bound is of, which may be older than the newest."""
    flow = replace(runner.flow, step=mechanism.step, log10_norms=mechanism.log10_norms)
    is_newest = moment is not None and moment.step == mechanism.step
    return of_flow(replace(runner, flow=flow), moment if is_newest else None, t)


def of_map(runner: Runner, row: int, t: int) -> Answer:
    """A point of the map: the mean of the logarithms over the updates of a row."""
    flow = runner.flow
    curve = flow.map[row].astype(np.float64)
    value, when = float(curve[t]), updates(flow.map_steps, row, flow.step)
    beside = _beside(curve, t)
    line = Line(f"log10 ‖∂L/∂h({t})‖", scientific(value), value)
    return Answer(
        f"{runner.title} · log10 ‖∂L/∂h({t})‖, {when}",
        f"How much the loss of the sequence shown then depended on the hidden state {_after(t)}, the mean of "
        f"the logarithm over what was measured in these updates. It is {_told(value)}.",
        value,
        flow.map.shape,
        (*((beside,) if beside.lines else ()), Step("recurrent layer", f"as measured, {when}", (line,))),
    )


def of_bound(runner: Runner, mechanism: Mechanism, moment: Moment | None, t: int) -> Answer:
    """The most that the gradient can be at t."""
    bound = mechanism.log10_bound
    value = float(bound[t])
    is_gated = bool(mechanism.gate)
    source = (
        "the largest singular value of the Jacobian of (h, c), or of h, at every step on the way"
        if is_gated
        else "‖W_hh‖ max|slope| at every step on the way (Pascanu, Mikolov and Bengio 2013)"
    )
    return Answer(
        f"{runner.title} · log10 of the bound of ‖∂L/∂h({t})‖ before update {mechanism.step}",
        f"What the gradient can be at most: the last step’s, times {source}. It is {_told(value)}; the "
        f"gradient itself {_told(float(mechanism.log10_norms[t]))}.",
        value,
        bound.shape,
        (Step("recurrent layer", "one step back in time", _bound_lines(mechanism, moment, t)),),
    )


def _after(t: int) -> str:
    return f"after step {t}" if t else "before the first step"


def _told(log10: float) -> str:
    """A size in words, where no number of float32 is that small too."""
    if log10 == -math.inf:
        return "exactly 0: the loss does not depend on it"
    below = ", below all that float32 can hold" if log10 < FLOAT32_ENDS else ""
    return f"{scientific(log10)}{below}"


def _beside(curve: np.ndarray, t: int) -> Step:
    """What became of the last step's gradient on the way."""
    last = len(curve) - 1
    here, start = float(curve[t]), float(curve[last])
    if t == last or not (math.isfinite(here) and math.isfinite(start)):
        return Step("recurrent layer", "from the last step on", ())
    change, back = here - start, last - t
    lines = (
        Line(f"log10 ‖∂L/∂h({last})‖, the last step’s", scientific(start), start),
        Line("log10 of the ratio to it", f"{number(here)} − ({number(start)})", change),
        Line("mean factor a step", f"({scientific(change)})^(1/{back})", 10 ** (change / back)),
    )
    return Step("recurrent layer", "from the last step back to here", lines)


def _came_about(moment: Moment | None, t: int, value: float) -> Step:
    """The step back that led here, in float64; the value alone where its weights are gone."""
    label = f"log10 ‖∂L/∂h({t})‖"
    if moment is None:
        line = Line(label, scientific(value), value)
        return Step("recurrent layer", "as measured", (line,))
    if t == len(moment.trace):
        direct = moment.log10_direct(t)
        return Step("output layer", "what the loss takes from it", (Line(label, scientific(direct), direct),))
    return Step(
        "recurrent layer",
        f"∂L/∂h({t}) = J-transposed × ∂L/∂h({t + 1}) + what the loss takes from h({t})",
        _back_lines(moment, t, label),
    )


def _back_lines(moment: Moment, t: int, label: str) -> tuple[Line, ...]:
    back = moment.back(t)
    lines = [Line(f"log10 ‖∂L/∂h({t + 1})‖", scientific(back.after), back.after)]
    if back.carried is not None:
        told = scientific(back.carried)
        lines.append(Line(f"log10 of what later steps take from c({t + 1})", told, back.carried))
    factor = (
        f"× {number(10 ** (back.handed - back.after))}" if math.isfinite(back.handed - back.after) else ""
    )
    lines.append(Line(f"log10 ‖J-transposed × {'both' if len(lines) > 1 else 'it'}‖", factor, back.handed))
    if math.isfinite(back.direct):
        direct = scientific(back.direct)
        lines.append(Line(f"log10 ‖what the loss takes from h({t})‖", direct, back.direct))
    lines.append(Line(label, scientific(back.here), back.here))
    return tuple(lines)


def _bound_lines(mechanism: Mechanism, moment: Moment | None, t: int) -> tuple[Line, ...]:
    """bound(t) = direct(t) + ‖J‖ bound(t + 1)."""
    bound, label = mechanism.log10_bound, f"log10 of the bound at {t}"
    value = float(bound[t])
    if moment is None or moment.step != mechanism.step or t + 1 >= len(bound):
        return (Line(label, scientific(value), value),)
    norm, how = _step_bound(mechanism, moment, t)
    after, direct = float(bound[t + 1]), moment.log10_direct(t)
    handed = after + (math.log10(norm) if norm > 0 else -math.inf)
    total = float(np.logaddexp(handed * math.log(10), direct * math.log(10))) / math.log(10)
    lines = [Line(f"log10 of the bound at {t + 1}", scientific(after), after), Line("‖J‖ at most", how, norm)]
    if math.isfinite(direct):
        lines.append(Line(f"log10 ‖what the loss takes from h({t})‖", scientific(direct), direct))
    return (*lines, Line(label, scientific(total), total))


def _step_bound(mechanism: Mechanism, moment: Moment, t: int) -> tuple[float, str]:
    """The most that step t + 1 can lengthen a gradient, and how that is known."""
    place = len(moment.trace.layers) - 1
    if not mechanism.gate:
        norm = weight_norm_bound(moment.module, layer=place)
        largest = float(slopes(moment, t).max())
        return norm * largest, f"‖W_hh‖ {number(norm)} × max|slope| {number(largest)}"
    jacobians = step_jacobians(moment.trace, moment.module, [t], layer=place)
    found = float(jacobians.largest_singular_values()[0])
    return found * (1 + SOUGHT_BELOW), f"largest singular value {number(found)}, and a thousandth more"
