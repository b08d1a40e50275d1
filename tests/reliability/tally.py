"""Counts, over the whole run, what was tried, what of it survived, and what was lost."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Row:
    """One kind of misfortune."""

    tried: int = 0
    lost: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    """Figures that were measured on the way, by what they are of."""


class Tally:
    """Rows by the kind of misfortune, in the order in which they were met."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def add(self, kind: str, tried: int = 1, lost: int = 0, **notes: str) -> None:
        """Count so many more tries of a kind; a note replaces an earlier one of its name."""
        row = self.rows.setdefault(kind, Row())
        row.tried += tried
        row.lost += lost
        row.notes |= notes

    def lines(self) -> list[str]:
        """A table: kind, tried, survived, lost, and the figures."""
        wide = max((len(kind) for kind in self.rows), default=0)
        head = f"{'':{wide}}  {'tried':>9}  {'survived':>9}  {'lost':>6}"
        return [head, *(self._line(kind, row, wide) for kind, row in self.rows.items())]

    @staticmethod
    def _line(kind: str, row: Row, wide: int) -> str:
        counts = f"{kind:{wide}}  {row.tried:>9,}  {row.tried - row.lost:>9,}  {row.lost:>6,}"
        notes = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.notes.items())
        return f"{counts}  {notes}".rstrip()
