"""What the benchmarks of the gradient flow lab race, and what they race it against."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from engine.budget import Budget
from engine.data.sequence_tasks import Batch
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.race import DIGGING, LOOKING, Race
from engine.labs.gradient_flow.runner import Runner
from engine.optimisers import Adam

from .interleave import Run
from .recurrent import cell_of

THREE = "rnn,lstm,gru"
SIX = "rnn,relu,irnn,lstm,lstm-no-forget-bias,gru"


def config_of(cells: str, length: int) -> GradientFlowConfig:
    """The lab's own settings where all networks keep their numbers, at this length."""
    return GradientFlowConfig(cells=cells, length=length, init="orthogonal", gate_bias="chrono")


class Turns:
    """Steps of one race, timed. Its clock stands still between them.

    So what the race may spend on being looked at is a share of its own time, as in the application, and not
    of that of whatever takes turns with it.
    """

    def __init__(self, config: GradientFlowConfig, *, live: bool) -> None:
        self.race = Race(config, live=live)
        self.looks = 0
        """Times that all curves were measured."""
        self._passed, self._begun = 0.0, time.thread_time()
        self.race._look = Budget(LOOKING, self._clock)
        self.race._dig = Budget(DIGGING, self._clock)

    def _clock(self) -> float:
        return self._passed + time.thread_time() - self._begun

    def step(self, look: bool = False) -> float:
        """Seconds that an update of all networks takes; with `look` each one's curve is measured after it."""
        before, self._begun = self._newest, time.thread_time()
        self.race.step()
        if look:
            self.race.look()
        took = time.thread_time() - self._begun
        self._passed += took
        self.looks += self._newest > before
        return took

    @property
    def _newest(self) -> int:
        return max(runner.flow.step for runner in self.race.networks.values())


class PlainTraining:
    """The same networks, batches, clipping and optimiser, as anybody would train them; nothing is kept."""

    def __init__(self, config: GradientFlowConfig) -> None:
        self._race, self._config = Race(config, live=False), config
        self._networks = [runner.network for runner in self._race.networks.values()]
        self._optimisers = [Adam(each.parameters(), config.learning_rate) for each in self._networks]

    def step(self) -> None:
        """One update of each network."""
        task, batch = self._race.task, self._race._draw()
        for network, optimiser in zip(self._networks, self._optimisers, strict=True):
            optimiser.zero_grad()
            outputs, _ = network(batch.inputs, task.every_step)
            loss = task.loss(outputs, batch.targets)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), self._config.clip)
            optimiser.step()
            loss.item()


class OneSequence:
    """The curve of one sequence in one network, three ways."""

    def __init__(self, cell: str, length: int) -> None:
        race = Race(config_of(cell, length), live=False)
        race.step()
        self._runner: Runner = race.networks[cell]
        self._task, self._sample = race.task, self._runner.shown
        self._head = self._runner.network.head
        self._cell = cell_of(self._runner.network.recurrent)

    def measured(self) -> None:
        """As the lab does it, which knows the hidden states from training; to be called again and again."""
        self._runner.flow.newest = None
        self._runner.look()

    def retained(self) -> list[float]:
        """A loop over cells, and one backward pass that leaves each state its gradient."""
        states, loss = self._looped()
        for state in states:
            state.retain_grad()
        loss.backward()
        return [float(state.grad.norm().log10()) for state in states if state.grad is not None]

    def called(self) -> list[float]:
        """A loop over cells, and one `autograd.grad` a step."""
        states, loss = self._looped()
        gradients = (torch.autograd.grad(loss, state, retain_graph=True)[0] for state in states)
        return [float(gradient.norm().log10()) for gradient in gradients]

    def _looped(self) -> tuple[list[Tensor], Tensor]:
        states, state = [], None
        for row in self._sample.inputs.unbind(0):
            state = self._cell(row, state)
            states.append(state[0] if isinstance(state, tuple) else state)
        return states, self._loss(states, self._sample)

    def _loss(self, states: list[Tensor], batch: Batch) -> Tensor:
        read = torch.stack(states) if self._task.every_step else states[-1]
        return self._task.loss(self._head(read), batch.targets)


def computed(call: Callable[[], object]) -> Run:
    """A `Run` that takes the time for which a call computes, which other programs hardly disturb.

    Everything here runs on one thread, that of the benchmark; with torch on more, this would tell nothing.
    """

    def run() -> float:
        begun = time.thread_time()
        call()
        return time.thread_time() - begun

    return run


def repeated(run: Run, times: int) -> Run:
    """The same so many times over: seconds of one, on average."""
    return lambda: sum(run() for _ in range(times)) / times


def all_of(calls: list[Callable[[], object]]) -> Callable[[], None]:
    """One call after the other."""

    def run() -> None:
        for call in calls:
            call()

    return run


def curves(length: int, way: str) -> Callable[[], None]:
    """The curves of three networks, each of one sequence, by a method of `OneSequence`."""
    return all_of([partial(getattr(OneSequence(cell, length), way)) for cell in THREE.split(",")])
