"""Grid versus loop: convolutional and recurrent networks on the same data, an experiment for each claim."""

from engine.labs.grid_versus_loop.config import EXPERIMENTS, NETWORKS, TITLES, GridVersusLoopConfig
from engine.labs.grid_versus_loop.lab import GridVersusLoop
from engine.labs.grid_versus_loop.snapshot import (
    Contestant,
    Costs,
    Counted,
    GridVersusLoopSnapshot,
    Kept,
    LayerLine,
    Moved,
    Opened,
    Reading,
    Remembered,
    Row,
    Shuffled,
)

__all__ = [
    "EXPERIMENTS",
    "NETWORKS",
    "TITLES",
    "Contestant",
    "Costs",
    "Counted",
    "GridVersusLoop",
    "GridVersusLoopConfig",
    "GridVersusLoopSnapshot",
    "Kept",
    "LayerLine",
    "Moved",
    "Opened",
    "Reading",
    "Remembered",
    "Row",
    "Shuffled",
]
