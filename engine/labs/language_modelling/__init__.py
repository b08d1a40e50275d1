"""Language modelling: three recurrent cells predict the text that is being typed, seen from the inside."""

from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.lab import LanguageModelling
from engine.labs.language_modelling.snapshot import (
    Brush,
    BrushedPlace,
    CellReading,
    LanguageModellingSnapshot,
    Learning,
    Meddling,
    Memory,
    States,
    Track,
    Training,
    Trajectory,
)

__all__ = [
    "Brush",
    "BrushedPlace",
    "CellReading",
    "LanguageModelling",
    "LanguageModellingConfig",
    "LanguageModellingSnapshot",
    "Learning",
    "Meddling",
    "Memory",
    "States",
    "Track",
    "Training",
    "Trajectory",
]
