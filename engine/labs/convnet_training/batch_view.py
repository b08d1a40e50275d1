"""The batch of the shown update as the network got it: shifted, mirrored and covered as it was."""

from __future__ import annotations

import torch

from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import BatchView
from engine.labs.convnet_training.views import small_rgb


def batch_view(run: TrainingRun) -> BatchView | None:
    """Made again rather than kept: it depends on seed, update and variation only. None without pictures."""
    training, data = run.training, run.data.train
    if not len(data.labels) or not run.is_prepared:
        return None
    step = max(0, run.shown - 1)
    indices, inputs, labels = training.batch_at(step)
    indices = indices.cpu()
    is_picture = inputs.shape[1:] == data.pictures.shape[1:]
    pictures = (inputs * 255).round().to(torch.uint8).cpu() if is_picture else data.pictures[indices]
    return BatchView(
        update=step + 1,
        pictures=small_rgb(pictures),
        labels=tuple(labels.tolist()),
        names=tuple(data.names[int(index)] for index in indices),
        is_varied=is_picture and not training.recipe.augmentation.is_none,
    )
