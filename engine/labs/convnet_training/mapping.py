"""The values before the last layer as points in a plane, for some test pictures that stay the same."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor

from engine.errors import UserError
from engine.explain.embedding import Plane, principal_plane, t_sne
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import Embedding
from engine.labs.convnet_training.views import small_rgb
from engine.probe import forward_to
from engine.read_only import read_only
from engine.training.pictures.held import Pace
from engine.training.pictures.trainer import copied

POINTS = 400
"""Pictures in the plane."""


class PictureMap:
    """Of one run. The plane of PCA moves as little as it can from one look to the next."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        test = run.data.test
        chosen = run.test.drawn(POINTS, run.training.recipe.seed).cpu()
        self._inputs, self._labels = test.pictures[chosen], test.labels[chosen]
        self._indices = read_only(chosen.numpy())
        self._names = tuple(test.names[int(index)] for index in chosen)
        self._pictures = small_rgb(self._inputs) if len(chosen) else np.zeros((0, 1, 1, 3), np.uint8)
        self._network = copied(run.training.network).eval()  # the one that is looked at carries hooks
        self._plane: Tensor | None = None
        self.view: Embedding | None = None

    def look(self) -> Iterator[tuple[int, int]]:
        """The principal plane of the network as it is shown now, in slices."""
        step, (values, predicted) = self._run.shown, (yield from self._values())
        if len(values) > 1:
            plane = principal_plane(values, self._plane)
            self._plane = plane.points
            self.view = self._embedding(step, "PCA", plane, predicted)

    def t_sne(self) -> Iterator[tuple[int, int]]:
        """t-SNE of the same values, seen while it goes on. Raises UserError where there are too few."""
        step, (values, predicted) = self._run.shown, (yield from self._values())
        if len(values) < 4:
            raise UserError("There are too few test pictures for t-SNE", f"there are {len(values)}")
        for done, total, plane in t_sne(values):
            self.view = self._embedding(step, "t-SNE", plane, predicted)
            yield done, total

    def _values(self) -> Generator[tuple[int, int], None, tuple[Tensor, Tensor]]:
        """Slices, then (N, F) what the last layer receives, and (N,) what the pictures are taken for."""
        network, run = self._network, self._run
        network.load_state_dict(run.network.state_dict())
        head = network.get_submodule("head")
        parts: list[Tensor] = []
        pace, done, total = Pace(16), 0, len(self._labels)
        while done < total:
            part = run.x(self._inputs[done : done + pace.size])
            with pace, torch.no_grad():
                parts.append(forward_to(network, head, part, before=True).flatten(1))
            done += len(part)
            yield done, total
        values = torch.cat(parts) if parts else torch.zeros(0, 1)
        with torch.no_grad():
            predicted = head(values).argmax(1).cpu() if parts else torch.zeros(0, dtype=torch.int64)
        return values.cpu(), predicted

    def _embedding(self, step: int, method: str, plane: Plane, predicted: Tensor) -> Embedding:
        return Embedding(
            step=step,
            method=method,
            points=read_only(plane.points.float().numpy().copy()),
            labels=read_only(self._labels.numpy()),
            predicted=read_only(predicted.numpy()),
            explained=plane.explained,
            pictures=self._pictures,
            names=self._names,
            indices=self._indices,
        )
