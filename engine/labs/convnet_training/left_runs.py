"""What is told of runs that were left behind when the program ended. Imports neither torch nor NumPy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftRun:
    """A run as its file tells of it."""

    name: str
    """"Run 2: plain"."""
    data: str
    """The title of its pictures."""
    step: int
    """Updates done."""
    per_epoch: int
    planned: int
    """Updates of the whole run."""
    accuracy: float | None
    """Share of test pictures that it took for what they are, when that was measured last."""
    written: float
    """When that was, in seconds since 1970."""

    @property
    def epoch(self) -> int:
        """Epochs begun, the one in which it stopped counted."""
        return -(-self.step // self.per_epoch)

    @property
    def epochs(self) -> int:
        """Epochs of the whole run."""
        return self.planned // self.per_epoch

    @property
    def is_over(self) -> bool:
        """Whether it had come to its end."""
        return self.step >= self.planned


@dataclass(frozen=True)
class Keeping:
    """How it stands with runs that outlive the program."""

    left: LeftRun | None = None
    """The newest run that was left behind, until it is taken up again or forgotten."""
    more: int = 0
    """Others behind it."""
    problem: str = ""
    """Why the run in front is in memory only, or why one that was left behind is of no use; "" mostly."""
