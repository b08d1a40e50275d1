"""Why a gradient vanishes or explodes in one network: singular values, bounds, gates and weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice

import numpy as np
from torch import nn

from engine.explain.step_jacobian import (
    DIRECTIONS,
    SOUGHT_BELOW,
    recurrent_weight_norms,
    recurrent_weight_sizes,
    step_jacobians,
    vanilla_step_bounds,
)
from engine.labs.gradient_flow.flow import MeasuredFlow
from engine.labs.gradient_flow.snapshot import Mechanism
from engine.models.recurrent_layer import GATES
from engine.models.recurrent_trace import Trace
from engine.read_only import read_only
from engine.row_history import RowHistory

PLACES = 50
"""Steps of a sequence whose Jacobian is looked at; fewer where each is decomposed and not small."""
SMALL_STATE, LARGE_STATE = 96, 512
"""Values of a state up to which a step's singular values take about 1 ms, and up to which under 100 ms."""
SLICE_WORK = 20 * SMALL_STATE**3
"""Size, cubed and summed, of the Jacobians that one slice decomposes."""
SOUGHT_AT_ONCE = 64
"""Steps whose largest singular values are sought side by side, each product with the weights serving all."""
SEEK_WORK = 2**28
"""Multiplications of vectors with weights in one slice of that, some 20 ms on one core."""
BOUND_WORK = 800 * 2**20
"""Weights times steps up to which the largest singular value is sought at every step, for the bound: some 500
steps of the networks that read prose."""
LARGE_WEIGHT = 256
"""Units up to which the eigenvalues of W_hh are sought while a network learns."""
WEIGHT_BUCKETS = 256
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
        done, found, sought = 1, list[np.ndarray](), list[np.ndarray]()
        for steps in parts.decomposed:
            found.append(_singular(flow.trace, module, steps))
            yield (done := done + 1), total
        for steps in parts.sought:
            for _ in _seek(flow.trace, module, steps, parts.directions(steps), sought):
                yield (done := done + 1), total
        self.newest, self._seen = self._assembled(flow, module, parts, found, sought), None
        yield total, total

    def measure_weights(self, flow: MeasuredFlow) -> None:
        """Write down what W_hh can do, once an update; of a wide network without the spectral radius."""
        if flow.step <= self._sized:
            return
        radii, norms = _weight_sizes(flow)
        self._sizes.append(flow.step, [*radii, *norms])
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
        sought: list[np.ndarray],
    ) -> Mechanism:
        largest, middle, smallest = np.concatenate(found).T if found else _largest_alone(parts, sought)
        gate, low, mean, high = _gate(flow.trace)
        return Mechanism(
            step=flow.step,
            places=read_only(np.array(parts.places)),
            largest=read_only(np.ascontiguousarray(largest)),
            middle=read_only(np.ascontiguousarray(middle)),
            smallest=read_only(np.ascontiguousarray(smallest)),
            log10_norms=flow.log10_norms,
            log10_bound=read_only(_bound(flow, module, sought if parts.is_bounded else [])),
            gate=gate,
            gate_mean=mean,
            gate_low=low,
            gate_high=high,
            gates=self.gates,
            radius_steps=_NOTHING,
            spectral_radius=_NOTHING,
            largest_singular=_NOTHING,
        )


def _weight_sizes(flow: MeasuredFlow) -> tuple[list[float], list[float]]:
    """By gate: the spectral radius of W_hh, NaN where its eigenvalues would take seconds, and its norm."""
    layer = len(flow.trace.layers) - 1
    if flow.module.hidden_size > LARGE_WEIGHT:
        norms = [*recurrent_weight_norms(flow.module, layer=layer).values()]
        return [math.nan] * len(norms), norms
    sizes = recurrent_weight_sizes(flow.module, layer=layer).values()
    return [each.spectral_radius for each in sizes], [each.largest_singular_value for each in sizes]


