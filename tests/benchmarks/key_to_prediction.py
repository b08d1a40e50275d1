"""From a typed key to fresh predictions and states of three networks, against running them one step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

if TYPE_CHECKING:
    from engine.labs.language_modelling.bench import Bench

SENTENCE = "A key's predictions and states from three networks, against one plain step of each."
LIMIT = 2.0
ROUNDS = 60
LENGTHS = (40, 400, 1900)
"""Characters that stand on the line already."""


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """A short line, a paragraph, and as much as is read at all."""
    import torch

    from engine.device import prepare_thread
    from engine.labs.language_modelling.bench import Bench
    from engine.models.language_models import language_models, load_language_models

    prepare_thread()
    models = load_language_models(language_models()[0])
    for length in LENGTHS:
        text = ("The old house stood at the end of the lane. " * 50)[:length]
        bench = Bench(models)
        _read_all(bench, text)
        tokens = torch.tensor([ord("a")])
        states = {cell: reader.reading.state for cell, reader in bench.readers.items()}

        def plain(tokens: torch.Tensor = tokens, states: dict = states) -> None:
            with torch.inference_mode():
                for cell, model in models.items():
                    model.step(tokens, states[cell])

        keys = itertools.cycle("etaoin shrdlu ")

        def typed(bench: Bench = bench, keys: Iterator[str] = keys) -> None:
            bench.take(bench.text + next(keys))
            bench.readings()

        others = Others()
        timings = interleave(timed(plain), {"key": timed(typed)}, rounds)
        yield Finding(
            f"after {length} characters",
            timings.ratio("key"),
            LIMIT,
            others.cores(),
            control=timings.control,
            note=timings.fastest("key"),
        )


def _read_all(bench: Bench, text: str) -> None:
    bench.take(text)
    for _ in bench.read_on():
        pass
