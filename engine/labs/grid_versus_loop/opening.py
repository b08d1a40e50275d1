"""One example in every network of a contest: what they answer, and what their layers make of it."""

from __future__ import annotations

import numpy as np
import torch

from engine.labs.grid_versus_loop.contest import Contest, Entrant
from engine.labs.grid_versus_loop.data import Data, Example
from engine.labs.grid_versus_loop.questions import read_by
from engine.labs.grid_versus_loop.snapshot import Opened, Reading
from engine.models.sequence_networks import readings


def open_example(contest: Contest, data: Data, example: Example) -> Opened:
    """What every entrant makes of `example`, with the weights and the order of positions in force."""
    probabilities: dict[str, np.ndarray] = {}
    found: dict[str, tuple[Reading, ...]] = {}
    for key, entrant in contest.entrants.items():
        inside = readings(entrant.network, read_by(contest, entrant, example)[0])
        probabilities[key] = _fixed(inside["head"].softmax(0))
        found[key] = _kept(entrant, inside)
    values = example.values if example.values.ndim == 2 else example.values[:, None]
    return Opened(
        example.index,
        example.name,
        _fixed(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))),
        example.truth,
        None if contest.order is None else _fixed(contest.order),
        probabilities,
        found,
        len(data.arrays[3]),
        example.tokens,
    )


def shown_layers(entrant: Entrant) -> tuple[str, ...]:
    """The layers whose readings keep positions: convolutions after their relu, and recurrent layers."""
    return tuple(name for name in entrant.network.sights() if name.startswith(("relu", "recurrent")))


def _kept(entrant: Entrant, inside: dict[str, torch.Tensor]) -> tuple[Reading, ...]:
    sights = entrant.network.sights()
    found = []
    for name in shown_layers(entrant):
        axis, values = sights[name], inside[name]
        is_loop = name == "recurrent"
        kind = "states" if is_loop else ("maps" if values.ndim == 2 else "pictures")
        middle = axis.start + (axis.size - 1) / 2
        shown = values.T if is_loop else values
        found.append(
            Reading(name, kind, _fixed(shown), axis.jump, axis.start + axis.size - 1 if is_loop else middle)
        )
    return tuple(found)


def _fixed(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.detach().cpu().contiguous().numpy().copy()
    array.setflags(write=False)
    return array
