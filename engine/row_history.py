"""A bounded record of one row of numbers per step: as `History`, for curves and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.read_only import read_only

if TYPE_CHECKING:
    import numpy as np


class RowHistory:
    """At most `capacity` buckets of rows of `width` numbers. When they are full, neighbours are averaged.

    Every bucket covers the same number of rows (a power of two), the newest perhaps fewer. A mean is over
    what is finite: it is −∞ (or +∞, or NaN) only where nothing in its bucket is finite, and then what came
    last. ValueError where the capacity is odd or below 2.
    """

    def __init__(self, capacity: int, width: int) -> None:
        import numpy as np

        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity must be even and at least 2, not {capacity}")
        self._capacity, self.width = capacity, width
        self._per_bucket = 1
        self._first: list[int] = []
        self._rows_in_last = 0
        self._sums = np.zeros((0, width))
        self._counts = np.zeros((0, width), np.int64)
        self._latest = np.zeros((0, width))  # what stands where nothing was finite
        self._arrays: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._first)

    def append(self, step: int, row: np.ndarray | Sequence[float]) -> None:
        """Record `row` (width,) at `step`; steps come in ascending order."""
        import numpy as np

        if not self._first or self._rows_in_last == self._per_bucket:
            self._begin_bucket(step)
        values = np.asarray(row, np.float64)
        finite, last = np.isfinite(values), len(self._first) - 1
        self._sums[last] += np.where(finite, values, 0.0)
        self._counts[last] += finite
        self._latest[last] = values
        self._rows_in_last += 1
        self._arrays = None

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(M,) first step of each bucket, (M, width) float32 means, read-only."""
        import numpy as np

        if self._arrays is None:
            count = len(self._first)
            sums, counts, means = self._sums[:count], self._counts[:count], self._latest[:count].copy()
            np.divide(sums, counts, out=means, where=counts > 0)
            self._arrays = read_only(np.array(self._first, np.int64)), read_only(means.astype(np.float32))
        return self._arrays

    def tables(self) -> dict[str, np.ndarray]:
        """All that it holds, to go on from with `of_tables`: arrays by name."""
        import numpy as np

        count = len(self._first)
        return {
            "first": np.array([*self._first, self._per_bucket, self._rows_in_last], np.int64),
            "sums": self._sums[:count].copy(),
            "counts": self._counts[:count].copy(),
            "latest": self._latest[:count].copy(),
        }

    @classmethod
    def of_tables(cls, tables: Mapping[str, np.ndarray], capacity: int, width: int) -> RowHistory:
        """The record that `tables` was taken from, which goes on as that one would have.

        KeyError or ValueError where they are none of such a record.
        """
        found = cls(capacity, width)
        *first, found._per_bucket, found._rows_in_last = tables["first"].tolist()
        kept = [tables[name] for name in ("sums", "counts", "latest")]
        if len(first) > capacity or any(table.shape != (len(first), width) for table in kept):
            raise ValueError(f"tables of {[table.shape for table in kept]} for {len(first)} buckets")
        found._first = first
        found._sums, found._counts, found._latest = (table.copy() for table in kept)
        return found

    @property
    def capacity(self) -> int:
        """Buckets at most."""
        return self._capacity

    def _begin_bucket(self, step: int) -> None:
        if len(self._first) == self._capacity:
            self._merge()
        self._make_room()
        self._first.append(step)
        self._rows_in_last = 0

    def _merge(self) -> None:
        """Make one bucket of each two."""
        half = len(self._first) // 2
        self._first = self._first[::2]
        self._latest[:half] = self._latest[1::2]
        for kept in (self._sums, self._counts):
            kept[:half] = kept[::2] + kept[1::2]
            kept[half:] = 0
        self._per_bucket *= 2

    def _make_room(self) -> None:
        """Room for one more bucket: the tables grow with the record, up to its capacity."""
        import numpy as np

        count = len(self._first)
        if count < len(self._sums):
            return
        more = min(self._capacity, max(8, 2 * count)) - count
        tables = (self._sums, self._counts, self._latest)
        self._sums, self._counts, self._latest = (
            np.concatenate([table, np.zeros((more, self.width), table.dtype)]) for table in tables
        )
