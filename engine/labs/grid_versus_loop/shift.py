"""Experiment "shift": networks that learned patterns in their place are asked about moved ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.data.series.transforms import Transform, transformed
from engine.errors import UserError
from engine.labs.grid_versus_loop.contest import reordered
from engine.labs.grid_versus_loop.finding_shift import Moves, Sliders, finding_of_moves
from engine.labs.grid_versus_loop.learning import number
from engine.labs.grid_versus_loop.one_data_set import load_series
from engine.labs.grid_versus_loop.snapshot import Moved
from engine.labs.grid_versus_loop.sweeping import Sweep, SweepingExperiment, answer_about_score
from engine.read_only import read_only

if TYPE_CHECKING:
    from engine.ask import Answer, Cell
    from engine.labs.grid_versus_loop.data import Data, Example

FURTHEST = 0.3
"""Share of the length by which patterns are moved at most: 12 of the 40 positions of MNIST-1D."""
SHIFTS = 25
STRETCHES = np.arange(6, 17) / 10
CUTS = np.arange(3, 11) / 10
AS_IT_IS = Transform()


def shifts_of(length: int) -> np.ndarray:
    """Whole positions to the left and to the right, none among them, ascending."""
    furthest = max(1, round(FURTHEST * length))
    half = np.unique(np.rint(np.linspace(0, furthest, SHIFTS // 2 + 1)))
    return np.concatenate([-half[:0:-1], half])


class Shift(SweepingExperiment):
    """Trained on patterns as they are, tested on moved, stretched and shortened ones."""

    name = "shift"
    asks = "Who still knows a pattern that comes earlier or later, slower or faster, or breaks off?"
    suits = ("mlp", "cnn", "rnn", "gru", "cnn+gru")
    _shown = AS_IT_IS
    """What is done to the example that is opened."""

    def load(self) -> Data:
        return load_series(self.config.data)

    @cached_property
    def lines(self) -> Mapping[str, tuple[Transform, ...]]:
        """The three sliders, and what their places do."""
        return {
            "shift": tuple(Transform(shift=float(shift)) for shift in shifts_of(self.data.length)),
            "stretch": tuple(Transform(stretch=float(factor)) for factor in STRETCHES),
            "cut": tuple(Transform(cut=float(share)) for share in CUTS),
        }

    # Measuring ------------------------------------------------------------------------------------

    def new_sweep(self) -> Sweep[Transform]:
        places = [place for line in self.lines.values() for place in line]
        return Sweep(self.contest, self.networks, [AS_IT_IS, *places], self._read)

    def _read(self, place: Transform, part: slice) -> torch.Tensor:
        """Moved first; where the positions of all are exchanged, exchanged then."""
        x = self.on_device(self._transformed(self.data.arrays[2][part], place))
        return reordered(x, self.contest.order)

    def _transformed(self, x: np.ndarray, place: Transform) -> np.ndarray:
        return transformed(x, place, self._silence)

    @cached_property
    def _silence(self) -> np.ndarray:
        """(C,) what is read where nothing is left: the mean of all that was learned from."""
        return self.data.arrays[0].mean((0, 1), dtype=np.float64)

    def turned(self) -> None:
        self.sweep.forget()

    # The example ----------------------------------------------------------------------------------

    def move(self, shift: float, stretch: float, cut: float) -> None:
        """Open the example so transformed. Raises `UserError`."""
        try:
            self._shown, self._opened = Transform(shift, stretch, cut), None
        except ValueError as error:
            raise UserError(
                "The example cannot be moved like that", str(error), "Choose other numbers"
            ) from error

    def example(self) -> Example:
        """The pinned example, as it is moved now."""
        example = super().example()
        return replace(example, values=self._transformed(example.values, self._shown))

    # What is seen ---------------------------------------------------------------------------------

    def see(self) -> Mapping[str, Any]:
        return {**super().see(), "moved": self.seen_moved()}

    def seen_moved(self) -> Moved:
        """Accuracies along the three sliders."""
        curves = {
            kind: {name: self.sweep.curve(name, line) for name in self.networks}
            for kind, line in self.lines.items()
        }
        return Moved(
            read_only(shifts_of(self.data.length)),
            curves["shift"],
            read_only(STRETCHES.copy()),
            curves["stretch"],
            read_only(CUTS.copy()),
            curves["cut"],
            (self._shown.shift, self._shown.stretch, self._shown.cut),
        )

    def ask(self, cell: Cell) -> Answer | None:
        kind, _, name = cell.array.partition("-")
        line = self.lines.get(kind)
        if line is None or name not in self.networks:
            return super().ask(cell)
        (at,) = cell.index
        score = self.sweep.scores.get((name, line[at])) if 0 <= at < len(line) else None
        if score is None:
            return None
        return answer_about_score(
            f"{self.contest.entrants[name].counted.title} · {self._said(line[at])}",
            "The share of test examples that the network classifies rightly when all of them are changed "
            "like this; it learned from examples as they are.",
            score,
            (len(line),),
        )

    def _said(self, place: Transform) -> str:
        if place.shift:
            positions = f"{abs(place.shift):g} {self.data.positions}{'' if abs(place.shift) == 1 else 's'}"
            return f"moved by {positions} to the {'right' if place.shift > 0 else 'left'}"
        if place.stretch != 1:
            return f"{place.stretch:g} times as long"
        return f"cut to its first {place.cut:.0%}".replace("%", " %") if place.cut != 1 else "as it is"

    # What comes of it -----------------------------------------------------------------------------

    def finding(self) -> str:
        moved, scores = self.seen_moved(), self.sweep.scores.values()
        sliders = Sliders(moved.shifts, moved.stretches, moved.cuts)
        return finding_of_moves(
            [self._moves(name, moved) for name in self.networks],
            sliders,
            min((score.of for score in scores), default=1),
            min((score.step for score in scores), default=0),
            self.chance,
            self.data.positions,
        )

    def _moves(self, name: str, moved: Moved) -> Moves:
        return Moves(
            self.contest.entrants[name].counted.title,
            self.sweep.accuracy(name, AS_IT_IS),
            moved.shift_accuracy[name],
            moved.stretch_accuracy[name],
            moved.cut_accuracy[name],
        )

    def result(self) -> dict[str, Any]:
        found, moved = super().result(), self.seen_moved()
        for name, model in found["models"].items():
            model["accuracy_by_shift"] = [number(value) for value in moved.shift_accuracy[name]]
            model["accuracy_by_stretch"] = [number(value) for value in moved.stretch_accuracy[name]]
            model["accuracy_by_cut"] = [number(value) for value in moved.cut_accuracy[name]]
        return {
            **found,
            "shifts": moved.shifts.tolist(),
            "stretches": moved.stretches.tolist(),
            "cuts": moved.cuts.tolist(),
        }

    def arrays(self) -> Mapping[str, np.ndarray]:
        found, moved = dict(super().arrays()), self.seen_moved()
        for name in self.networks:
            for kind, places, accuracy in (
                ("shift", moved.shifts, moved.shift_accuracy),
                ("stretch", moved.stretches, moved.stretch_accuracy),
                ("cut", moved.cuts, moved.cut_accuracy),
            ):
                found[f"{name}-accuracy-by-{kind}"] = np.stack([places, accuracy[name]], 1)
        return found
