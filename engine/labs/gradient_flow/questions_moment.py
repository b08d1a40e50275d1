"""The newest curve of a network, computed again in float64 from the weights that it was measured with."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from engine.data.sequence_tasks import Task
from engine.explain.scaled_rows import NOTHING, ScaledRows
from engine.explain.step_jacobian import step_jacobians
from engine.explain.through_time import LayerGradients, gradients_through_time
from engine.labs.gradient_flow import snapshot
from engine.labs.gradient_flow.flow import MeasuredFlow
from engine.labs.gradient_flow.race import Race
from engine.labs.gradient_flow.runner import Runner
from engine.models.recurrent_trace import LayerTrace, Trace, trace

if TYPE_CHECKING:
    from engine.labs.gradient_flow.sentence import Sentence

LOG2 = math.log10(2)
NEAR = 0.01
"""Powers of ten by which float32 may differ; by more, the weights are not those of the curve."""
_KNOWN: WeakKeyDictionary[Trace, Moment] = WeakKeyDictionary()
"""Of the newest curves, while they are there: pointing along one asks about one step after the other."""


@dataclass(frozen=True)
class Back:
    """One step back in time, as decimal logarithms of norms."""

    after: float
    """‖∂L/∂h(t + 1)‖."""
    carried: float | None
    """What later steps take from an LSTM's c(t + 1), without h(t + 1); None for other cells."""
    handed: float
    """J-transposed times these: what arrives at h(t)."""
    direct: float
    """What the loss takes from h(t) itself; −∞ where it is nothing."""
    here: float
    """‖∂L/∂h(t)‖: the length of the sum of the last two."""


@dataclass(frozen=True)
class Moment:
    """A shown sequence, read and gone back through in float64."""

    step: int
    """The update before which it was read."""
    trace: Trace
    module: nn.RNNBase
    gradients: LayerGradients
    direct: np.ndarray
    """(T, H) what the loss takes from each hidden state itself."""

    @property
    def layer(self) -> LayerTrace:
        return self.trace.layers[-1]

    def log10_norm(self, t: int) -> float:
        """‖∂L/∂h(t)‖, t from 0 to T."""
        found = self.gradients
        rows, at = (found.initial_hidden, 0) if t == 0 else (found.hidden, t - 1)
        return float(rows.log_norms[at]) / math.log(10)

    def log10_direct(self, t: int) -> float:
        """What the loss takes from h(t) itself."""
        return _log10(self.direct[t - 1]) if t else -math.inf

    def back(self, t: int) -> Back:
        """From h(t + 1) to h(t), t below T: ∂L/∂h(t) = J-transposed ∂L/∂h(t + 1) + what the loss takes."""
        found, steps = self.gradients, len(self.trace)
        direct = self.direct[t - 1] if t else np.zeros(self.direct.shape[1])
        scale = max(int(found.hidden.exponents[t]), *self._cell_scale(t), _exponent(direct), -(2**40))
        parts = [_scaled(found.hidden, t, scale)]
        if found.cell is not None:
            later = t + 1 < steps
            forget = self.layer.gates["forget"][t + 1] if later else 0.0
            parts.append(forget * _scaled(found.cell, min(t + 1, steps - 1), scale))
        jacobian = step_jacobians(self.trace, self.module, [t], layer=len(self.trace.layers) - 1)
        state = torch.from_numpy(np.concatenate(parts))[None, None]
        handed = jacobian.backwards(state)[0, 0, : jacobian.outputs].numpy()
        entering = np.ldexp(direct, _shift(-scale))
        carried = _log10(parts[1], scale) if len(parts) > 1 else None
        norms = (_log10(each, scale) for each in (handed, entering, handed + entering))
        return Back(_log10(parts[0], scale), carried, *norms)

    def _cell_scale(self, t: int) -> list[int]:
        cell = self.gradients.cell
        return [] if cell is None or t + 1 >= len(self.trace) else [int(cell.exponents[t + 1])]


def moment_of(race: Race | Sentence, runner: snapshot.Runner) -> Moment | None:
    """Of the curve that `runner` shows; None where its weights are gone, or it was of no number."""
    network = race.networks.get(runner.cell)
    if not isinstance(race, Race) or not isinstance(network, Runner):
        return None  # the sentence's networks are not asked how their output layer takes it
    measured = network.flow.newest
    if measured is None or measured.step != runner.flow.step:
        return None
    if measured.trace not in _KNOWN:
        _KNOWN[measured.trace] = _again(network, race.task, measured)
    moment = _KNOWN[measured.trace]
    return moment if _agrees(moment, runner) else None


def _again(network: Runner, task: Task, measured: MeasuredFlow) -> Moment:
    """The same with the same weights, from the inputs on."""
    weights, shown = network.weights_looked_at(), network.looked_at
    head = weights["head.weight"].cpu().double(), weights["head.bias"].cpu().double()
    module = deepcopy(measured.module).cpu().double()
    targets = shown.targets.cpu()
    targets = targets.double() if targets.is_floating_point() else targets
    traced = trace(module, shown.inputs[:, 0].cpu().double())
    hidden = torch.from_numpy(np.array(traced.output)).requires_grad_()
    with torch.enable_grad():
        entering = hidden[:, None] if task.every_step else hidden[-1:]
        (direct,) = torch.autograd.grad(task.loss(nn.functional.linear(entering, *head), targets), hidden)
    gradients = gradients_through_time(traced, module, direct).layers[-1]
    return Moment(measured.step, traced, module, gradients, direct.numpy())


def _agrees(moment: Moment, runner: snapshot.Runner) -> bool:
    """Whether it is the curve that is shown, at its end."""
    last = len(runner.flow.log10_norms) - 1
    shown, again = float(runner.flow.log10_norms[last]), moment.log10_norm(last)
    return shown == again or abs(shown - again) < NEAR


def _scaled(rows: ScaledRows, at: int, exponent: int) -> np.ndarray:
    """(N,) one of the vectors, divided by a power of two."""
    if rows.exponents[at] == NOTHING:
        return np.zeros(rows.mantissas.shape[1])
    return np.ldexp(rows.mantissas[at].astype(np.float64), _shift(int(rows.exponents[at]) - exponent))


def _shift(by: int) -> int:
    """Further than any two floating point numbers are apart it makes no difference."""
    return max(-5000, min(5000, by))


def _exponent(vector: np.ndarray) -> int:
    largest = float(np.abs(vector).max(initial=0.0))
    return math.frexp(largest)[1] if largest else NOTHING


def _log10(vector: np.ndarray, exponent: int = 0) -> float:
    length = float(np.linalg.norm(vector))
    return math.log10(length) + exponent * LOG2 if length else -math.inf
