"""Why a gradient vanishes or explodes in one network: singular values, bounds, gates and weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
from torch import nn

from engine.explain.step_jacobian import recurrent_weight_sizes, step_jacobians, vanilla_step_bounds
from engine.labs.gradient_flow.flow import MeasuredFlow
from engine.labs.gradient_flow.snapshot import Mechanism
from engine.models.recurrent_layer import GATES
from engine.models.recurrent_trace import Trace
from engine.read_only import read_only
from engine.row_history import RowHistory

PLACES = 50
"""Steps of a sequence whose Jacobian is taken apart, where the state is small."""
SMALL_STATE, LARGE_STATE = 96, 512
"""Values of a state up to which a step's singular values take about 1 ms, and up to which under 100 ms."""
LARGE_PLACES = 8
"""Steps of which the largest singular value is sought where all of them would take too long."""
SLICE_WORK = 20 * SMALL_STATE**3
"""Size, cubed and summed, of the Jacobians that one slice decomposes."""
BOUND_WORK = 128 * 128**2
"""Size, squared and summed, of the Jacobians whose largest singular value one slice seeks."""
LARGE_WEIGHT = 256
"""Units up to which the eigenvalues of W_hh are sought while a network learns."""
WEIGHT_BUCKETS = 256
SOUGHT_BELOW = 1e-3
"""By how much less, as a part, a largest singular value may be found than it is; the bound is widened by
it."""
KEEPING = {"LSTM": "forget", "GRU": "update"}
"""The gate that keeps the past."""


_NOTHING = read_only(np.zeros(0))


class MechanismRecord:
    """The newest measurement of one network, and the sizes of its W_hh over training: all bounded."""

    def __init__(self, module: nn.RNNBase) -> None:
        self.gates = GATES[module.mode] or ("hidden",)
        self.newest: Mechanism | None = None
        self._sizes = RowHistory(WEIGHT_BUCKETS, 2 * len(self.gates))
        self._sized = 0
        self._seen: Mechanism | None = None

    def measure(self, flow: MeasuredFlow) -> Iterator[tuple[int, int]]:
        """Measure on the sequence and weights of `flow`, in slices; the newest is replaced at the end.

        Weights are copied at the first slice, so that the network may go on learning meanwhile.
        """
        module, parts = deepcopy(flow.module), _parts(flow)
        total = parts.slices + 2
        self.measure_weights(flow)
        yield 1, total
        found: list[np.ndarray] = []
        for steps in parts.decomposed:
            found.append(_singular(flow.trace, module, steps, parts.whole))
            yield 1 + len(found), total
        bounds: list[np.ndarray] = []
        for steps in parts.bounded:
            bounds.append(_largest(flow.trace, module, steps))
            yield 1 + len(found) + len(bounds), total
        self.newest, self._seen = self._assembled(flow, module, parts, found, bounds), None
        yield total, total

    def measure_weights(self, flow: MeasuredFlow) -> None:
        """Write down what W_hh can do, once an update, where that is quickly found."""
        if flow.module.hidden_size > LARGE_WEIGHT or flow.step <= self._sized:
            return
        sizes = recurrent_weight_sizes(flow.module, layer=len(flow.trace.layers) - 1).values()
        radii = [each.spectral_radius for each in sizes]
        self._sizes.append(flow.step, radii + [each.largest_singular_value for each in sizes])
        self._sized, self._seen = flow.step, None

    def seen(self) -> Mechanism | None:
        """The newest measurement with all that is known of the weights; None before the first."""
        if self._seen is None and self.newest is not None:
            steps, sizes = self._sizes.arrays()
            split = read_only(np.ascontiguousarray(sizes.T).reshape(2, len(self.gates), -1))
            self._seen = replace(
                self.newest, radius_steps=steps, spectral_radius=split[0], largest_singular=split[1]
            )
        return self._seen

    def _assembled(
        self,
        flow: MeasuredFlow,
        module: nn.RNNBase,
        parts: _Parts,
        found: list[np.ndarray],
        bounds: list[np.ndarray],
    ) -> Mechanism:
        largest, middle, smallest = np.concatenate(found).T
        gate, low, mean, high = _gate(flow.trace)
        return Mechanism(
            step=flow.step,
            places=read_only(np.array(parts.places)),
            largest=read_only(np.ascontiguousarray(largest)),
            middle=read_only(np.ascontiguousarray(middle)),
            smallest=read_only(np.ascontiguousarray(smallest)),
            log10_bound=read_only(_bound(flow, module, bounds)),
            gate=gate,
            gate_mean=mean,
            gate_low=low,
            gate_high=high,
            gates=self.gates,
            radius_steps=_NOTHING,
            spectral_radius=_NOTHING,
            largest_singular=_NOTHING,
        )


