"""Earlier states of a run, evenly spaced over all of it and within a budget of memory, to go back to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from types import MappingProxyType

import torch


class Moments:
    """Copies of named tensors at some steps: every step at first, then every second, every fourth ...

    When the copies outgrow `budget_bytes` the spacing doubles and what falls between is let go of, so that
    about half the budget at least stays in use. The first and the newest are never dropped, even where
    they alone are larger than the budget; the newest, where it does not fit the spacing, goes when the next
    comes. ValueError where the budget is not positive.
    """

    def __init__(self, budget_bytes: int) -> None:
        if budget_bytes < 1:
            raise ValueError(f"budget_bytes must be at least 1, not {budget_bytes}")
        self._budget = budget_bytes
        self._spacing = 1
        self._kept: dict[int, Mapping[str, torch.Tensor]] = {}  # in ascending order of steps
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that are kept, ascending."""
        return tuple(self._kept)

    @property
    def bytes(self) -> int:
        """Memory that the copies take."""
        return sum(self._sizes.values())

    def wanted(self, step: int) -> bool:
        """Whether `step`, later than all that are kept, is due: ask before gathering what to keep."""
        return not self._kept or (step > self._newest and self._on_grid(step))

    def keep(self, step: int, tensors: Mapping[str, torch.Tensor]) -> None:
        """Copy `tensors` to the CPU's memory as those of `step`, due or not; the newest may be kept anew.

        ValueError where `step` is before the newest: `forget_after` it first.
        """
        if self._kept and step < self._newest:
            raise ValueError(f"step {step} is before {self._newest}, the newest that is kept")
        if self._kept and step > self._newest and not self._on_grid(self._newest):
            self._drop(self._newest)
        copies = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
        self._kept[step] = MappingProxyType(copies)
        self._sizes[step] = sum(t.nbytes for t in copies.values())
        self._thin_out()

    def at(self, step: int) -> Mapping[str, torch.Tensor]:
        """The tensors of a kept step, to be read and not written into. KeyError for any other step."""
        return self._kept[step]

    def nearest(self, step: int) -> int:
        """The kept step closest to `step`, the earlier of two. KeyError where nothing is kept."""
        if not self._kept:
            raise KeyError(step)
        return min(self._kept, key=lambda kept: (abs(kept - step), kept))

    def forget_after(self, step: int) -> None:
        """Let go of everything later than `step`: the run goes on from there another way."""
        for later in self.steps[bisect_right(self.steps, step) :]:
            self._drop(later)
        if len(self._kept) < 2:
            self._spacing = 1

    @property
    def _newest(self) -> int:
        return next(reversed(self._kept))

    def _on_grid(self, step: int) -> bool:
        return (step - next(iter(self._kept))) % self._spacing == 0

    def _drop(self, step: int) -> None:
        del self._kept[step], self._sizes[step]

    def _thin_out(self) -> None:
        while len(self._kept) > 2 and self.bytes > self._budget:
            self._spacing *= 2
            for step in self.steps[:-1]:
                if not self._on_grid(step):
                    self._drop(step)
