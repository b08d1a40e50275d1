"""Contests small enough for a test: how they are begun, played, and compared with one another."""

from __future__ import annotations

from typing import Any, TypeVar

import torch

from engine.ask import Cell
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.learning import LearningExperiment

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {"updates": 22, "width": 6, "batch": 20, "seed": 3}

Kind = TypeVar("Kind", bound=LearningExperiment)


def begun(kind: type[Kind], **settings: Any) -> Kind:
    """An experiment of small networks, before its first update."""
    config = GridVersusLoopConfig(experiment=kind.name, **(SMALL | settings))
    return kind(config, CPU, lambda *_: None)


def played(experiment: Kind, updates: int = 1000, *, watched: bool = False) -> Kind:
    """The same after so many updates, or its last; looked at and asked after every update where `watched`."""
    while experiment.is_unfinished or (experiment.can_step and experiment.step_count < updates):
        experiment.step()
        if watched and not experiment.is_unfinished:
            experiment.see()
            experiment.finding()
            experiment.ask(Cell(f"probability-{experiment.networks[0]}", (0,)))
    return experiment


def finished(experiment: Kind) -> Kind:
    """The same with everything measured."""
    for done, total in experiment.finish():
        assert 0 <= done < total
    return experiment


def run(kind: type[Kind], **settings: Any) -> Kind:
    """From its beginning to its end."""
    return finished(played(begun(kind, **settings)))


def written(experiment: LearningExperiment) -> dict[str, Any]:
    """Everything that two runs of one seed must share to the bit."""
    return {
        key: (
            *(array.tolist() for array in entrant.loss.arrays()),
            list(entrant.tests),
            [tensor.tolist() for tensor in entrant.network.state_dict().values()],
        )
        for key, entrant in experiment.contest.entrants.items()
    }


@torch.no_grad()
def right(experiment: LearningExperiment, key: str, x: Any) -> int:
    """How many of the test examples as they are in `x` one network classifies rightly, in one go."""
    network = experiment.contest.entrants[key].network.eval()
    guess = network(torch.as_tensor(x)).argmax(1).numpy()
    return int((guess == experiment.data.arrays[3]).sum())
