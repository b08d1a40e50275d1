"""Convnet training: a convolutional network learns to tell pictures apart before one’s eyes."""

from engine.labs.convnet_training.collected import Collected
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.lab import ConvnetTraining
from engine.labs.convnet_training.left_runs import Keeping, LeftRun
from engine.labs.convnet_training.snapshot import (
    BatchView,
    ConvnetTrainingSnapshot,
    Curves,
    DataView,
    Embedding,
    Health,
    Learning,
    Mistake,
    NetworkView,
    Ridge,
    Seen,
    Verdict,
)
from engine.labs.convnet_training.stages import PHASES, LayerUpdate, Phase, Stage

__all__ = [
    "PHASES",
    "BatchView",
    "Collected",
    "ConvnetTraining",
    "ConvnetTrainingConfig",
    "ConvnetTrainingSnapshot",
    "Curves",
    "DataView",
    "Embedding",
    "Health",
    "Keeping",
    "LayerUpdate",
    "Learning",
    "LeftRun",
    "Mistake",
    "NetworkView",
    "Phase",
    "Ridge",
    "Seen",
    "Stage",
    "Verdict",
]
