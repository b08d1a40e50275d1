"""The base of the lab's experiments: a question, steps that come to an end, and what they found."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine.errors import UserError
from engine.labs.grid_versus_loop.config import NETWORKS, GridVersusLoopConfig

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.ask import Answer, Cell
    from engine.lab import Pulse


FRESH = 1.0
"""Seconds for which facts are taken as they were: a result made of long records is not for every frame."""


class Experiment:
    """One experiment. The lab plays it, looks at it and asks it; it knows neither the lab nor a screen.

    The same seed and settings give the same results to the bit on a CPU, however often it is looked at:
    `see` and what it calls must draw no random number and change no weight.
    """

    name: ClassVar[str]
    asks: ClassVar[str]
    """The question before, in a sentence."""
    published: ClassVar[str] = ""
    """What is known from the literature, with its source."""
    suits: ClassVar[tuple[str, ...]]
    """The networks that take part where the person chose none."""
    allowed: ClassVar[tuple[str, ...]] = NETWORKS
    """Those that may."""

    def __init__(self, config: GridVersusLoopConfig, device: torch.device, pulse: Pulse) -> None:
        """Build everything that the first step needs. Raises `UserError`."""
        self.config, self.device, self.pulse = config, device, pulse
        self.networks = parse_networks(config.networks, self.suits, self.allowed)

    @property
    def step_count(self) -> int:
        """Steps done."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        """Steps of the whole experiment."""
        raise NotImplementedError

    @property
    def can_step(self) -> bool:
        """Until the last step, or until nothing is left that could go on."""
        return self.step_count < self.total

    @property
    def is_unfinished(self) -> bool:
        """Whether a step was begun of which slices are left."""
        return False

    def step(self) -> None:
        """The next slice of a step, 50 ms or less where that can be."""
        raise NotImplementedError

    def finish(self) -> Iterator[tuple[int, int]]:
        """Measure everything that was put off, on the last step, in slices (done, total): before a result,
        and when playing stops.
        """
        yield from ()

    def move(self, shift: float, stretch: float, cut: float) -> None:
        """Open the example moved by positions, stretched by a factor, cut to a share, where that is shown."""

    def change(self, config: GridVersusLoopConfig) -> None:
        """Take the settings in AT_ONCE. Raises `UserError`; those before then hold."""
        self.config = config

    def see(self) -> Mapping[str, Any]:
        """The fields of the snapshot that are its own, read-only."""
        raise NotImplementedError

    def ask(self, cell: Cell) -> Answer | None:
        """Explain a value on the page; None for one that it knows nothing of."""
        raise NotImplementedError

    def finding(self) -> str:
        """What was measured, in a sentence or two; "" while there is nothing to be said."""
        raise NotImplementedError

    def timed_finding(self) -> str:
        """What was measured of this machine's speed, which no seed decides, in a sentence; or ""."""
        return ""

    def result(self) -> dict[str, Any]:
        """`{"models": {NAME: {...}}}` and what else belongs to it, ready for JSON."""
        raise NotImplementedError

    def facts(self, *, now: bool = False) -> Mapping[str, float]:
        """Every number of `result`, by which the table judges: "gru.accuracy", "cnn.accuracy_by_shift.0".

        They may be a second old, unless asked for `now`.
        """
        moment = time.monotonic()
        if now or self._facts is None or moment - self._facts[0] > FRESH:
            found = self.result()
            self._facts = moment, numbers_of({**found, **found.get("models", {})})
        return self._facts[1]

    _facts: tuple[float, Mapping[str, float]] | None = None

    def arrays(self) -> Mapping[str, np.ndarray]:
        """The arrays that `--csv` writes."""
        return {}

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """What `--csv` writes besides."""
        return {}


def parse_networks(text: str, suits: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The networks named with commas, in the order of `allowed`; `suits` where none is named.

    Raises `UserError` for one that is unknown or cannot take part.
    """
    wanted = {word.strip().lower() for word in text.split(",") if word.strip()}
    if unknown := sorted(wanted - set(allowed)):
        raise UserError(f"“{unknown[0]}” cannot take part here", "", f"Choose among {', '.join(allowed)}")
    return tuple(name for name in allowed if name in wanted) or suits


def numbers_of(value: Any, name: str = "") -> dict[str, float]:
    """All finite numbers within dictionaries and lists, by their path: "gru.accuracy", "lags.0"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {name: float(value)} if math.isfinite(value) else {}
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {}
    found: dict[str, float] = {}
    for key, part in parts:
        if key != "models":
            found |= numbers_of(part, f"{name}.{key}" if name else str(key))
    return found
