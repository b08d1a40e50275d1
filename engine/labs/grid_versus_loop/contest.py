"""Networks that learn from the same batches, an update of each in turn, and are tested as they go."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.history import History
from engine.labs.grid_versus_loop.recipe import decay
from engine.labs.grid_versus_loop.schedule import is_tested
from engine.labs.grid_versus_loop.snapshot import Contestant, Counted
from engine.optimisers import Adam

BUCKETS = 512
LAST = 51
"""Updates whose times the median is of."""
TESTED_AT_ONCE = 250
"""Test examples that are read in one slice."""
CLIP = 1.0
"""Longest gradient; a longer one is shortened to it (Pascanu et al. 2013). All networks alike."""


@dataclass(frozen=True)
class Examples:
    """What is learned from and what is tested on, on the device."""

    train_x: Tensor
    """(N, T, C) float32, or (N, T) int64 of tokens."""
    train_y: Tensor
    """(N,) int64."""
    test_x: Tensor
    test_y: Tensor

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], device: torch.device) -> Examples:
        """The four arrays as tensors."""
        train_x, train_y, test_x, test_y = (
            torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays
        )
        return cls(train_x, train_y, test_x, test_y)


def reordered(x: Tensor, order: Tensor | None) -> Tensor:
    """`x` (N, T, ...) with its positions in another order: the new position i has what stood at `order[i]`.

    An `order` of T * C numbers exchanges the values of all positions and channels, as pixels of a picture.
    """
    if order is None:
        return x
    if len(order) == x.shape[1]:
        return x[:, order]
    return x.flatten(1)[:, order].view_as(x)


class Entrant:
    """One network, its optimiser, and what is written down of it."""

    def __init__(
        self, key: str, network: nn.Module, counted: Counted, rate: float, order: Tensor | None = None
    ) -> None:
        self.key, self.network, self.counted, self.rate = key, network, counted, rate
        self.order = order
        """How the positions of all that it reads are exchanged, from the beginning on."""
        self._optimiser = Adam(network.parameters(), rate)
        self._parameters = list(network.parameters())
        self.loss = History(BUCKETS)
        self.tests: list[tuple[int, float]] = []
        self._times = deque[float](maxlen=LAST)
        self.seconds = 0.0
        self.exploded_at: int | None = None
        self._seen: Contestant | None = None

    def learn(self, x: Tensor, y: Tensor, step: int, share: float) -> None:
        """Update number `step`, from 1 on, at `share` of the learning rate."""
        if self.exploded_at is not None:
            return
        self._seen = None
        begun = time.perf_counter()
        self._optimiser.zero_grad()
        self.network.train()
        loss = functional.cross_entropy(self.network(reordered(x, self.order)), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, CLIP, foreach=True)
        value = loss.item()
        if math.isfinite(value) and math.isfinite(norm.item()):
            self._optimiser.step(self.rate * share)
            self.loss.append(step, value)
        else:
            self.exploded_at = step
        self._times.append(time.perf_counter() - begun)
        self.seconds += self._times[-1]

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """(N, K) for examples as they are, which it reads in its own order."""
        self.network.eval()
        return self.network(reordered(x, self.order))

    def right(self, x: Tensor, y: Tensor) -> int:
        """How many of these examples it classifies rightly."""
        return int((self.logits(x).argmax(1) == y).sum())

    def write_test(self, step: int, accuracy: float) -> None:
        """Note the share of test examples that it classifies rightly after update `step`."""
        self.tests.append((step, accuracy))
        self._seen = None

    def seen(self) -> Contestant:
        """Everything that may be seen of it, put together once for each state."""
        if self._seen is None:
            self._seen = self._look()
        return self._seen

    def _look(self) -> Contestant:
        steps, low, high, mean = self.loss.arrays()
        tested = np.array(self.tests, dtype=np.float64).reshape(-1, 2)
        tested.setflags(write=False)
        return Contestant(
            self.key,
            self.counted,
            steps,
            mean,
            low,
            high,
            tested[:, 0],
            tested[:, 1],
            1000 * median(self._times) if self._times else math.nan,
            self.seconds,
            self.order is not None,
            self.exploded_at,
        )


class Contest:
    """All entrants on the same batches. Every choice depends on seed and update only."""

    def __init__(
        self, examples: Examples, entrants: Sequence[Entrant], seed: int, batch: int, total: int
    ) -> None:
        self.examples = examples
        self._whole, self._begun_at = total, 0
        self.entrants = {entrant.key: entrant for entrant in entrants}
        self.steps = 0
        self._seed, self._batch = seed, min(batch, len(examples.train_y))
        self._round: Iterator[None] | None = None
        self._order: Tensor | None = None
        self._tested: set[str] = set()
        """Keys of those whose newest test is of the weights and the order in force."""
        self._epoch: tuple[int, Tensor] | None = None

    @property
    def order(self) -> Tensor | None:
        """How the positions of all that is read are exchanged, beside each entrant's own way."""
        return self._order

    @order.setter
    def order(self, order: Tensor | None) -> None:
        self._order = order
        self._tested.clear()

    # Learning -------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """Updates in all."""
        return self._begun_at + self._whole

    @property
    def begun_at(self) -> int:
        """Updates done when learning began anew, with weights as they were; 0 if it never did."""
        return self._begun_at

    def begin_anew(self) -> None:
        """Learn for as long again, from the weights in force on: what is read has changed."""
        self._begun_at = self.steps

    @property
    def can_step(self) -> bool:
        """Whether an update is left, and a network that takes it."""
        return self.steps < self.total and any(one.exploded_at is None for one in self.entrants.values())

    @property
    def is_unfinished(self) -> bool:
        """Whether some have made an update that others have not."""
        return self._round is not None

    def advance(self) -> None:
        """The next slice of an update of all: one network's update, or a part of its test."""
        if self._round is None:
            self._round = self._update()
        if next(self._round, self._round) is self._round:
            self._round = None

    def _update(self) -> Iterator[None]:
        step = self.steps + 1
        places = self._places(step)
        x = reordered(self.examples.train_x[places], self._order)
        since = step - self._begun_at
        y, share = self.examples.train_y[places], decay(since, self._whole)
        for number, entrant in enumerate(self.entrants.values(), start=1):
            entrant.learn(x, y, step, share)
            if number < len(self.entrants):
                yield
        self.steps = step
        self._tested.clear()
        if is_tested(since, self._whole):
            yield
            for _ in self.test():
                yield

    def _places(self, step: int) -> Tensor:
        """The examples of an update: every epoch has an order of its own, the rest of a batch is left out."""
        count = len(self.examples.train_y)
        epoch, place = divmod(step - 1, count // self._batch)
        if self._epoch is None or self._epoch[0] != epoch:
            generator = torch.Generator().manual_seed(self._seed * 1_000_003 + epoch)
            order = torch.randperm(count, generator=generator).to(self.examples.train_y.device)
            self._epoch = epoch, order
        return self._epoch[1][place * self._batch : (place + 1) * self._batch]

    # Testing --------------------------------------------------------------------------------------

    def test(self) -> Iterator[tuple[int, int]]:
        """Ask every network about all test examples, in slices (done, total) of networks; nothing where that
        is known already. It ends early where they go on to learn meanwhile.
        """
        begun, examples = (self.steps, self.is_unfinished), self.examples
        for number, entrant in enumerate(self.entrants.values()):
            if entrant.key in self._tested:
                continue
            right = 0
            for x, y in zip(
                examples.test_x.split(TESTED_AT_ONCE), examples.test_y.split(TESTED_AT_ONCE), strict=True
            ):
                right += entrant.right(reordered(x, self._order), y)
                yield number, len(self.entrants)
                if (self.steps, self.is_unfinished) != begun:
                    return
            entrant.write_test(self.steps, right / len(examples.test_y))
            self._tested.add(entrant.key)

    def seen(self) -> tuple[Contestant, ...]:
        """Everything that may be seen of all."""
        return tuple(entrant.seen() for entrant in self.entrants.values())
