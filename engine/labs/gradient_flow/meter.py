"""The memory meter: how long the sequences are that each network still learns, found by trying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from engine.data.sequence_tasks import Task
from engine.errors import UserError
from engine.explain.ladder import Ladder, RungWords, parse_rungs, solved_from
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.memory import refuse_what_does_not_fit
from engine.labs.gradient_flow.race import Race, parse_cells, task_of
from engine.labs.gradient_flow.runner import LAST_BATCHES
from engine.labs.gradient_flow.snapshot import Meter

DEFAULT_LENGTHS = (10, 20, 50, 100, 200)
LENGTHS = RungWords(
    "length", "the memory meter", DEFAULT_LENGTHS, lowest=2, highest=1000, most=12, example="10,20,50"
)
"""What may be asked for."""


def parse_lengths(text: str) -> tuple[int, ...]:
    """ "20, 10" to (10, 20): each once and ascending; `DEFAULT_LENGTHS` for nothing. Raises UserError."""
    return parse_rungs(text, LENGTHS)


class MemoryMeter:
    """Networks that begin anew at every length, and how accurate each became there.

    At a length all networks get the same batches and learn for at most `config.sweep_steps` updates: fewer
    where the mean accuracy of the last 20 batches has reached `solved`, or where loss or gradient are no
    numbers any more. A network that failed two lengths in a row is not tried at longer ones.

    Raises UserError for a task whose sequences have one length only, or none, for lengths that are too short
    for the task and for those that would not fit in memory.
    """

    def __init__(
        self, config: GradientFlowConfig, lengths: Sequence[int], device: torch.device | str = "cpu"
    ) -> None:
        task = _task(config)
        self._config, self._device, self._lengths = config, torch.device(device), tuple(lengths)
        self._cells = parse_cells(config.cells)
        for length in self._lengths:
            refuse_what_does_not_fit(replace(config, length=length), task, self._cells, self._device)
        self._chance = task.baseline(max(self._lengths)).accuracy
        self._ladder = self._new_ladder()

    @property
    def solved(self) -> float:
        """From which accuracy a length counts as solved: nine tenths of the way from chance to 1."""
        return solved_from(self._chance)

    @property
    def view(self) -> Meter:
        """What has been measured so far; a network has no accuracy at the lengths it was not tried at."""
        reached, longest = self._ladder.accuracy, self._ladder.highest
        return Meter(self._lengths, reached, self._chance, self.solved, longest, self._config.sweep_steps)

    def sweep(self) -> Iterator[tuple[int, int]]:
        """Measures everything, from the shortest length on; yields (done, total) after each slice.

        They count steps of sequences, forwards and backwards, so that the time that is left can be told from
        them. The total shrinks where a network needs no more updates or is not tried.
        """
        self._ladder = self._new_ladder()
        done, total = 0, sum(map(self._cost, self._lengths)) * len(self._cells)
        for length in self._lengths:
            for cell in self._cells:
                total, spent = total - self._cost(length), 0
                if self._ladder.gave_up(cell):
                    continue
                learner = _Learner(self._config, cell, length, self._device)
                for spent in learner.learn(self.solved):
                    yield done + spent, total + self._cost(length)
                self._ladder.write(cell, learner.accuracy)
                done, total = done + spent, total + spent
        yield done, total

    def _cost(self, length: int) -> int:
        return 2 * length * self._config.sweep_steps

    def _new_ladder(self) -> Ladder:
        return Ladder(self._lengths, self._cells, self.solved)


class _Learner:
    """One network that learns at one length, from its start on: as it would in a race of its own."""

    def __init__(self, config: GradientFlowConfig, cell: str, length: int, device: torch.device) -> None:
        self._race = Race(replace(config, cells=cell, length=length), device, live=False)
        self._network = self._race.networks[cell]

    @property
    def accuracy(self) -> float:
        """The mean of the last 20 batches; 0 where the very first has led to no number."""
        return self._network.recent_accuracy if self._network.loss else 0.0

    def learn(self, solved: float) -> Iterator[int]:
        """All updates; yields, after each slice, how many steps of sequences it went through so far.

        A slice that does not finish an update counts for one: how much of it is left is known by then only.
        """
        race, slices = self._race, 0
        while not self._is_done(solved):
            done = race.steps
            race.advance()
            slices = slices + 1 if race.steps == done else 0
            yield 2 * race.length * race.steps + slices

    def _is_done(self, solved: float) -> bool:
        updates = self._race.steps
        if updates >= self._race.config.sweep_steps or not self._race.can_step:
            return True
        return updates >= LAST_BATCHES and self.accuracy >= solved


def _task(config: GradientFlowConfig) -> Task:
    """One whose length may be chosen."""
    if config.task == "sentence":
        raise _one_length("a sentence", "nothing is learned from it")
    task = task_of(config)
    if task.fixed_length is not None:
        raise _one_length(f"“{task.title}”", f"its sequences always have {task.fixed_length} steps")
    return task


def _one_length(what: str, why: str) -> UserError:
    next = "Choose another task, such as recall"
    return UserError(f"The memory meter cannot try {what} at several lengths", why, next)
