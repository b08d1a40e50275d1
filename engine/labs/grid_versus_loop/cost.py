"""Experiment "cost": what a pass costs on this machine, against the length and the width, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from engine.labs.grid_versus_loop.config import NETWORKS, GridVersusLoopConfig
from engine.labs.grid_versus_loop.counting import count
from engine.labs.grid_versus_loop.experiment import Experiment
from engine.labs.grid_versus_loop.finding_cost import finding_of_cost
from engine.labs.grid_versus_loop.growth import GROWN, exponent, per_unit
from engine.labs.grid_versus_loop.learning import number
from engine.labs.grid_versus_loop.questions_cost import answer_about_cost
from engine.labs.grid_versus_loop.snapshot import Costs, Counted
from engine.labs.grid_versus_loop.stopwatch import Stopwatch, Timing
from engine.models.sequence_networks import SequenceShape, make_network
from engine.read_only import read_only

if TYPE_CHECKING:
    from engine.ask import Answer, Cell
    from engine.lab import Pulse

Axis = Literal["length", "width"]
Direction = Literal["forward", "backward"]
Point = tuple[int, int]
"""Length and width."""

LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
WIDTHS = (8, 16, 32, 64, 128, 256)
LENGTH, WIDTH, BATCH = 128, 32, 8
"""The length of the curves over the width, the width of those over the length, and sequences in a pass."""
CHANNELS, CLASSES = 1, 10
REPEATS = 5
"""Measurements of each network at each place, of which the median counts."""


class Cost(Experiment):
    """Every network is timed at every length and width in turn, again and again, backwards every other time.

    A step is one measurement, before the first of which the network is warmed up: what disturbs the machine
    for a while then disturbs all networks alike. Times are medians and differ from run to run; what is
    counted does not.
    """

    name = "cost"
    asks = "What does reading a longer sequence cost, and which part of it cannot be done in parallel?"
    published = (
        "A recurrent layer needs as many steps one after the other as there are positions, a convolution a "
        "fixed number (Vaswani et al. 2017, table 1)."
    )
    suits = NETWORKS

    def __init__(self, config: GridVersusLoopConfig, device: torch.device, pulse: Pulse) -> None:
        super().__init__(config, device, pulse)
        self.batch, self.width = config.batch or BATCH, config.width or WIDTH
        at_lengths = [(length, self.width) for length in LENGTHS]
        self.points: tuple[Point, ...] = tuple(
            dict.fromkeys([*at_lengths, *((LENGTH, width) for width in WIDTHS)])
        )
        self.timings: dict[tuple[str, Point], list[Timing]] = {}
        self._counted: dict[tuple[str, Point], Counted] = {}
        self._watches: dict[tuple[str, Point], Stopwatch] = {}
        self._order = self._in_turn()
        self._next = next(self._order, None)
        self._is_begun = False
        self._done = 0
        for name in self.networks:
            self.counted_at(name, (LENGTH, self.width))

    # Steps ----------------------------------------------------------------------------------------

    def _in_turn(self) -> Iterator[tuple[str, Point]]:
        turn = [(name, point) for point in self.points for name in self.networks]
        for repeat in range(REPEATS):
            yield from reversed(turn) if repeat % 2 else turn

    @property
    def step_count(self) -> int:
        return self._done

    @property
    def total(self) -> int:
        return REPEATS * len(self.points) * len(self.networks)

    @property
    def is_unfinished(self) -> bool:
        """Whether a network was counted or warmed up, and is to be measured next."""
        return self._is_begun

    def step(self) -> None:
        if self._next is None:
            return
        self._is_begun = True
        watch = self._watch(self._next)
        if self._next not in self._counted:
            self.counted_at(*self._next)
        elif not watch.is_warm:
            watch.warm_up()
        else:
            self.timings.setdefault(self._next, []).append(watch.measure())
            self._done, self._is_begun = self._done + 1, False
            self._next = next(self._order, None)

    def _watch(self, key: tuple[str, Point]) -> Stopwatch:
        if key not in self._watches:
            name, (length, width) = key
            network = make_network(name, self._shape(length), width, self.config.seed).to(self.device)
            generator = torch.Generator().manual_seed(self.config.seed)
            x = torch.randn(self.batch, length, CHANNELS, generator=generator)
            y = torch.randint(CLASSES, (self.batch,), generator=generator)
            self._watches[key] = Stopwatch(network, x.to(self.device), y.to(self.device))
        return self._watches[key]

    def _shape(self, length: int) -> SequenceShape:
        return SequenceShape(length, CHANNELS, CLASSES)

    def counted_at(self, name: str, point: Point) -> Counted:
        """What a network is at a length and a width."""
        if (name, point) not in self._counted:
            shape = self._shape(point[0])
            network = make_network(name, shape, point[1], self.config.seed)
            self._counted[name, point] = count(name, network, shape)
        return self._counted[name, point]

    # What is seen ---------------------------------------------------------------------------------

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What each network is at the length and the width that the curves have in common."""
        return tuple(self.counted_at(name, (LENGTH, self.width)) for name in self.networks)

    def along(self, axis: Axis) -> tuple[Point, ...]:
        """The points of a curve."""
        if axis == "length":
            return tuple((length, self.width) for length in LENGTHS)
        return tuple((LENGTH, width) for width in WIDTHS)

    def times(self, name: str, point: Point, direction: Direction) -> list[float]:
        """All measurements so far, in milliseconds."""
        return [getattr(timing, direction) for timing in self.timings.get((name, point), ())]

    def curve(self, name: str, axis: Axis, direction: Direction) -> np.ndarray:
        """(places,) float64, read-only: medians in milliseconds; NaN where not measured yet."""
        found = [self.times(name, point, direction) for point in self.along(axis)]
        return read_only(np.array([median(times) if times else math.nan for times in found]))

    def costs(self) -> Costs:
        """Everything that was measured so far."""

        def curves(axis: Axis, direction: Direction) -> dict[str, np.ndarray]:
            return {name: self.curve(name, axis, direction) for name in self.networks}

        known = {
            name: tuple(
                self._counted[name, point] for point in self.along("length") if (name, point) in self._counted
            )
            for name in self.networks
        }
        return Costs(
            read_only(np.array(LENGTHS)),
            curves("length", "forward"),
            curves("length", "backward"),
            read_only(np.array(WIDTHS)),
            curves("width", "forward"),
            curves("width", "backward"),
            known,
            self.batch,
            self.width,
            LENGTH,
            torch.get_num_threads(),
        )

    def see(self) -> Mapping[str, Any]:
        return {
            "about": (
                f"Batches of {self.batch} sequences of random numbers; a pass forwards keeps what the pass "
                f"backwards needs. Each time is the median of up to {REPEATS} measurements, taken in turn."
            ),
            "positions": "position",
            "length": LENGTH,
            "counted": self.counted,
            "costs": self.costs(),
        }

    def ask(self, cell: Cell) -> Answer | None:
        return answer_about_cost(self, cell)

    # What comes of it -----------------------------------------------------------------------------

    def finding(self) -> str:
        return finding_of_cost(self.costs())

    def result(self) -> dict[str, Any]:
        seen = self.costs()
        models = {one.name: _model(one, seen) for one in self.counted}
        return {
            "models": models,
            "lengths": list(LENGTHS),
            "widths": list(WIDTHS),
            "batch": self.batch,
            "width": self.width,
            "length": LENGTH,
            "threads": seen.threads,
        }

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Length or width, milliseconds forwards and backwards, by network."""
        found = {}
        for name in self.networks:
            for axis, places in (("length", LENGTHS), ("width", WIDTHS)):
                columns = [self.curve(name, axis, direction) for direction in ("forward", "backward")]
                found[f"{name}-milliseconds-by-{axis}"] = np.stack([np.array(places, float), *columns], 1)
        return found


def _model(counted: Counted, seen: Costs) -> dict[str, Any]:
    """One network's entry under "models"."""
    forward, backward = seen.forward_by_length[counted.name], seen.backward_by_length[counted.name]
    both, grown = forward + backward, seen.lengths >= GROWN
    lengths, by_length = seen.lengths[grown], seen.counted_by_length[counted.name]
    return {
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "activations_kept": counted.activations_kept,
        "sequential_steps": counted.sequential_steps,
        "receptive_field": counted.receptive_field,
        "milliseconds_per_step": number(float(both[LENGTHS.index(LENGTH)])),
        "exponent_of_length": number(exponent(lengths, both[grown])),
        "microseconds_per_position": number(1000 * per_unit(lengths, both[grown])),
        "forward_milliseconds_by_length": _numbers(forward),
        "backward_milliseconds_by_length": _numbers(backward),
        "forward_milliseconds_by_width": _numbers(seen.forward_by_width[counted.name]),
        "backward_milliseconds_by_width": _numbers(seen.backward_by_width[counted.name]),
        "parameters_by_length": [each.parameters for each in by_length],
        "sequential_steps_by_length": [each.sequential_steps for each in by_length],
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    return [number(float(value)) for value in values]
