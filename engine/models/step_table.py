"""A table of what a recurrent layer computed, a row a step, to which steps can be added cheaply."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

SPARE = 64
"""Rows that are kept free at least, so that a few more steps need no copy."""


class StepTable:
    """Named columns side by side, rows in the order in which the layer took its steps.

    Row 0 holds the state before the first step, so that the states before steps a to b, and those after
    them, are both plain slices. Rows once written never change: several traces may share a table, the
    longest of them has `steps` rows, and only from its end can rows be added.
    """

    def __init__(self, widths: Mapping[str, int], dtype: torch.dtype, capacity: int) -> None:
        self.widths, self.steps = dict(widths), 0
        self.columns: dict[str, slice] = {}
        end = 0
        for name, width in widths.items():
            self.columns[name] = slice(end, end + width)
            end += width
        self.tensor = torch.empty(capacity + SPARE + 1, end, dtype=dtype)
        # NumPy cuts a part out in a fifth of torch's time, which shows in a trace of a few steps.
        self.array: np.ndarray = self.tensor.numpy()
        self.array[0] = 0

    def after(self, name: str, start: int, stop: int) -> Tensor:
        """(stop − start, width) what the steps `start` to `stop` computed."""
        return torch.from_numpy(self.array[start + 1 : stop + 1, self.columns[name]])

    def before(self, name: str, start: int, stop: int) -> Tensor:
        """(stop − start, width) the same column one step earlier: the state that the steps began with."""
        return torch.from_numpy(self.array[start:stop, self.columns[name]])

    def span(self, first: str, last: str, start: int, stop: int) -> Tensor:
        """As `after`, for the columns from `first` to `last`, which stand side by side."""
        columns = slice(self.columns[first].start, self.columns[last].stop)
        return torch.from_numpy(self.array[start + 1 : stop + 1, columns])

    def shown(self, name: str, steps: int) -> np.ndarray:
        """(steps, width) a column of the first `steps` steps, read-only, without a copy."""
        view = self.array[1 : steps + 1, self.columns[name]]
        view.flags.writeable = False
        return view

    def grown(self, steps: int, more: int) -> StepTable:
        """A table that begins with the first `steps` rows and has `more` after them, not yet written.

        It is this one where there is room and nobody has gone on from there; else a copy with room to spare.
        """
        table = self
        if steps != self.steps or steps + more + 1 > len(self.array):
            table = StepTable(self.widths, self.tensor.dtype, 2 * (steps + more))
            table.array[: steps + 1] = self.array[: steps + 1]
        table.steps = steps + more
        return table
