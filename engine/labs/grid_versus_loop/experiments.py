"""The experiments of the lab by their names."""

from __future__ import annotations

from collections.abc import Mapping

from engine.labs.grid_versus_loop.cost import Cost
from engine.labs.grid_versus_loop.experiment import Experiment
from engine.labs.grid_versus_loop.hybrid import Hybrid
from engine.labs.grid_versus_loop.memory import Memory
from engine.labs.grid_versus_loop.one_data_set import OneDataSet
from engine.labs.grid_versus_loop.rows import Rows
from engine.labs.grid_versus_loop.shift import Shift
from engine.labs.grid_versus_loop.shuffle import Shuffle
from engine.labs.grid_versus_loop.text import Text

_ALL: tuple[type[Experiment], ...] = (OneDataSet, Rows, Text, Shuffle, Memory, Shift, Cost, Hybrid)

EXPERIMENT_TYPES: Mapping[str, type[Experiment]] = {kind.name: kind for kind in _ALL}
