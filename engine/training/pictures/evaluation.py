"""What a network makes of many pictures, in slices: its logits, and the figures that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.read_only import read_only
from engine.training.pictures.batches import as_input
from engine.training.pictures.held import Held, Pace


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The answers to N pictures of K classes, after `step` updates."""

    step: int
    logits: np.ndarray
    """(N, K) float32, read-only."""
    labels: np.ndarray
    """(N,) int64, read-only."""
    indices: np.ndarray
    """(N,) which pictures they are, of all that there are."""

    @property
    def predicted(self) -> np.ndarray:
        """(N,) the class with the largest logit."""
        return self.logits.argmax(1)

    @property
    def accuracy(self) -> float:
        """Share of the pictures whose largest logit is their own class's."""
        return float((self.predicted == self.labels).mean()) if len(self.labels) else float("nan")

    @property
    def losses(self) -> np.ndarray:
        """(N,) float32 nats: the cross-entropy of each picture, without label smoothing."""
        if not len(self.labels):
            return np.zeros(0, np.float32)
        logits, labels = torch.from_numpy(self.logits.copy()), torch.from_numpy(self.labels.copy())
        return F.cross_entropy(logits, labels, reduction="none").numpy()

    @property
    def loss(self) -> float:
        """Mean nats a picture."""
        return float(self.losses.mean(dtype=np.float64)) if len(self.labels) else float("nan")

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) int64: how many pictures of class `row` were taken for class `column`."""
        classes = self.logits.shape[1]
        flat = np.bincount(self.labels * classes + self.predicted, minlength=classes**2)
        return flat.reshape(classes, classes)


@torch.no_grad()
def evaluated(
    forward: Callable[[Tensor], Tensor], held: Held, chosen: Tensor, step: int
) -> Generator[tuple[int, int], None, Evaluation]:
    """Slices of (done, total) pictures, then the evaluation of those of `held` that are `chosen` (N,).

    `forward` takes pictures as float from 0 to 1, or the features that `held` has of them, to logits; whoever
    calls puts the network into evaluation mode for each slice. A slice grows or shrinks with its time.
    """
    logits: list[Tensor] = []
    done, total, pace = 0, len(chosen), Pace(32)
    while done < total:
        with pace:
            part = held.inputs[chosen[done : done + pace.size]]
            logits.append(forward(as_input(part) if part.dtype == torch.uint8 else part).float().cpu())
        done += len(part)
        yield done, total
    stacked = torch.cat(logits) if logits else torch.zeros(0, 1)
    labels = held.labels[chosen].cpu().numpy()
    return Evaluation(step, read_only(stacked.numpy()), read_only(labels), read_only(chosen.cpu().numpy()))