class _Parts:
    """What is measured of a traced sequence, cut into slices of a few hundredths of a second."""

    def __init__(self, steps: int, size: int, is_gated: bool) -> None:
        self.whole = size <= LARGE_STATE
        """Whether all singular values are found, or the largest alone."""
        shrunk = (SMALL_STATE / max(size, SMALL_STATE)) ** 3
        wanted = max(3, round(PLACES * shrunk)) if self.whole else LARGE_PLACES
        self.places = evenly(steps, wanted)
        self.decomposed = _cut(self.places, SLICE_WORK // size**3 if self.whole else 1)
        every = range(steps) if is_gated and self.whole else ()
        self.bounded = _cut(every, BOUND_WORK // size**2)

    @property
    def slices(self) -> int:
        return len(self.decomposed) + len(self.bounded)


def _parts(flow: MeasuredFlow) -> _Parts:
    layer = flow.trace.layers[-1]
    size = layer.h.shape[1] + (0 if layer.c is None else layer.c.shape[1])
    return _Parts(len(flow.trace), size, bool(layer.gates))


def evenly(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` of the steps 0 to `steps` − 1, evenly spaced, the first and the last among them."""
    chosen = np.linspace(0, steps - 1, min(steps, count)).round().astype(int)
    return tuple(sorted(set(chosen.tolist())))


def _cut(steps: range | tuple[int, ...], width: int) -> list[list[int]]:
    chosen, width = list(steps), max(1, width)
    return [chosen[start : start + width] for start in range(0, len(chosen), width)]


def _singular(trace: Trace, module: nn.RNNBase, steps: list[int], whole: bool) -> np.ndarray:
    """(n, 3) the largest, median and smallest singular value of each step's Jacobian."""
    jacobians = step_jacobians(trace, module, steps, layer=len(trace.layers) - 1)
    if not whole:
        largest = jacobians.largest_singular_values()
        return np.stack([largest, *np.full((2, len(steps)), math.nan)], 1)
    values = jacobians.singular_values()
    return np.stack([values[:, 0], np.median(values, axis=1), values[:, -1]], 1)


def _largest(trace: Trace, module: nn.RNNBase, steps: list[int]) -> np.ndarray:
    found = step_jacobians(trace, module, steps, layer=len(trace.layers) - 1).largest_singular_values()
    return found * (1 + SOUGHT_BELOW)


def _bound(flow: MeasuredFlow, module: nn.RNNBase, bounds: list[np.ndarray]) -> np.ndarray:
    """(T + 1,) log10 of what ‖∂L/∂h(t)‖ can be at most: ‖g(t)‖ ≤ ‖direct(t)‖ + ‖J(t)‖ ‖g(t + 1)‖.

    ‖J(t)‖ is at most ‖W_hh‖ max|slope| for a vanilla RNN (Pascanu et al. 2013), for others the largest
    singular value as measured, of the whole state's Jacobian. Empty for a network that is too large.
    """
    traced = flow.trace
    if bounds:
        step_bounds = np.concatenate(bounds)
    elif not traced.layers[-1].gates and module.hidden_size <= LARGE_STATE:
        step_bounds = vanilla_step_bounds(traced, module, layer=len(traced.layers) - 1)
    else:
        return np.zeros(0)
    with np.errstate(divide="ignore"):
        logs = np.log10(step_bounds).tolist()
    return _accumulated(flow.log10_direct.tolist(), logs)


def _accumulated(direct: list[float], steps: list[float]) -> np.ndarray:
    """(T + 1,) the bound's recursion from the last step to the first, in decimal logarithms."""
    bound = [direct[-1]]
    for own, step in zip(reversed(direct[:-1]), reversed(steps), strict=True):
        bound.append(_log10_sum(own, step + bound[-1]))
    return np.array(bound[::-1])


def _log10_sum(a: float, b: float) -> float:
    """log10(10^a + 10^b); NaN where one of them is."""
    if math.isnan(a) or math.isnan(b):
        return math.nan
    low, high = min(a, b), max(a, b)
    return high if math.isinf(low) or math.isinf(high) else high + math.log10(1 + 10 ** (low - high))


def _gate(trace: Trace) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """The gate that keeps the past; its 10th percentile, mean and 90th over the units, (T,) each."""
    layer = trace.layers[-1]
    gate = KEEPING.get(layer.mode, "")
    if not gate:
        return gate, _NOTHING, _NOTHING, _NOTHING
    values = layer.gates[gate]
    low, high = np.percentile(values, (10, 90), axis=1)
    return gate, read_only(low), read_only(values.mean(1, dtype=np.float64)), read_only(high)
