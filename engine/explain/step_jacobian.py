"""The Jacobian of one step of a recurrent layer along a trace: what multiplies the gradient at every step.

With s(t) the whole state after step t, which is h(t), or (h(t), c(t)) of an LSTM, the gradient goes back by
dL/ds(t − 1) = J(t)-transposed dL/ds(t), J(t) = ds(t)/ds(t − 1). Whether it vanishes or explodes is a matter
of the singular values of these matrices (Pascanu, Mikolov and Bengio, 2013, "On the difficulty of training
recurrent neural networks"): a product of matrices that all shrink every vector vanishes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from engine.models.recurrent_gates import RECURRENT_NEW
from engine.models.recurrent_layer import GATES, RecurrentLayer, read_layers
from engine.models.recurrent_trace import LayerTrace, Trace

Part = Literal["state", "h", "c"]
"""Which block: the whole J, its dh(t)/dh(t − 1), or an LSTM's dc(t)/dc(t − 1), which is diag(f(t))."""

DIRECTIONS = 32
"""How many directions the largest singular value is sought among."""
SOUGHT_BELOW = 1e-3
"""By how much less, as a part, a largest singular value may be found than it is; a bound is widened by it."""
WIDE = 256
"""Units from which a weight's norm is sought among directions: decomposing it takes a second, not a
thousandth."""


@dataclass(frozen=True)
class StepJacobians:
    """J(t) at n steps of a traced sequence, applied to vectors without being written out.

    A step's map is made of W_hh, which all steps share, and of factors a unit and step that the trace holds.
    The arithmetic is that of the trace: float32, or float64 for a module in float64.
    """

    count: int
    """n."""
    outputs: int
    """P: the first P values of the state are h, the others are an LSTM's c."""
    size: int
    """S: P, or P + H for an LSTM."""
    forwards: Callable[[Tensor], Tensor]
    """(n or 1, m, S) vectors v to (n, m, S) J v."""
    backwards: Callable[[Tensor], Tensor]
    """(n, m, S) vectors u to (n, m, S) J-transposed u, which is how a gradient goes back."""
    dtype: torch.dtype

    @torch.no_grad()
    def matrices(self, part: Part = "state") -> np.ndarray:
        """(n, rows, columns) J itself, or a block of it; `[k, i, j]` is d s_i(after) / d s_j(before).

        Raises ValueError for the part "c" of a cell that has no cell state.
        """
        chosen = self._slice(part)
        basis = torch.eye(self.size, dtype=self.dtype)[None, chosen]
        found = self.forwards(basis.expand(self.count, -1, -1))[..., chosen]
        return found.transpose(1, 2).contiguous().numpy()

    def singular_values(self, part: Part = "state") -> np.ndarray:
        """(n, S) all of them, the largest first; NaN at a step whose Jacobian is not finite.

        Costs a decomposition a step: choose a few dozen steps where it is to be drawn live.
        """
        matrices = torch.from_numpy(self.matrices(part))
        return _where_finite(torch.linalg.svdvals, matrices, matrices.shape[-1]).double().numpy()

    def largest_singular_values(self) -> np.ndarray:
        """(n,) the largest of the whole state's: the most that step t can lengthen a gradient.

        By the bidiagonalisation of Golub and Kahan (1965), all steps side by side and from one direction for
        all, so that its cost hardly grows with n. Never above the true value by more than rounding, and below
        it by less than a thousandth. NaN at a step whose Jacobian is not finite.
        """
        seeking = self.seek_largest()
        while True:
            try:
                next(seeking)
            except StopIteration as found:
                return found.value

    @torch.no_grad()
    def seek_largest(self) -> Generator[None, None, np.ndarray]:
        """The same, pausing after each of the `DIRECTIONS` directions; (n,) is what it returns in the end.

        A direction takes two products of n vectors with the weights.
        """
        if not self.count:
            return np.empty(0)
        diagonal, beside = yield from self._bidiagonal()
        matrix = torch.diag_embed(diagonal.double()) + torch.diag_embed(beside.double(), 1)
        return _where_finite(_largest_of, matrix, 1)[:, 0].numpy()

    def _bidiagonal(self) -> Generator[None, None, tuple[Tensor, Tensor]]:
        """(n, k), (n, k − 1) of the bidiagonal matrix that J is on the `DIRECTIONS` directions it leads to.

        They are not kept orthogonal: what is lost by that are copies of values already found (Paige, 1976).
        """
        right = _start(self.size, self.dtype).expand(self.count, 1, -1)
        left = self.forwards(right)
        diagonal, beside = [_normalise(left)], []
        yield
        for _ in range(DIRECTIONS - 1):
            right = self.backwards(left).addcmul_(diagonal[-1], right, value=-1)
            beside.append(_normalise(right))
            left = self.forwards(right).addcmul_(beside[-1], left, value=-1)
            diagonal.append(_normalise(left))
            yield
        return torch.cat(diagonal, 1)[..., 0], torch.cat(beside, 1)[..., 0]

    def _slice(self, part: Part) -> slice:
        if part == "c" and self.size == self.outputs:
            raise ValueError("only an LSTM has a cell state")
        return {
            "state": slice(None),
            "h": slice(0, self.outputs),
            "c": slice(self.outputs, None),
        }[part]