class _Parts:
    """What is measured of a traced sequence, cut into slices of a few hundredths of a second."""

    def __init__(self, steps: int, size: int, weights: int, is_gated: bool) -> None:
        """`size` is that of the state, `weights` counts those that it is multiplied with at a step."""
        self._weights = weights
        whole = size <= LARGE_STATE
        shrunk = (SMALL_STATE / max(size, SMALL_STATE)) ** 3
        self.places = evenly(steps, max(3, round(PLACES * shrunk)) if whole else PLACES)
        self.decomposed = _cut(self.places, SLICE_WORK // size**3) if whole else []
        """Steps of which all singular values are found; of a wide network none."""
        self.is_bounded = is_gated and steps * weights <= BOUND_WORK
        self.sought = _cut(range(steps) if self.is_bounded else () if whole else self.places, SOUGHT_AT_ONCE)
        """Steps of which the largest is sought: all for the bound, or the places of a wide network."""

    @property
    def slices(self) -> int:
        return len(self.decomposed) + sum(DIRECTIONS // self.directions(steps) for steps in self.sought)

    def directions(self, steps: list[int]) -> int:
        """How many directions a slice seeks in, a power of two, so that slices are alike."""
        most = max(1, SEEK_WORK // (2 * len(steps) * self._weights))
        return min(DIRECTIONS, 1 << (most.bit_length() - 1))


def _parts(flow: MeasuredFlow) -> _Parts:
    layer = flow.trace.layers[-1]
    size = layer.h.shape[1] + (0 if layer.c is None else layer.c.shape[1])
    weights = max(1, len(layer.gates)) * flow.module.hidden_size * layer.h.shape[1]
    return _Parts(len(flow.trace), size, weights, bool(layer.gates))


def evenly(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` of the steps 0 to `steps` − 1, evenly spaced, the first and the last among them."""
    chosen = np.linspace(0, steps - 1, min(steps, count)).round().astype(int)
    return tuple(sorted(set(chosen.tolist())))


def _cut(steps: range | tuple[int, ...], width: int) -> list[list[int]]:
    chosen, width = list(steps), max(1, width)
    return [chosen[start : start + width] for start in range(0, len(chosen), width)]


def _singular(trace: Trace, module: nn.RNNBase, steps: list[int]) -> np.ndarray:
    """(n, 3) the largest, median and smallest singular value of each step's Jacobian."""
    values = step_jacobians(trace, module, steps, layer=len(trace.layers) - 1).singular_values()
    return np.stack([values[:, 0], np.median(values, axis=1), values[:, -1]], 1)


def _seek(
    trace: Trace, module: nn.RNNBase, steps: list[int], width: int, into: list[np.ndarray]
) -> Iterator[None]:
    """Pauses after every `width` directions; the largest singular values (n,) are appended in the end."""

    def seek() -> Iterator[None]:
        jacobians = step_jacobians(trace, module, steps, layer=len(trace.layers) - 1)
        into.append((yield from jacobians.seek_largest()))

    yield from islice(seek(), width - 1, None, width)


def _largest_alone(parts: _Parts, sought: list[np.ndarray]) -> np.ndarray:
    """(3, P) with neither median nor smallest values, which a decomposition would give."""
    largest = np.concatenate(sought)
    if parts.is_bounded:
        largest = largest[list(parts.places)]
    return np.stack([largest, *np.full((2, len(largest)), math.nan)])


def _bound(flow: MeasuredFlow, module: nn.RNNBase, sought: list[np.ndarray]) -> np.ndarray:
    """(T + 1,) log10 of what ‖∂L/∂h(t)‖ can be at most: ‖g(t)‖ ≤ ‖direct(t)‖ + ‖J(t)‖ ‖g(t + 1)‖.

    ‖J(t)‖ is at most ‖W_hh‖ max|slope| for a vanilla RNN (Pascanu et al. 2013), for others the largest
    singular value as it was sought at every step, of the whole state's Jacobian. Empty where it was not.
    """
    traced = flow.trace
    if sought:
        step_bounds = np.concatenate(sought) * (1 + SOUGHT_BELOW)
    elif not traced.layers[-1].gates:
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
