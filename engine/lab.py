"""The bases of every lab: a Lab is one experiment, a Snapshot is everything that may be seen of it.

Importing a lab's module loads neither torch nor NumPy: the window lists the labs and builds their
forms before either is there. What computes is imported where a lab is constructed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from engine.ask import Answer, Cell
from engine.jobs import Jobs
from engine.settings import Config

if TYPE_CHECKING:
    import numpy as np
    import torch

Group = Literal["Grid", "Loop", "Both"]
GROUPS: tuple[Group, ...] = ("Grid", "Loop", "Both")


@dataclass(frozen=True)
class Snapshot:
    """Base of what a lab shows: read-only NumPy arrays and plain values, made on the worker's thread."""

    config: Config
    """The settings in force, which a lab may have completed (a layer chosen, a class found)."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that the lab offers now for its fields with `open_choices`."""
    answer: Answer | None = None
    """The reply to the last question asked with `ask`."""
    question: Cell | None = None
    """The cell that `answer` is about."""


class Cancelled(Exception):
    """Raised inside a long call when the person has pressed cancel."""


Pulse = Callable[[str, int, int], None]
"""`pulse(title, done, total)` tells of progress inside one long call; it raises `Cancelled` on request."""


def silent(title: str, done: int, total: int) -> None:
    """A pulse that nobody watches."""


C = TypeVar("C", bound=Config)
S = TypeVar("S", bound=Snapshot)


class Lab(Generic[C, S]):
    """One experiment. It holds the model and the data and knows no screen and no thread.

    Every public method without a leading underscore is a command that `Worker.post` may call by
    name. A method may raise `UserError`; the state before the call then still holds.
    """

    title: ClassVar[str]
    group: ClassVar[Group]
    question: ClassVar[str]
    """The one question, in a sentence, that stands over the page."""
    opens: ClassVar[tuple[str, ...]] = ()
    """Kinds of things it takes: names of `engine.data.kinds`."""
    config_type: ClassVar[type[Config]]
    latest_wins: ClassVar[frozenset[str]] = frozenset({"configure", "ask"})
    """Commands of which, waiting in a row, only the last is carried out."""
    comes_again: ClassVar[frozenset[str]] = frozenset({"configure"})
    """Commands that come in quick succession while a slider moves; jobs wait until that is over."""

    ends: ClassVar[bool] = False
    """Its steps come to an end by themselves; the command line then does them all, unless told how many."""

    folder: Path | None = None
    """Where it may keep what outlives the program, set before `start`; without one it keeps nothing."""

    begins_playing = False
    """Set by a command after which the person expects to see it go; the worker takes it back and plays."""

    def __init__(
        self, config: C, device: torch.device, pulse: Pulse = silent, *, screen: bool = True
    ) -> None:
        self.config = config
        self.device = device
        self.pulse = pulse
        self.jobs = Jobs(screen=screen)

    def prepare(self) -> None:
        """Load what every input needs. Raises `UserError` where the settings do not fit it."""

    def start(self) -> None:
        """Run the built-in example, so that there is something to see at once."""
        raise NotImplementedError

    def open(self, path: Path) -> None:
        """Take a file or folder as the input."""
        raise NotImplementedError

    @property
    def can_step(self) -> bool:
        """Whether `step` has something to do."""
        return True

    @property
    def trains(self) -> bool:
        """Whether its steps train something; the command line runs one, or as many as are asked for."""
        return False

    @property
    def speed(self) -> float | None:
        """Steps per second at which it plays until the person chooses; None is as fast as it can.

        Another value is another kind of step: what the person chose for the former does not hold for it.
        """
        return None

    @property
    def is_unfinished(self) -> bool:
        """Whether a long step was cut into slices, of which `step` takes the next."""
        return False

    def rest(self) -> None:
        """Playing has stopped: what was put off for the sake of the steps may be done now."""

    def step(self) -> None:
        """One step of the experiment, 50 ms or less."""
        raise NotImplementedError

    def configure(self, config: C) -> None:
        """Change settings, restarting only what depends on the ones that changed."""
        raise NotImplementedError

    def reset(self) -> None:
        """Back to the beginning with the settings in force."""
        raise NotImplementedError

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer in the next snapshot; None stops explaining."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop every job; what they had found so far stays."""
        self.jobs.cancel()

    def snapshot(self) -> S:
        """Everything the person may see now."""
        raise NotImplementedError

    def result(self) -> dict[str, Any]:
        """This input's entry in the command line's `results`, ready for JSON."""
        raise NotImplementedError

    def no_result(self) -> dict[str, Any]:
        """What stands in the place of `result` where an input could not be used."""
        return {}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """The arrays that `--csv` writes, by a name that may stand in a file name."""
        return {}

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """What `--csv` writes besides, weights above all: a file's name, and what writes it to a path."""
        return {}

    def close(self) -> None:
        """Let go of hooks and files."""


def changed(before: Config, after: Config, names: Sequence[str]) -> bool:
    """Whether any of the named fields differs between two configs."""
    return any(getattr(before, name) != getattr(after, name) for name in names)