@torch.no_grad()
def step_jacobians(
    trace: Trace, module: nn.RNNBase, steps: Sequence[int] | None = None, *, layer: int = 0
) -> StepJacobians:
    """The Jacobians of `steps` (all unless given; negative counts from the end) of one of a trace's layers.

    Step t leads from the state before it to the state after it: step 0 is d s(1)/d s(0), with s(0) the
    initial state. In a layer that reads from the end, "before" is the state of step t + 1. `module` must have
    the weights of the trace. Raises IndexError for a step or layer that is not there.
    """
    weights, traced = read_layers(module)[layer], trace.layers[layer]
    chosen = range(len(trace)) if steps is None else steps
    rows = torch.tensor([traced.row(step) for step in chosen], dtype=torch.long)
    make = {"LSTM": _lstm, "GRU": _gru}.get(weights.mode, _vanilla)
    return make(weights, _Rows(traced, rows))


@dataclass(frozen=True)
class Sizes:
    """How much a matrix W_hh (of one gate) can do to a vector, as two numbers; NaN where it is not finite."""

    spectral_radius: float
    """The largest absolute value of its eigenvalues: the growth a step, in the long run, of a linear
    network."""
    largest_singular_value: float
    """Its spectral norm ‖W‖: the most that one product with it can lengthen a vector."""


@torch.no_grad()
def recurrent_weight_sizes(module: nn.RNNBase, *, layer: int = 0) -> dict[str, Sizes]:
    """Of W_hh by gate, in the order of its rows; a vanilla RNN has one, named "hidden".

    The matrix is W_hh W_hr for an LSTM with a projection, which is then what acts on the units.
    """
    names, blocks = _blocks(read_layers(module)[layer])
    blocks = blocks.double()
    pairs = zip(_spectral_radii(blocks)[:, 0].tolist(), _spectral_norms(blocks)[:, 0].tolist(), strict=True)
    return {name: Sizes(*pair) for name, pair in zip(names, pairs, strict=True)}


@torch.no_grad()
def recurrent_weight_radius(module: nn.RNNBase, gate: str, *, layer: int = 0) -> float:
    """The spectral radius of one gate's block, as in `recurrent_weight_sizes`."""
    names, blocks = _blocks(read_layers(module)[layer])
    return float(_spectral_radii(blocks[names.index(gate)][None].double()))


@torch.no_grad()
def recurrent_weight_norms(module: nn.RNNBase, *, layer: int = 0) -> dict[str, float]:
    """‖W_hh‖, the largest singular value, by gate as in `recurrent_weight_sizes`; NaN where it is not finite.

    Of more than `WIDE` units it is sought like that of a step's Jacobian: a thousandth lower at most.
    """
    names, blocks = _blocks(read_layers(module)[layer])
    if blocks.shape[-1] > WIDE:
        norms = np.concatenate([_linear(block).largest_singular_values() for block in blocks])
    else:
        norms = _where_finite(lambda each: torch.linalg.svdvals(each)[:, :1], blocks.double(), 1)[
            :, 0
        ].numpy()
    return dict(zip(names, norms.tolist(), strict=True))


