"""What a benchmark has found: a figure beside the limit asked for, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

from .interleave import Spread


@dataclass(frozen=True)
class Finding:
    """One measured figure."""

    name: str
    figure: Spread
    limit: float
    others: float
    """Cores that other programs took meanwhile."""
    unit: str = "x"
    """"x" for a ratio, else the unit of the figure and its limit."""
    control: Spread | None = None
    """The same measured where nothing could be found, such as a thing against itself."""
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the median keeps the limit."""
        return self.figure.median <= self.limit

    def line(self) -> str:
        """The finding as one line of the report."""
        figure = f"{_short(self.figure)} {self.unit}"
        verdict = f"limit {self.limit:g}  {'met' if self.met else 'missed'}"
        control = f"  control {_short(self.control)}" if self.control else ""
        note = f"  ({self.note})" if self.note else ""
        return f"  {self.name:34s} {figure:28s} {verdict}{control}  others {self.others:.2f} cores{note}"


def _short(spread: Spread) -> str:
    return f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}]"
