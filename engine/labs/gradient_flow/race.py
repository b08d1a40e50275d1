"""Several networks that learn the same batches in lockstep, looked at while they do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import torch

from engine.budget import Budget
from engine.data.sequence_tasks import TASKS, Batch, Task
from engine.data.sequence_tasks.synthetic import Recall
from engine.errors import UserError
from engine.labs.gradient_flow import snapshot
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.flow import MeasuredFlow
from engine.labs.gradient_flow.labels import labels_of
from engine.labs.gradient_flow.memory import refuse_what_does_not_fit
from engine.labs.gradient_flow.runner import Runner
from engine.models.recurrent_networks import NETWORKS

MOST_CELLS = 6
LOOKING, DIGGING = 0.03, 0.02
"""Shares of the time that may go to the live curves, and to the singular values behind them."""
AT_ONCE = ("learning_rate", "clip", "clip_value")
"""Settings that a race takes while it runs; those in RESTARTS need a new one."""
RESTARTS = (
    *("task", "length", "cells", "hidden", "init", "gain", "gate_bias"),
    *("batch", "noise", "optimiser", "seed"),
)
_DATA = 1 << 32
"""Added to the seed of what is drawn, which shall not be the numbers that the weights begin with."""


class Race:
    """Networks, their task, and the batches that all of them learn from.

    Without `live` nothing is looked at but what is asked for, as the memory meter needs it. Raises UserError
    for cells that there are not, lengths that are too short, and sizes that would not fit in memory.
    """

    def __init__(
        self, config: GradientFlowConfig, device: torch.device | None = None, *, live: bool = True
    ) -> None:
        self.config, self.task = config, task_of(config)
        cells, self._device = parse_cells(config.cells), device or torch.device("cpu")
        self.length = self.task.steps(config.length)
        """T: steps of every sequence."""
        refuse_what_does_not_fit(config, self.task, cells, self._device)
        self._generator = torch.Generator().manual_seed(config.seed + _DATA)
        self._batch = self._draw()
        shown = self._batch.sample(0)
        self.networks = {cell: Runner(cell, config, self.task, shown, self._device) for cell in cells}
        """By cell, in the order of the settings."""
        self.steps = 0
        """Updates done of each network that goes on."""
        self._round: Iterator[None] = iter(())
        self._live, self._look, self._dig = live, Budget(LOOKING), Budget(DIGGING)
        self._turns, self._digging = cycle(self.networks.values()), iter(())

    # Learning -------------------------------------------------------------------------------------

    @property
    def can_step(self) -> bool:
        """Whether there is a network left that has not exploded."""
        return any(runner.exploded_at is None for runner in self.networks.values())

    def step(self) -> None:
        """One update of each network that goes on; or the rest of the one that was begun."""
        steps = self.steps
        while self.can_step and self.steps == steps:
            self.advance()

    def advance(self) -> None:
        """A slice of that, of a few hundredths of a second: `steps` counts on with the last of them."""
        if next(self._round, self._round) is self._round:
            self._round = self._updates()
            next(self._round)

    def _updates(self) -> Iterator[None]:
        """One update of each; where it is time to look, all are looked at on the same sequence."""
        batch, step, looks = self._batch, self.steps + 1, self._live and self._look.due
        for runner in self.networks.values():
            if runner.exploded_at is None:
                yield from runner.learn(batch, step)
                if looks:
                    with self._look.spent():
                        runner.look()
                self._dig_on()
        self._batch, self.steps = self._draw(), step
        yield

    def _draw(self) -> Batch:
        drawn = self.task.batch(self._generator, self.config.batch, self.config.length)
        return Batch(drawn.inputs.to(self._device), drawn.targets.to(self._device))

    def change(self, config: GradientFlowConfig) -> None:
        """Take the settings in AT_ONCE; every other one is of no consequence here."""
        self.config = config
        for runner in self.networks.values():
            runner.set_learning(config)

    # Being looked at ------------------------------------------------------------------------------

    def look(self) -> None:
        """Measure every network's curve before its last update."""
        for runner in self.networks.values():
            runner.look()

    def dig(self) -> Iterator[tuple[int, int]]:
        """Measure what is behind every newest curve, in slices: (done, total)."""
        self.look()
        self._digging = iter(())
        for number, runner in enumerate(self.networks.values()):
            for done, total in _dig(runner):
                yield number * total + done, len(self.networks) * total

    def _dig_on(self) -> None:
        """Another slice of what is behind the curves, where there is time for it."""
        if self._live and self._dig.due:
            with self._dig.spent():
                if next(self._digging, None) is None:
                    self._digging = self._turn()

    def _turn(self) -> Iterator[tuple[int, int]]:
        """The weights of all networks, and all of one of them."""
        for runner in self.networks.values():
            if runner.flow.newest is not None:
                runner.mechanism.measure_weights(runner.flow.newest)
                yield 0, 1
        yield from _dig(next(self._turns))

    def runners(self) -> tuple[snapshot.Runner, ...]:
        """Everything that may be seen of the networks."""
        return tuple(runner.seen() for runner in self.networks.values())

    def newest(self, cell: str) -> MeasuredFlow | None:
        """The newest curve of a network, and what it was measured on."""
        return self.networks[cell].flow.newest

    @property
    def labels(self) -> tuple[str, ...]:
        """(T,) what stands at each step of the sequence of the newest curve, in a word."""
        newest = max(
            self.networks.values(), key=lambda each: each.flow.newest.step if each.flow.newest else 0
        )
        return labels_of(self.task, newest.looked_at)


def task_of(config: GradientFlowConfig) -> Task:
    """The task of the settings, with its noise. The sentence is none: nothing is learned there."""
    if config.task == "sentence":
        raise ValueError("the sentence has networks of its own")
    return Recall(config.noise) if config.task == "recall" else TASKS[config.task]


def parse_cells(text: str) -> tuple[str, ...]:
    """The networks named with commas, each once. Raises UserError for none, unknown ones or too many."""
    cells = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    choose = f"Choose up to {MOST_CELLS} of {', '.join(NETWORKS)}"
    if not cells:
        raise UserError("There is no network to be seen", "none was chosen", choose)
    if unknown := [cell for cell in cells if cell not in NETWORKS]:
        raise UserError(f"There is no network “{unknown[0]}”", "", choose)
    if len(cells) > MOST_CELLS:
        raise UserError(f"{len(cells)} networks are too many to be compared", "", choose)
    if len(set(cells)) < len(cells):
        twice = next(cell for cell in cells if cells.count(cell) > 1)
        raise UserError(f"“{twice}” was chosen more than once", "all of them begin alike", choose)
    return cells


def _dig(runner: Runner) -> Iterator[tuple[int, int]]:
    """Nothing where the newest curve is measured already."""
    newest, known = runner.flow.newest, runner.mechanism.newest
    if newest is not None and (known is None or known.step != newest.step):
        yield from runner.mechanism.measure(newest)
