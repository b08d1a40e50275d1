"""One network in training: its updates one at a time, and what is written down of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from typing import cast

import torch
from torch import Tensor

from engine.data.sequence_tasks import Batch, Task
from engine.history import History
from engine.labs.gradient_flow import snapshot
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.flow import FlowRecord, flow_of_sample
from engine.labs.gradient_flow.health import EVERY, HealthRecord
from engine.labs.gradient_flow.mechanism import MechanismRecord
from engine.labs.gradient_flow.slices import SlicedPass
from engine.models.recurrent_networks import (
    NETWORKS,
    GateBias,
    Initialisation,
    NetworkConfig,
    RecurrentNetwork,
)
from engine.optimisers import SGD, Adam

LAST_BATCHES = 20
"""Batches over whose accuracies a mean tells how well it does now."""
BUCKETS = 512
SQUARED = math.sqrt(torch.finfo(torch.float32).max)
"""The largest number that float32 can square, which is what Adam does with each derivative."""


class Runner:
    """A network, its optimiser, its weights before the last update and the sequence that is shown of it.

    Where its loss or its gradient is no number any more (or, for Adam, no number that can be squared), it
    rests from then on, with the last weights whose loss was one.
    """

    def __init__(
        self, cell: str, config: GradientFlowConfig, task: Task, shown: Batch, device: torch.device
    ) -> None:
        """`shown` is the sequence of the first batch whose gradients can be looked at before an update."""
        self.cell, self._task = cell, task
        self.network = RecurrentNetwork(_network_config(cell, config, task)).to(device)
        self._before, self._looked, self._spare = (_twin(self.network) for _ in range(3))
        self._parameters: list[Tensor] = list(self.network.parameters())
        self._old: list[Tensor] = list(self._before.parameters())
        make = Adam if config.optimiser == "adam" else SGD
        self._optimiser = make(self._parameters, config.learning_rate)
        self.set_learning(config)
        self.shown, self.shown_step = shown, 1
        """The sequence, and the update before which it was read; `weights_before` are of then."""
        self._hidden: Tensor | None = None
        self.looked_at = shown
        """The sequence of the newest curve."""
        self.exploded_at: int | None = None
        self.loss, self.accuracy = History(BUCKETS), History(BUCKETS)
        self._last = deque[float](maxlen=LAST_BATCHES)
        self.flow, self.mechanism = FlowRecord(len(shown.inputs)), MechanismRecord(self.network.recurrent)
        self._is_relu = self.network.recurrent.mode == "RNN_RELU"
        self.health = HealthRecord(list(self.network.weights()), self._is_relu)

    def set_learning(self, config: GradientFlowConfig) -> None:
        """Take the learning rate and the clipping of `config`, at once."""
        self._optimiser.lr = config.learning_rate
        self._clip, self._clip_value = config.clip, config.clip_value

    # Learning -------------------------------------------------------------------------------------

    def learn(self, batch: Batch, step: int) -> Iterator[None]:
        """Update number `step`, from 1 on, in slices."""
        ran = SlicedPass(self.network, self._task, batch)
        self._optimiser.zero_grad()
        yield from ran.forward()
        loss = ran.loss.item()
        if not math.isfinite(loss):
            self._rest(step, batch)
            return
        hidden = ran.hidden(0)
        yield from ran.backward()
        norms = self._norms(self._gradients)
        self._keep(batch.sample(0), step, hidden)
        if not self._clipped(norms):
            self._rest(step, batch)
            return
        self._optimiser.step()
        self._write_down(step, loss, ran.accuracy.item(), norms)

    @property
    def _gradients(self) -> list[Tensor]:
        return [parameter.grad for parameter in self._parameters if parameter.grad is not None]

    @torch.no_grad()
    def _keep(self, sample: Batch, step: int, hidden: Tensor) -> None:
        """Remember the weights before the update, and what they made of the shown sequence."""
        torch._foreach_copy_(self._old, self._parameters)
        self.shown, self.shown_step, self._hidden = sample, step, hidden

    @torch.no_grad()
    def _clipped(self, norms: list[float]) -> bool:
        """Clip each value, then the norm (Pascanu et al. 2013); False where there is nothing to learn from.

        A gradient whose square float32 does not hold can be shortened as well.
        """
        if not all(map(math.isfinite, norms)):
            return False
        gradients = self._gradients
        if self._clip_value:
            torch._foreach_clamp_min_(gradients, -self._clip_value)
            torch._foreach_clamp_max_(gradients, self._clip_value)
            norms = self._norms(gradients)
        length = math.hypot(*norms)
        if self._clip and length > self._clip:
            torch._foreach_mul_(gradients, self._clip / length)
            length = self._clip
        return not isinstance(self._optimiser, Adam) or length < SQUARED

    def _norms(self, tensors: list[Tensor]) -> list[float]:
        """In float64, where the square of every float32 has room; Apple's GPUs have none."""
        wide = torch.float64 if tensors[0].device.type != "mps" else None
        return torch.stack(torch._foreach_norm(tensors, 2, wide)).tolist()

    @torch.no_grad()
    def _write_down(self, step: int, loss: float, accuracy: float, norms: list[float]) -> None:
        self.loss.append(step, loss)
        self.accuracy.append(step, accuracy)
        self._last.append(accuracy)
        if (step - 1) % EVERY == 0 and self._hidden is not None:
            changes = self._norms(list(torch._foreach_sub(self._parameters, self._old)))
            sizes = self._norms(self._old)
            if all(map(math.isfinite, changes)):
                ratios = [change / size if size else 0.0 for change, size in zip(changes, sizes, strict=True)]
                self.health.add(step, norms, ratios, self._hidden.cpu().numpy())

    @torch.no_grad()
    def _rest(self, step: int, batch: Batch) -> None:
        """Measure the gradient that was too much, as far as there are numbers, and stop learning."""
        self.exploded_at = step
        self._optimiser.zero_grad()
        if self.shown_step != step:  # the loss was no number, but a gradient may still be one
            self._measure(self._parameters, batch.sample(0), step, needs_numbers=True)
            torch._foreach_copy_(self._parameters, self._old)
        self.look()

    # Being looked at ------------------------------------------------------------------------------

    @torch.no_grad()
    def look(self) -> None:
        """Measure how the loss of the shown sequence depends on every state, before the last update."""
        newest = self.flow.newest
        if newest is None or newest.step < self.shown_step:
            self._measure(self._old, self.shown, self.shown_step, self._hidden)

    def _measure(
        self,
        weights: list[Tensor],
        sample: Batch,
        step: int,
        hidden: Tensor | None = None,
        *,
        needs_numbers: bool = False,
    ) -> None:
        """Measure with a copy of the weights, which stays as it is until the next curve is taken."""
        torch._foreach_copy_(list(self._spare.parameters()), weights)
        measured = flow_of_sample(self._spare, self._task, sample, step, output=hidden)
        if (measured.has_numbers or not needs_numbers) and self.flow.add(measured):
            self._looked, self._spare, self.looked_at = self._spare, self._looked, sample

    def weights_before(self) -> dict[str, Tensor]:
        """Copies of the weights that `shown` was read with, by PyTorch's names."""
        return self._before.weights()

    def weights_looked_at(self) -> dict[str, Tensor]:
        """Copies of the weights that the newest curve was measured with, of the sequence `looked_at`."""
        return self._looked.weights()

    @property
    def recent_accuracy(self) -> float:
        """Mean over the last 20 batches; NaN before the first."""
        return sum(self._last) / len(self._last) if self._last else math.nan

    def seen(self) -> snapshot.Runner:
        """Everything that may be seen of it."""
        if self.flow.newest is None:
            self.look()
        steps, low, high, mean = self.loss.arrays()
        return snapshot.Runner(
            cell=self.cell,
            title=NETWORKS[self.cell].title,
            parameters=sum(parameter.numel() for parameter in self._parameters),
            steps=steps,
            loss=mean,
            loss_low=low,
            loss_high=high,
            accuracy=self.accuracy.arrays()[3],
            recent_accuracy=self.recent_accuracy,
            flow=self.flow.seen(),
            mechanism=self.mechanism.seen(),
            health=self.health.seen(),
            exploded_at=self.exploded_at,
            log10_largest=self.flow.log10_largest,
        )


def _network_config(cell: str, config: GradientFlowConfig, task: Task) -> NetworkConfig:
    return NetworkConfig(
        cell,
        task.inputs,
        config.hidden,
        task.outputs,
        config.seed,
        cast(Initialisation, config.init),
        config.gain,
        cast(GateBias, config.gate_bias),
        task.steps(config.length),
    )


def _twin(network: RecurrentNetwork) -> RecurrentNetwork:
    """A copy that takes no gradient, for weights of an earlier step."""
    return deepcopy(network).requires_grad_(False)
