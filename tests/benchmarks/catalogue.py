"""The benchmarks, in the order in which they run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .finding import Finding

NAMES = (
    "first_window",
    "import_stall",
    "drop_to_screen",
    "capture",
    "grad_cam",
    "layer_to_screen",
    "tick_lateness",
    "recurrent_trace",
    "gradient_through_time",
    "gradient_flow_cost",
    "convnet_step",
    "key_to_prediction",
    "live_training",
    "gradient_flow_live",
    "convnet_live",
    "grid_versus_loop_live",
    "held_out_evaluation",
)
"""Modules that each have a `SENTENCE`, a `LIMIT`, `ROUNDS` and a function `measure`."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark, as its module describes it."""

    sentence: str
    """What is measured against what."""
    limit: float
    """The largest figure asked for."""
    rounds: int
    """How many rounds it takes unless told otherwise."""
    measure: Callable[[int], Iterator[Finding]]


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by its name. Importing them imports neither torch nor Qt."""
    modules = {name: importlib.import_module(f".{name}", __package__) for name in NAMES}
    return {
        name: Benchmark(module.SENTENCE, module.LIMIT, module.ROUNDS, module.measure)
        for name, module in modules.items()
    }


def measure(name: str, rounds: int | None = None) -> list[Finding]:
    """What a benchmark finds, measured here and now."""
    benchmark = benchmarks()[name]
    return list(benchmark.measure(rounds or benchmark.rounds))
