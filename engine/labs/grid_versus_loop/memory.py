"""Experiment "memory": how many steps back each network still finds the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.data.series.lookback import CHANCE, CHANNELS, SYMBOLS, Lookback
from engine.explain.ladder import Ladder, RungWords, parse_rungs, solved_from
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.counting import count
from engine.labs.grid_versus_loop.experiment import Experiment
from engine.labs.grid_versus_loop.finding_memory import finding_of_memory
from engine.labs.grid_versus_loop.memory_trial import Plan, Trial, influence_of
from engine.labs.grid_versus_loop.questions_memory import answer_about_memory
from engine.labs.grid_versus_loop.snapshot import Counted, Remembered
from engine.models.residual_network import make_remembering_network
from engine.models.sequence_networks import SequenceNetwork, SequenceShape
from engine.read_only import read_only

if TYPE_CHECKING:
    from engine.ask import Answer, Cell
    from engine.lab import Pulse

LAGS = RungWords(
    "lag", "the experiment", (1, 2, 4, 8, 16, 32, 64, 128), lowest=1, highest=1000, most=12, example="1,4,16"
)
SPARE = 8
"""Steps of every stream before the longest lag: no answer is the very first step."""
UPDATES, BATCH, WIDTH = 600, 32, 32
RATES = {"cnn": 3e-3, "dilated-cnn": 3e-3, "rnn": 5e-3, "gru": 1e-2, "lstm": 1e-2}
LOOKED_AT = 64
"""Streams over which the influence is averaged."""


class Memory(Experiment):
    """Networks that begin anew at every lag, the shortest first; each goes on until it fails twice in a row.

    A step is one update of one network at one lag. `total` is the most that may still be needed; it shrinks
    where a network needs fewer updates or is not tried.
    """

    name = "memory"
    asks = "Reading a novel: how many steps back does each network still find what it is asked about?"
    published = (
        "A convolution remembers its receptive field and no further; dilated ones kept more than recurrent "
        "networks on tasks that were made to test these (Bai, Kolter and Koltun 2018). Gradients of a "
        "recurrent network vanish with the lag (Bengio, Simard and Frasconi 1994)."
    )
    suits = ("cnn", "dilated-cnn", "rnn", "gru", "lstm")
    allowed = suits

    def __init__(self, config: GridVersusLoopConfig, device: torch.device, pulse: Pulse) -> None:
        super().__init__(config, device, pulse)
        self.lags = parse_rungs(config.lags, LAGS)
        self.length = self.lags[-1] + SPARE
        self.shape = SequenceShape(self.length, CHANNELS, SYMBOLS, reads="end")
        self.counted = {name: count(name, self._network(name), self.shape) for name in self.networks}
        self.ladder = Ladder(self.lags, self.networks, solved_from(CHANCE))
        self.trials: dict[tuple[str, int], Trial] = {}
        """By name and lag, those that are over."""
        self.influence: dict[str, np.ndarray] = {}
        """By name: (T,) as `influence_of`, at the longest lag that was solved."""
        self.trial: Trial | None = None
        """The one that learns now."""
        self._done = 0
        self._begin_next()

    def _network(self, name: str) -> SequenceNetwork:
        return make_remembering_network(name, self.shape, self.config.width or WIDTH, self.config.seed)

    # Steps ----------------------------------------------------------------------------------------

    @property
    def updates(self) -> int:
        """Of one network at one lag, at most."""
        return self.config.updates or UPDATES

    @property
    def step_count(self) -> int:
        return self._done

    @property
    def total(self) -> int:
        if self.trial is None:
            return self._done
        return self._done + self.updates * len(self._waiting()) - self.trial.updates

    @property
    def can_step(self) -> bool:
        return self.trial is not None

    def step(self) -> None:
        if self.trial is None:
            return
        self.trial.update()
        self._done += 1
        if self.trial.is_over(self.ladder.solved):
            self._write_down(self.trial)
            self._begin_next()

    def _waiting(self) -> list[tuple[int, str]]:
        """Lags and networks that are not over, in their order; the one that learns now comes first."""
        left = (name for name in self.networks if not self.ladder.gave_up(name))
        names = tuple(left)
        return [(lag, name) for lag in self.lags for name in names if (name, lag) not in self.trials]

    def _begin_next(self) -> None:
        waiting = self._waiting()
        self.trial = self._new_trial(*waiting[0]) if waiting else None

    def _new_trial(self, lag: int, name: str) -> Trial:
        rate = self.config.learning_rate or RATES[name]
        plan = Plan(self.updates, self.config.batch or BATCH, rate, self.config.seed)
        return Trial(name, self._network(name), Lookback(self.length, lag), plan, self.device)

    def _write_down(self, trial: Trial) -> None:
        self.trials[trial.name, trial.task.lag] = trial
        self.ladder.write(trial.name, trial.accuracy)
        if trial.accuracy >= self.ladder.solved:
            self.influence[trial.name] = influence_of(trial.network, *self.looked_at(trial.task))

    def looked_at(self, task: Lookback) -> tuple[torch.Tensor, torch.Tensor]:
        """The streams over which the influence is averaged, and their classes: none that was learned from."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 - 1 - task.lag)
        return task.batch(generator, LOOKED_AT)

    # What is seen ---------------------------------------------------------------------------------

    def remembered(self) -> Remembered:
        """How far back each network finds the answer, as far as that is known."""
        highest = self.ladder.highest
        return Remembered(
            self.lags,
            CHANCE,
            self.ladder.solved,
            self.ladder.accuracy,
            highest,
            {name: self.field(name) for name in self.networks},
            read_only(np.arange(self.length)),
            {name: read_only(found / found.max()) for name, found in self.influence.items()},
            {name: lag for name in self.influence if (lag := highest[name]) is not None},
        )

    def field(self, name: str) -> int | None:
        """Steps that its answer may depend on, the last included; None of a loop, which has no such end."""
        return self.counted[name].receptive_field if self.counted[name].family == "grid" else None

    def see(self) -> Mapping[str, Any]:
        return {
            "about": (
                f"Streams of {self.length} symbols of {SYMBOLS} kinds, drawn as they are needed. The one so "
                "many steps before the last is marked, and has to be named at the end."
            ),
            "positions": "time step",
            "classes": tuple(chr(ord("A") + symbol) for symbol in range(SYMBOLS)),
            "length": self.length,
            "chance": CHANCE,
            "counted": tuple(self.counted.values()),
            "remembered": self.remembered(),
        }

    def ask(self, cell: Cell) -> Answer | None:
        return answer_about_memory(self, cell)

    # What comes of it -----------------------------------------------------------------------------

    def finding(self) -> str:
        counted: Mapping[str, Counted] = self.counted
        return finding_of_memory(self.remembered(), counted, self.updates, self.trial)

    def result(self) -> dict[str, Any]:
        reached, highest = self.ladder.accuracy, self.ladder.highest
        models = {
            name: {
                "longest_lag_solved": highest[name],
                "accuracy_by_lag": list(reached[name]),
                "updates_by_lag": [
                    self.trials[name, lag].updates for lag in self.lags if (name, lag) in self.trials
                ],
                "parameters": one.parameters,
                "multiply_adds": one.multiply_adds,
                "activations_kept": one.activations_kept,
                "sequential_steps": one.sequential_steps,
                "receptive_field": one.receptive_field,
            }
            for name, one in self.counted.items()
        }
        return {
            "models": models,
            "lags": list(self.lags),
            "length": self.length,
            "solved": self.ladder.solved,
            "chance": CHANCE,
            "updates_at_most": self.updates,
        }

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Accuracy by lag, and the influence of every step, relative to its largest."""
        seen = self.remembered()
        found = {
            f"{name}-accuracy-by-lag": np.stack([np.array(self.lags[: len(reached)], float), reached], 1)
            for name, reached in seen.accuracy.items()
        }
        for name, influence in seen.influence.items():
            found[f"{name}-influence-by-lag"] = np.stack([seen.influence_lags, influence], 1)
        return found

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The weights of each network at the longest lag that it solved."""
        from engine.checkpoint import save_tensors

        return {
            f"{name}.safetensors": partial(
                save_tensors, tensors=dict(self.trials[name, lag].network.state_dict())
            )
            for name, lag in self.remembered().influence_at.items()
        }
