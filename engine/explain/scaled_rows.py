"""Vectors whose sizes no floating point number could hold: rows, each with a power of two of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NOTHING = -(2**62)
"""The exponent of a row of zeros: below every other."""
LN2 = float(np.log(2.0))
_FAR = 5000
"""More powers of two than lie between any two floating point numbers."""


@dataclass(frozen=True)
class ScaledRows:
    """T vectors of N numbers: row t is `mantissas[t] · 2^exponents[t]`. Scaling by powers of two is exact."""

    mantissas: np.ndarray
    """(T, N) of moderate size, read-only."""
    exponents: np.ndarray
    """(T,) int64, read-only; `NOTHING` where nothing arrived and the row is zero."""

    def __post_init__(self) -> None:
        self.mantissas.flags.writeable = False
        self.exponents.flags.writeable = False

    @classmethod
    def of(cls, rows: np.ndarray, exponents: np.ndarray | int = 0) -> ScaledRows:
        """`rows` (T, N), each times two to its exponent, with its largest value from 1/2 to 1."""
        largest = np.abs(rows).max(axis=1, initial=0.0)
        size = np.frexp(largest)[1]
        total = np.where(largest == 0, NOTHING, exponents + size.astype(np.int64))
        return cls(np.ldexp(rows, -size[:, None]), total)

    @property
    def log_norms(self) -> np.ndarray:
        """(T,) float64: the natural logarithm of each row's Euclidean norm; −∞ where it is zero."""
        wide = self.mantissas.astype(np.float64)
        with np.errstate(divide="ignore"):
            logs = np.log(np.einsum("ij,ij->i", wide, wide)) / 2
        return np.where(self.exponents == NOTHING, -np.inf, logs + self.exponents * LN2)

    def vectors(self) -> np.ndarray:
        """(T, N) float64: the rows themselves; zero or infinite where float64 cannot hold them."""
        return _shifted(self.mantissas.astype(np.float64), np.minimum(self.exponents, _FAR))

    def plus(self, other: ScaledRows) -> ScaledRows:
        """Their sum, row by row."""
        highest = np.maximum(self.exponents, other.exponents)
        mine, theirs = (_shifted(each.mantissas, each.exponents - highest) for each in (self, other))
        return ScaledRows.of(mine + theirs, highest)

    def part(self, columns: slice) -> ScaledRows:
        """Some of the columns."""
        return ScaledRows(self.mantissas[:, columns], self.exponents)

    def padded(self, count: int) -> ScaledRows:
        """These rows, and rows of zeros after them up to `count`."""
        more = count - len(self.exponents)
        if more == 0:
            return self
        zeros = np.zeros((more, self.mantissas.shape[1]), self.mantissas.dtype)
        exponents = np.concatenate([self.exponents, np.full(more, NOTHING)])
        return ScaledRows(np.concatenate([self.mantissas, zeros]), exponents)

    def reversed(self) -> ScaledRows:
        """The rows in the opposite order."""
        return ScaledRows(self.mantissas[::-1], self.exponents[::-1])


def _shifted(rows: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.ldexp(rows, np.maximum(by, -_FAR).astype(np.int32)[:, None])