def _spectral_radii(matrices: Tensor) -> Tensor:
    """(n, 1)"""
    return _where_finite(lambda each: torch.linalg.eigvals(each).abs().amax(-1, True), matrices, 1)


def _spectral_norms(matrices: Tensor) -> Tensor:
    """(n, 1)"""
    return _where_finite(lambda each: torch.linalg.svdvals(each)[:, :1], matrices, 1)


def _blocks(weights: RecurrentLayer) -> tuple[tuple[str, ...], Tensor]:
    """Names of the gates, and (gates, H, H) what acts on the units."""
    matrix = weights.hidden_weight
    if weights.projection is not None:
        matrix = matrix @ weights.projection
    return GATES[weights.mode] or ("hidden",), matrix.reshape(-1, weights.units, weights.units)


def _linear(matrix: Tensor) -> StepJacobians:
    """A step that is one product with a matrix (H, H)."""
    return StepJacobians(
        1,
        len(matrix),
        len(matrix),
        lambda v: _product(v, matrix.t()),
        lambda u: _product(u, matrix),
        matrix.dtype,
    )


@torch.no_grad()
def vanilla_step_bounds(trace: Trace, module: nn.RNNBase, *, layer: int = 0) -> np.ndarray:
    """(T,) ‖W_hh‖ max|slope| of a vanilla RNN at every step: no gradient grows by more in that step.

    Pascanu, Mikolov and Bengio (2013), section 2.1: ‖J(t)‖ ≤ ‖W_hh‖ ‖diag(slope(t))‖, with the slope of tanh
    or relu as measured in place of its upper limit 1. Raises ValueError for an LSTM or GRU, which it is not
    about.
    """
    weights, traced = read_layers(module)[layer], trace.layers[layer]
    if GATES[weights.mode]:
        raise ValueError("the bound is of a vanilla RNN; use largest_singular_values for a gated cell")
    slopes = _slope(weights.mode, torch.from_numpy(np.array(traced.h))).double()
    return weight_norm_bound(module, layer=layer) * slopes.amax(1).numpy()


def weight_norm_bound(module: nn.RNNBase, *, layer: int = 0) -> float:
    """What ‖W_hh‖ of a vanilla RNN is at most; of a wide one widened by what the search may leave out."""
    norm = recurrent_weight_norms(module, layer=layer)["hidden"]
    return norm * (1 + SOUGHT_BELOW) if module.hidden_size > WIDE else norm


def log_bound(step_bounds: np.ndarray) -> np.ndarray:
    """(T + 1,) natural logarithm of the most that ‖dL/ds(t)‖ / ‖dL/ds(T)‖ can be, t = 0 … T, for a loss at T.

    From a bound (T,) of every step's ‖J(t)‖: `vanilla_step_bounds`, or tighter, and for every cell,
    `largest_singular_values` of all steps. −∞ before a step that lets nothing through; NaN before one that is
    not finite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.asarray(step_bounds, np.float64))
        return np.concatenate([np.cumsum(logs[::-1])[::-1], [0.0]])


class _Rows:
    """Columns of a layer's table at the chosen steps: (n, 1, width), to be multiplied with m vectors each."""

    def __init__(self, traced: LayerTrace, rows: Tensor) -> None:
        self._table, self._rows = traced.table, rows

    def after(self, name: str) -> Tensor:
        return self._table.tensor[:, self._table.columns[name]][self._rows, None]

    def before(self, name: str) -> Tensor:
        return self._table.tensor[:, self._table.columns[name]][self._rows - 1, None]


def _vanilla(layer: RecurrentLayer, rows: _Rows) -> StepJacobians:
    """J = diag(slope) W_hh."""
    weight = layer.hidden_weight
    slope = _slope(layer.mode, rows.after("h"))

    def forwards(v: Tensor) -> Tensor:
        return slope * _product(v, weight.t())

    def backwards(u: Tensor) -> Tensor:
        return _product(slope * u, weight)

    return StepJacobians(len(slope), layer.units, layer.units, forwards, backwards, weight.dtype)


def _slope(mode: str, h: Tensor) -> Tensor:
    """The derivative of tanh or relu where it gave h; PyTorch takes 0 for relu's at 0."""
    return 1 - h * h if mode == "RNN_TANH" else (h > 0).to(h.dtype)


