"""Experiment "shuffle": the same permutation of positions for all sequences, before learning or after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.data.series.shuffling import permutation
from engine.labs.grid_versus_loop.contest import reordered
from engine.labs.grid_versus_loop.finding_shuffle import (
    Turned,
    Twins,
    finding_of_exchanged,
    finding_of_switch,
    finding_of_twins,
)
from engine.labs.grid_versus_loop.learning import SHUFFLED, number
from engine.labs.grid_versus_loop.one_data_set import load_series
from engine.labs.grid_versus_loop.snapshot import Shuffled
from engine.labs.grid_versus_loop.sweeping import Sweep, SweepingExperiment, answer_about_score

if TYPE_CHECKING:
    from engine.ask import Answer, Cell
    from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
    from engine.labs.grid_versus_loop.data import Data

DIVISORS = 4, 12
"""A length with so few or so many divisors has windows that double instead."""


def windows_of(length: int) -> tuple[int, ...]:
    """Windows on the slider from 1, which exchanges nothing, to the length: its divisors, or doublings."""
    divisors = tuple(window for window in range(1, length + 1) if length % window == 0)
    if DIVISORS[0] <= len(divisors) <= DIVISORS[1]:
        return divisors
    return (*(2**power for power in range(length.bit_length()) if 2**power < length), length)


@dataclass(frozen=True)
class Switch:
    """When the live switch was turned, and how well every network did before."""

    step: int
    is_on: bool
    before: Mapping[str, float]
    """By name: the last accuracy before."""
    tests: Mapping[str, int]
    """By name: how many tests were done before."""


class Shuffle(SweepingExperiment):
    """Every network learns twice: in order, and from exchanged positions."""

    name = "shuffle"
    asks = "Who needs neighbours to stay neighbours, once the positions of all sequences are exchanged alike?"
    published = (
        "On MNIST-1D, in order and learned from exchanged positions: logistic regression 32 and 32 %, MLP 68 "
        "and 68 %, CNN 94 and 56 %, GRU 91 and 57 % (Greydanus and Kobak 2020)."
    )
    suits = ("mlp", "cnn", "rnn", "gru")
    twins = True
    _switch: Switch | None = None

    def load(self) -> Data:
        return load_series(self.config.data)

    @property
    def window(self) -> int:
        """Positions are exchanged within windows of so many; with all of them completely."""
        return min(self.config.window or self.data.places, self.data.places)

    @property
    def windows(self) -> tuple[int, ...]:
        """All windows on the slider, the one in force among them."""
        return tuple(sorted({*windows_of(self.data.places), self.window}))

    # Measuring ------------------------------------------------------------------------------------

    def change(self, config: GridVersusLoopConfig) -> None:
        """Take another window as well: from now on the twins learn from positions exchanged within that."""
        before = self.config.window
        self.config = config
        if config.window != before:
            self._exchange_anew()
        super().change(config)

    def _exchange_anew(self) -> None:
        was_on = self.contest.order is not None
        self.exchanged = torch.from_numpy(self._permutation()).to(self.device)
        for name in self.networks:
            self.contest.entrants[name + SHUFFLED].order = self.exchanged
        self.contest.order = self.exchanged if was_on else None
        self.contest.begin_anew()
        self._slices = None
        self._switch = None
        if self.window not in self.sweep.places:
            self.sweep = self.new_sweep()

    def new_sweep(self) -> Sweep[int]:
        length, seed = self.data.places, self.config.seed
        orders = {
            window: torch.from_numpy(permutation(length, window, seed)).to(self.device)
            for window in self.windows
        }

        def read(window: int, part: slice) -> torch.Tensor:
            return reordered(self.contest.examples.test_x[part], orders[window])

        return Sweep(self.contest, self.networks, self.windows, read)

    def turned(self) -> None:
        """The live switch: from now on all read exchanged positions, or no longer."""
        if self.step_count:
            entrants = self.contest.entrants
            self._switch = Switch(
                self.step_count,
                self.contest.order is not None,
                {
                    name: entrants[name].tests[-1][1] if entrants[name].tests else math.nan
                    for name in self.networks
                },
                {name: len(entrants[name].tests) for name in self.networks},
            )

    # What is seen ---------------------------------------------------------------------------------

    def see(self) -> Mapping[str, Any]:
        return {**super().see(), "shuffled": self.seen_shuffled()}

    def seen_shuffled(self) -> Shuffled:
        """How those that learned in order do on test examples exchanged within windows."""
        return Shuffled(
            self.window,
            self.windows,
            {name: self.sweep.accuracy(name, self.window) for name in self.networks},
            {name: self.sweep.curve(name, self.windows) for name in self.networks},
        )

    def ask(self, cell: Cell) -> Answer | None:
        kind, _, name = cell.array.partition("-")
        if kind != "window":
            return super().ask(cell)
        (place,) = cell.index
        if name not in self.networks or not 0 <= place < len(self.windows):
            return None
        window = self.windows[place]
        score = self.sweep.scores.get((name, window))
        if score is None:
            return None
        how = f"exchanged within windows of {window:,}" if window > 1 else "left in order"
        return answer_about_score(
            f"{self.contest.entrants[name].counted.title} · positions {how}",
            "The share of test examples that the network trained in order classifies rightly, without "
            "learning anew, when the same permutation exchanges the positions of each.",
            score,
            (len(self.windows),),
        )

    # What comes of it -----------------------------------------------------------------------------

    def finding(self) -> str:
        examples = len(self.data.arrays[3])
        if self._switch is not None:
            return finding_of_switch(
                [self._turned(name, self._switch) for name in self.networks],
                examples,
                self._switch.step,
                is_on=self._switch.is_on,
            )
        if self.contest.order is not None:
            seen = [self.of(name) for name in self.networks]
            reached = [(one.counted.title, one.accuracy) for one in seen]
            return finding_of_exchanged(reached, self.step_count, self.chance)
        twins = [self._twins(name) for name in self.networks]
        since, window = self.contest.begun_at, self.window
        return finding_of_twins(
            twins, examples, self.step_count, self.chance, window, self.data.places, since
        )

    def _twins(self, name: str) -> Twins:
        learned, exchanged = self.of(name), self.of(name + SHUFFLED)
        at_once = (
            self.sweep.accuracy(name, self.window) if self.sweep.is_known(name, self.window) else math.nan
        )
        return Twins(learned.counted.title, learned.accuracy, exchanged.accuracy, at_once)

    def _turned(self, name: str, switch: Switch) -> Turned:
        entrant = self.contest.entrants[name]
        since = [accuracy for _, accuracy in entrant.tests[switch.tests[name] :]] or [math.nan]
        return Turned(entrant.counted.title, switch.before[name], since[0], since[-1])

    def result(self) -> dict[str, Any]:
        found = super().result()
        for name, model in found["models"].items():
            model["accuracy_at_once"] = number(self.sweep.accuracy(name, self.window))
            model["accuracy_by_window"] = [number(value) for value in self.sweep.curve(name, self.windows)]
        about = {
            "window": self.window,
            "windows": list(self.windows),
            "exchanged_since": self.contest.begun_at,
        }
        return {**found, **about}

    def arrays(self) -> Mapping[str, np.ndarray]:
        found = dict(super().arrays())
        for name in self.networks:
            curve = self.sweep.curve(name, self.windows)
            found[f"{name}-accuracy-by-window"] = np.stack([np.array(self.windows, np.float64), curve], 1)
        return found
