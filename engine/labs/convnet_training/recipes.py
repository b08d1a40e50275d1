"""From the settings and the pictures to a network's design and the recipe it is trained by."""

from __future__ import annotations

from math import ceil

from engine.data.pictures import PictureData
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.models.designs import PRESETS, Design, fitted, preset_for
from engine.training.pictures.recipe import Augmentation, Recipe

LEARNING_RATES = {"adam": 0.002, "sgd": 0.05}
"""Where none is chosen."""
SEEN = 60_000
"""Pictures that a run sees about, where no number of epochs is chosen."""
EPOCHS = 3, 40
"""Fewest and most epochs where none is chosen."""
LEAST_UPDATES = 300
"""So many updates are made at least, however few pictures there are."""


def design_for(config: ConvnetTrainingConfig, data: PictureData) -> Design:
    """The edited network, or the preset's. Raises `UserError` where the edited one is not readable."""
    if config.design:
        return Design.from_json(config.design)
    name = config.preset
    if name == "auto":
        name = preset_for(data.shape, len(data.train.labels), len(data.classes))
    return fitted(PRESETS[name], data.shape, len(data.classes))


def recipe_for(config: ConvnetTrainingConfig, data: PictureData) -> Recipe:
    """Everything else that training needs."""
    rate = LEARNING_RATES[config.optimiser] if config.learning_rate is None else config.learning_rate
    return Recipe(
        epochs=suiting_epochs(len(data.train.labels), config.batch)
        if config.epochs is None
        else config.epochs,
        batch=config.batch,
        optimiser=config.optimiser,  # ty: ignore[invalid-argument-type] - checked against the same choices
        learning_rate=rate * config.pace,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        schedule=config.schedule,  # ty: ignore[invalid-argument-type]
        label_smoothing=config.label_smoothing,
        augmentation=Augmentation(config.shift, config.mirror, config.cutout),
        seed=config.seed,
    )


def suiting_epochs(pictures: int, batch: int) -> int:
    """Epochs in which about `SEEN` pictures are seen, and `LEAST_UPDATES` made."""
    fewest, most = EPOCHS
    suiting = min(most, max(fewest, round(SEEN / max(1, pictures))))
    return max(suiting, ceil(LEAST_UPDATES / max(1, ceil(pictures / batch))))
