"""How the layers do: how their values, weights, gradients and updates are spread, and what is dead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.explain.spread import SpreadHistory, spread
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import Health, Ridge
from engine.models.designs import DesignedNetwork
from engine.probe import Probe
from engine.read_only import read_only
from engine.training.pictures.trainer import copied

SAMPLE = 32
"""Pictures, drawn from those that are learned from, that the layers are looked at with."""
KINDS = ("activations", "weights", "gradients", "updates")
Key = tuple[str, str]
"""(layer, one of KINDS)."""


class HealthRecord:
    """Of one run: looks at all layers now and then and remembers how it was."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._history: defaultdict[Key, SpreadHistory] = defaultdict(SpreadHistory)
        self._dead: Mapping[str, float] = {}
        self._step = -1
        drawn = run.training.held.drawn(SAMPLE, run.training.recipe.seed)
        self._labels = run.training.held.labels[drawn]
        self._pictures = run.x(run.data.train.pictures[drawn.cpu()])

    def look(self) -> Iterator[tuple[int, int]]:
        """Measure every layer of the network as it is now, in slices; nothing where it is as before."""
        run, step = self._run, self._run.training.steps
        if step == self._step or not len(self._labels):
            return
        network = copied(run.training.network).eval()
        updates = run.training.last_update
        yield 0, 2
        values, gradients = _through(network, self._pictures, self._labels)
        yield 1, 2
        for name, found in values.items():
            self._history[name, "activations"].append(step, spread(found))
        for name, found in _weights(network).items():
            self._history[name, "weights"].append(step, spread(found))
        for kind, parts in (("gradients", gradients), ("updates", updates)):
            for name, found in parts.items():
                self._history[name, kind].append(step, spread(found))
        self._dead = _dead(network, values)
        self._step = step

    def view(self, layer: str) -> Health | None:
        """What is known of `layer`, and of every ReLU; None before the first look."""
        if self._step < 0:
            return None
        weighing = self._weighing(layer)
        keys = {kind: (layer if kind == "activations" else weighing, kind) for kind in KINDS}
        ridges = {kind: _ridge(self._history[key]) for kind, key in keys.items() if key in self._history}
        return Health(self._step, layer, weighing, ridges, self._dead)

    def _weighing(self, layer: str) -> str:
        """The layer itself where it has weights, else the nearest before it that has some, or the first."""
        order = [name for name, kind in self._history if kind == "activations"]
        having = [name for name in order if (name, "weights") in self._history]
        place = order.index(layer) if layer in order else -1
        before = [name for name in having if order.index(name) <= place]
        return before[-1] if before else next(iter(having), layer)


def _through(
    network: DesignedNetwork, pictures: Tensor, labels: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Every layer's values for the pictures, and the gradient of each layer's weights."""
    learning = {name: p for name, p in network.named_parameters() if p.dim() > 1 and p.requires_grad}
    with torch.enable_grad(), Probe(network, copy=False) as probe:
        probe.watch(probe.leaves)
        loss = F.cross_entropy(network(pictures), labels)
        found = torch.autograd.grad(loss, list(learning.values()), allow_unused=True)
        values = dict(probe.outputs)
    gradients = {
        name.rpartition(".")[0]: gradient
        for name, gradient in zip(learning, found, strict=True)
        if gradient is not None
    }
    return values, gradients


def _weights(network: DesignedNetwork) -> dict[str, Tensor]:
    """Every layer's weights, without its biases and scales."""
    return {name.rpartition(".")[0]: p.detach() for name, p in network.named_parameters() if p.dim() > 1}


def _dead(network: DesignedNetwork, values: Mapping[str, Tensor]) -> dict[str, float]:
    """Of each ReLU the share of channels (or features) that are zero at every place of every picture."""
    found = {}
    for name, output in values.items():
        if isinstance(network.get_submodule(name), nn.ReLU | nn.ReLU6):
            largest = output.detach().transpose(0, 1).flatten(1).amax(1)
            found[name] = float((largest <= 0).float().mean())
    return found


def _ridge(history: SpreadHistory) -> Ridge:
    spreads = history.spreads
    return Ridge(
        steps=read_only(np.array(history.steps, np.int64)),
        shares=read_only(np.stack([each.shares for each in spreads])),
        low=read_only(np.array([each.low for each in spreads])),
        high=read_only(np.array([each.high for each in spreads])),
    )