def _gru(layer: RecurrentLayer, rows: _Rows) -> StepJacobians:
    """J = diag(z) + diag((1 − z)(1 − n²)) (diag(r(1 − r) q) W_hr + diag(r) W_hn) + diag((h − n) z(1 − z))
    W_hz.

    q is W_hn h + b_hn, which the reset gate scales.
    """
    r, z, n, recurrent = (rows.after(name) for name in ("reset", "update", "new", RECURRENT_NEW))
    weight, new = layer.hidden_weight, (1 - z) * (1 - n * n)
    through_update = (rows.before("h") - n) * z * (1 - z)
    factors = torch.stack((new * recurrent * r * (1 - r), through_update, new * r), 2)

    def forwards(v: Tensor) -> Tensor:
        gates = _product(v, weight.t()).unflatten(-1, (3, -1))
        return z * v + (factors * gates).sum(2)

    def backwards(u: Tensor) -> Tensor:
        return z * u + _product((factors * u[:, :, None]).flatten(2), weight)

    return StepJacobians(len(z), layer.units, layer.units, forwards, backwards, weight.dtype)


def _lstm(layer: RecurrentLayer, rows: _Rows) -> StepJacobians:
    """c' = f c + i g and h' = o tanh c', whose gates i, f, g, o are of W_hh h (Gers et al., 2000)."""
    i, f, g, o, tanh = (*(rows.after(name) for name in GATES["LSTM"]), rows.after("c").tanh())
    into_cell = torch.stack((g * i * (1 - i), rows.before("c") * f * (1 - f), i * (1 - g * g)), 2)
    through_output, through_cell = tanh * o * (1 - o), o * (1 - tanh * tanh)
    weight, project, outputs, units = layer.hidden_weight, layer.projection, layer.outputs, layer.units

    def forwards(v: Tensor) -> Tensor:
        gates = _product(v[..., :outputs], weight.t()).unflatten(-1, (4, -1))
        c = f * v[..., outputs:] + (into_cell * gates[:, :, :3]).sum(2)
        h = through_output * gates[:, :, 3] + through_cell * c
        return torch.cat((h if project is None else _product(h, project.t()), c), -1)

    def backwards(u: Tensor) -> Tensor:
        h = u[..., :outputs] if project is None else _product(u[..., :outputs], project)
        c = u[..., outputs:] + through_cell * h
        gates = torch.cat(((into_cell * c[:, :, None]).flatten(2), through_output * h), -1)
        return torch.cat((_product(gates, weight), f * c), -1)

    return StepJacobians(len(f), outputs, outputs + units, forwards, backwards, weight.dtype)


def _product(vectors: Tensor, matrix: Tensor) -> Tensor:
    """(n, m, a) @ (a, b) as one product of two matrices."""
    return (vectors.reshape(-1, vectors.shape[-1]) @ matrix).unflatten(0, vectors.shape[:2])


def _start(size: int, dtype: torch.dtype) -> Tensor:
    """A direction of length 1 without preference, the same at every call."""
    direction = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=dtype)
    return direction / math.sqrt(float(direction.dot(direction)))


def _normalise(vectors: Tensor) -> Tensor:
    """Brings (n, 1, S) to length 1 in place, where they are not zero; returns the lengths (n, 1, 1).

    Summed in float64, where the squares of all that float32 holds have room.
    """
    lengths = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True, dtype=torch.float64).to(vectors.dtype)
    vectors /= lengths.masked_fill(lengths == 0, 1)
    return lengths


def _largest_of(bidiagonal: Tensor) -> Tensor:
    """(n, 1) the largest singular value: several times as fast as the singular values themselves."""
    return torch.linalg.eigvalsh(bidiagonal.mT @ bidiagonal)[:, -1:].clamp(min=0).sqrt()


def _where_finite(found: Callable[[Tensor], Tensor], matrices: Tensor, width: int) -> Tensor:
    """`found(matrices)` (n, width), NaN for those that are not finite, which LAPACK would not take."""
    finite = matrices.isfinite().all(-1).all(-1)
    if finite.all():
        return found(matrices)
    result = matrices.new_full((len(matrices), width), math.nan)
    result[finite] = found(matrices[finite])
    return result
