"""A bounded record of one number per step, which loses detail but never an extreme."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class History:
    """At most `capacity` buckets. When they are full, neighbours are merged, keeping both extremes.

    Every bucket covers the same number of steps (a power of two), the newest perhaps fewer.
    """

    def __init__(self, capacity: int = 1024) -> None:
        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity must be even and at least 2, not {capacity}")
        self._capacity = capacity
        self._width = 1
        self._buckets: list[tuple[int, int, float, float, float]] = []  # first step, count, min, max, sum

    def __len__(self) -> int:
        return len(self._buckets)

    def append(self, step: int, value: float) -> None:
        """Record `value` at `step`; steps come in ascending order."""
        if self._buckets and self._buckets[-1][1] < self._width:
            first, count, low, high, total = self._buckets[-1]
            self._buckets[-1] = (first, count + 1, min(low, value), max(high, value), total + value)
            return
        if len(self._buckets) == self._capacity:
            self._merge()
        self._buckets.append((step, 1, value, value, value))

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """First step, minimum, maximum and mean of each bucket, each of shape (len,), read-only."""
        table = self.table
        columns = (table[:, 0], table[:, 2], table[:, 3], table[:, 4] / table[:, 1])
        for column in columns:
            column.setflags(write=False)
        return columns

    @property
    def table(self) -> np.ndarray:
        """(len, 5) float64: all that it holds, to go on from with `of_table`."""
        import numpy as np

        return np.array(self._buckets, dtype=np.float64).reshape(-1, 5)

    @classmethod
    def of_table(cls, table: np.ndarray, capacity: int) -> History:
        """The record that `table` was taken from, which goes on as that one would have.

        ValueError where it is none of such a record.
        """
        found = cls(capacity)
        if table.ndim != 2 or table.shape[1] != 5 or len(table) > capacity:
            raise ValueError(f"a table of {table.shape} for {capacity} buckets")
        found._buckets = [(int(a), int(b), c, d, e) for a, b, c, d, e in table.tolist()]
        if found._buckets:
            found._width = found._buckets[0][1]  # all have so many, the newest perhaps fewer
        return found

    @property
    def capacity(self) -> int:
        """Buckets at most."""
        return self._capacity

    def _merge(self) -> None:
        pairs = zip(self._buckets[::2], self._buckets[1::2], strict=True)
        self._buckets = [(a[0], a[1] + b[1], min(a[2], b[2]), max(a[3], b[3]), a[4] + b[4]) for a, b in pairs]
        self._width *= 2
