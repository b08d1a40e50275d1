"""A small trained model inside a larger one that computes the same: train fast first, then wide."""

from __future__ import annotations

from dataclasses import replace

import torch

from engine.models.character_model import CharacterModel


@torch.no_grad()
def widened(model: CharacterModel, hidden: int) -> CharacterModel:
    """A model of one layer with `hidden` units whose first units are those of `model`.

    The new units are fresh: they read the character, the old units and each other, and nothing reads
    them yet, so that the outputs are exactly those of `model` and every new weight has a gradient after
    one update (in the spirit of Net2Net, Chen et al. 2016). ValueError where `hidden` is not larger.
    """
    old = model.config.hidden
    if hidden <= old or model.config.layers != 1:
        raise ValueError(f"one layer of {old} units can't be widened to {hidden}")
    wide = CharacterModel(replace(model.config, hidden=hidden))
    wide.embedding.load_state_dict(model.embedding.state_dict())
    ours, theirs = wide.recurrent.state_dict(), model.recurrent.state_dict()
    for name, weight in ours.items():
        for block, kept in zip(weight.split(hidden), theirs[name].split(old), strict=True):
            if name.startswith("weight_hh"):
                block[:old, old:] = 0.0
                block[:old, :old] = kept
            else:
                block[:old] = kept
    wide.head.weight[:, old:] = 0.0
    wide.head.weight[:, :old] = model.head.weight
    wide.head.bias.copy_(model.head.bias)
    return wide
