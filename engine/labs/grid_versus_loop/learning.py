"""Experiments in which networks learn one data set side by side: what they have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from engine.labs.grid_versus_loop import recipe
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.contest import Contest, Entrant, Examples
from engine.labs.grid_versus_loop.counting import count
from engine.labs.grid_versus_loop.data import Data, Example
from engine.labs.grid_versus_loop.experiment import Experiment
from engine.labs.grid_versus_loop.opening import open_example
from engine.labs.grid_versus_loop.questions import answer_about_contest
from engine.labs.grid_versus_loop.snapshot import Contestant, Counted, Opened
from engine.models.sequence_networks import make_network

if TYPE_CHECKING:
    from engine.ask import Answer, Cell
    from engine.lab import Pulse

SHUFFLED = "-shuffled"
"""Ends the key of an entrant that learns from exchanged positions."""


class LearningExperiment(Experiment):
    """A contest on one data set. A subclass says which data, and adds what it measures besides."""

    twins: ClassVar[bool] = False
    """Whether each network has a twin that learns from exchanged positions."""
    _opened: Opened | None = None
    """The pinned example in the networks as they are; None where one of both is another since."""

    def __init__(self, config: GridVersusLoopConfig, device: torch.device, pulse: Pulse) -> None:
        super().__init__(config, device, pulse)
        self.data = self.load()
        examples = Examples.of(self.data.arrays, device)
        self.exchanged = torch.from_numpy(self._permutation()).to(device)
        """What "shuffled" means here: (positions,) or, of a picture, (pixels,)."""
        entrants = [self._entrant(name, None) for name in self.networks]
        if self.twins:
            entrants += [self._entrant(name, self.exchanged) for name in self.networks]
        self.contest = Contest(examples, entrants, config.seed, self._batch, self._updates)
        self.change(config)

    def load(self) -> Data:
        """The data set that the settings name. Raises `UserError`."""
        raise NotImplementedError

    # Building -------------------------------------------------------------------------------------

    @property
    def plan(self) -> recipe.Plan:
        """Updates and batch that suit the experiment."""
        return recipe.PLANS[self.name]

    @property
    def _updates(self) -> int:
        return self.config.updates or self.plan.updates

    @property
    def _batch(self) -> int:
        return self.config.batch or self.plan.batch

    def _entrant(self, name: str, order: torch.Tensor | None) -> Entrant:
        width = self.config.width or recipe.width(name, self.name)
        network = make_network(name, self.data.shape, width, self.config.seed).to(self.device)
        rate = self.config.learning_rate or recipe.learning_rate(name, self.name)
        key = name + SHUFFLED if order is not None else name
        return Entrant(key, network, count(name, network, self.data.shape), rate, order)

    def _permutation(self) -> np.ndarray:
        from engine.data.series.shuffling import permutation

        places = self.data.places
        return permutation(places, min(self.config.window or places, places), self.config.seed)

    # Steps ----------------------------------------------------------------------------------------

    @property
    def step_count(self) -> int:
        return self.contest.steps

    @property
    def total(self) -> int:
        return self.contest.total

    @property
    def can_step(self) -> bool:
        return self.contest.can_step

    @property
    def is_unfinished(self) -> bool:
        return self.contest.is_unfinished

    def step(self) -> None:
        self._opened = None
        self.contest.advance()

    def finish(self) -> Iterator[tuple[int, int]]:
        yield from self.contest.test()

    def change(self, config: GridVersusLoopConfig) -> None:
        super().change(config)
        self._opened = None
        order = self.exchanged if config.shuffled else None
        if order is not self.contest.order:
            self.contest.order = order
            self.contest.begin_anew()

    # What is seen ---------------------------------------------------------------------------------

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What each network is."""
        return tuple(self.contest.entrants[name].counted for name in self.networks)

    def example(self) -> Example:
        """The example that is pinned: what the person typed, where networks read text, or a test example."""
        if self.config.text and self.data.encode is not None:
            return self.data.typed(self.config.text)
        return self.data.example(self.config.pinned)

    def opened(self) -> Opened:
        """The pinned example in every network, as it is now."""
        if self._opened is None:
            self._opened = open_example(self.contest, self.data, self.example())
        return self._opened

    def see(self) -> Mapping[str, Any]:
        return {
            "about": self.data.about,
            "positions": self.data.positions,
            "classes": self.data.classes,
            "length": self.data.length,
            "chance": self.chance,
            "contestants": self.contest.seen(),
            "counted": self.counted,
            "opened": self.opened(),
        }

    @property
    def chance(self) -> float:
        """Accuracy on the test examples of always naming the class that is most frequent in training."""
        most = np.bincount(self.data.arrays[1], minlength=len(self.data.classes)).argmax()
        return float((self.data.arrays[3] == most).mean())

    def ask(self, cell: Cell) -> Answer | None:
        return answer_about_contest(self.contest, self.example(), self.data, cell)

    # What comes of it -----------------------------------------------------------------------------

    def of(self, name: str) -> Contestant:
        """What may be seen of one entrant."""
        return self.contest.entrants[name].seen()

    def result(self) -> dict[str, Any]:
        models = {name: result_of(self.of(name)) for name in self.networks}
        if self.twins:
            for name, found in models.items():
                found["accuracy_shuffled"] = number(self.of(name + SHUFFLED).accuracy)
        return {"models": models, "chance": self.chance, "data": self.data.about}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Losses and accuracies over training, and the pinned example inside every network."""
        found: dict[str, np.ndarray] = {}
        for one in self.contest.seen():
            found[f"{one.key}-loss"] = np.stack([one.steps, one.loss], 1)
            found[f"{one.key}-test-accuracy"] = np.stack([one.test_steps, one.test_accuracy], 1)
        opened = self.opened()
        found["example"] = opened.values
        for key, readings in opened.readings.items():
            found |= {f"{key}-{reading.layer}": reading.values for reading in readings}
        return found

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The weights of every network."""
        from engine.checkpoint import save_tensors

        return {
            f"{key}.safetensors": partial(save_tensors, tensors=dict(entrant.network.state_dict()))
            for key, entrant in self.contest.entrants.items()
        }


def result_of(one: Contestant) -> dict[str, Any]:
    """One network's entry under "models"."""
    counted = one.counted
    return {
        "accuracy": number(one.accuracy),
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "activations_kept": counted.activations_kept,
        "sequential_steps": counted.sequential_steps,
        "receptive_field": counted.receptive_field,
        "milliseconds_per_step": number(one.milliseconds),
        "seconds": one.seconds,
        "updates": int(one.test_steps[-1]) if len(one.test_steps) else 0,
        "exploded_at": one.exploded_at,
    }


def number(value: float) -> float | None:
    """What JSON has for it: what is no number is none."""
    return value if math.isfinite(value) else None
