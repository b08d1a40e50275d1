"""Convnet training: a convolutional network learns to tell pictures apart before one’s eyes."""

from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.lab import ConvnetTraining
from engine.labs.convnet_training.snapshot import (
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

__all__ = [
    "ConvnetTraining",
    "ConvnetTrainingConfig",
    "ConvnetTrainingSnapshot",
    "Curves",
    "DataView",
    "Embedding",
    "Health",
    "Learning",
    "Mistake",
    "NetworkView",
    "Ridge",
    "Seen",
    "Verdict",
]
