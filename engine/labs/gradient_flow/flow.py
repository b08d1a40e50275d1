"""How a loss depends on every state of one network, ‖∂L/∂h(t)‖ along the sequence, and its record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.sequence_tasks import Batch, Task
from engine.explain.scaled_rows import ScaledRows
from engine.explain.through_time import LayerGradients, go_back
from engine.labs.gradient_flow.snapshot import Flow
from engine.models.recurrent_networks import RecurrentNetwork
from engine.models.recurrent_trace import Trace, trace
from engine.read_only import read_only
from engine.row_history import RowHistory
from engine.slices import at_once

RECENT = 40
"""Earlier curves that are kept as they were."""
RECENT_EVERY = 8
"""Updates between two of them at most, so that they go back some three hundred."""
MAP_ROWS = 200
_LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class MeasuredFlow:
    """∂L/∂h(t) of one sequence, L its own loss, and what it was measured on. t = 0 is the state before it."""

    step: int
    """The update before which it was measured."""
    log10_norms: np.ndarray
    """(T + 1,) log10 ‖∂L/∂h(t)‖: all that h(t) leads to counts."""
    log10_direct: np.ndarray
    """(T + 1,) the same of what the loss takes from h(t) itself, without later steps; −∞ where it is
    nothing."""
    trace: Trace
    module: nn.RNNBase
    """Has the weights of the trace, as long as nothing else was measured."""

    @property
    def has_numbers(self) -> bool:
        """Whether it is the curve of a network that still computes; −∞ is a number here."""
        return not (np.isnan(self.log10_norms).any() or np.isposinf(self.log10_norms).any())


def flow_of_loss(
    traced: Trace, module: nn.RNNBase, loss_of: Callable[[Tensor], Tensor], step: int
) -> MeasuredFlow:
    """The flow of `loss_of(h)`, a scalar of the hidden states h (T, H), back through a traced sequence."""
    return at_once(flow_in_slices(traced, module, loss_of, step))


def flow_in_slices(
    traced: Trace, module: nn.RNNBase, loss_of: Callable[[Tensor], Tensor], step: int
) -> Generator[None, None, MeasuredFlow]:
    """The same, pausing after every few dozen steps; the flow is what it returns in the end.

    Autograd goes from the loss to the hidden states; from there on through time it goes in logarithms, as
    far below float32's range as it takes.
    """
    hidden = torch.from_numpy(np.array(traced.output)).requires_grad_()
    with torch.enable_grad():
        loss_of(hidden).backward()
    direct = hidden.grad
    if direct is None:
        raise ValueError("the loss depends on no hidden state")
    found = (yield from go_back(traced, module, direct)).layers[-1]
    return MeasuredFlow(step, _with_initial(found), _direct(direct), traced, module)


def flow_of_sample(
    network: RecurrentNetwork, task: Task, sample: Batch, step: int, output: Tensor | None = None
) -> MeasuredFlow:
    """The flow of the task's loss of one sequence (a batch of one) with the network's weights as they are.

    `output` (T, H), its hidden states where they are known, saves running the network.
    """
    traced = trace(network.recurrent, sample.inputs[:, 0], output=output)
    weight, bias = (each.detach().cpu() for each in (network.head.weight, network.head.bias))
    targets = sample.targets.cpu()

    def loss_of(hidden: Tensor) -> Tensor:
        entering = hidden[:, None] if task.every_step else hidden[-1:]
        return task.loss(nn.functional.linear(entering, weight, bias), targets)

    return flow_of_loss(traced, network.recurrent, loss_of, step)


class FlowRecord:
    """The newest curve, some of the last few hundred updates, and a map of the whole run: all bounded."""

    def __init__(self, steps: int) -> None:
        self.newest: MeasuredFlow | None = None
        self.log10_largest = -np.inf
        """The largest ‖∂L/∂h(t)‖ that was seen."""
        self._recent: deque[tuple[int, np.ndarray]] = deque(maxlen=RECENT)
        self._recent_seen: tuple[np.ndarray, np.ndarray] | None = None
        self._map = RowHistory(MAP_ROWS, steps + 1)
        self._seen: Flow | None = None

    @property
    def step(self) -> int:
        """The update before which the newest curve was measured; 0 before the first."""
        return 0 if self.newest is None else self.newest.step

    def add(self, measured: MeasuredFlow) -> bool:
        """Take a curve as the newest and write it down; returns whether it was taken.

        One without numbers is taken only where there is no other to be seen, and never written down.
        """
        before = self.newest
        if before is not None and (before.step == measured.step or not measured.has_numbers):
            return False
        self.newest, self._seen = measured, None
        if measured.has_numbers:
            self.log10_largest = max(self.log10_largest, float(measured.log10_norms.max()))
            self._map.append(measured.step, measured.log10_norms)
        if before is not None and before.has_numbers and self._is_due(before.step):
            self._recent.append((before.step, before.log10_norms))
            self._recent_seen = None
        return True

    def _is_due(self, step: int) -> bool:
        """Whether to keep the curve of `step`: densely at first, then one of eight."""
        spacing = min(RECENT_EVERY, 1 + step // RECENT)
        return not self._recent or step >= self._recent[-1][0] + spacing

    def seen(self) -> Flow:
        """What may be seen of it, the same until something is added. There must be a curve."""
        if self._seen is None:
            self._seen = self._as_seen()
        return self._seen

    def _as_seen(self) -> Flow:
        newest = self.newest
        if newest is None:
            raise RuntimeError("no curve was measured yet")
        map_steps, rows = self._map.arrays()
        if self._recent_seen is None:  # else the same again, so that one sees that nothing was added
            curves = np.array([curve for _, curve in self._recent]).reshape(-1, len(newest.log10_norms))
            steps = np.array([step for step, _ in self._recent], np.int64)
            self._recent_seen = read_only(curves), read_only(steps)
        recent, recent_steps = self._recent_seen
        return Flow(
            step=newest.step,
            log10_norms=newest.log10_norms,
            recent=recent,
            recent_steps=recent_steps,
            map=rows,
            map_steps=map_steps,
        )


def _with_initial(found: LayerGradients) -> np.ndarray:
    return read_only(np.concatenate([_log10(found.initial_hidden), _log10(found.hidden)]))


def _log10(rows: ScaledRows) -> np.ndarray:
    return rows.log_norms / _LN10


def _direct(direct: Tensor) -> np.ndarray:
    """(T + 1,): nothing of the loss is taken from the state before the first step."""
    return read_only(np.append(-np.inf, _log10(ScaledRows.of(direct.numpy()))))
