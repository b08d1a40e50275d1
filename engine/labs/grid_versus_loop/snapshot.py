"""Everything that may be seen in the lab of grid and loop. Arrays are read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from engine.lab import Snapshot

if TYPE_CHECKING:
    import numpy as np

Family = Literal["grid", "loop", "both", "neither"]


@dataclass(frozen=True)
class Counted:
    """What one network is, without any measurement of time. Of one sequence of the experiment's length."""

    name: str
    """One of `NETWORKS`."""
    title: str
    family: Family
    parameters: int
    multiply_adds: int
    activations_kept: int
    """Numbers that a training step keeps for the backward pass."""
    sequential_steps: int
    """The longest chain of operations of which each needs the one before: what cannot run in parallel."""
    receptive_field: int | None
    """Positions that the last layer's one value may depend on; None where it has no such thing (all)."""
    layers: tuple[LayerLine, ...] = ()


@dataclass(frozen=True)
class LayerLine:
    """A layer as it is drawn: its name, what it does, and what it puts out."""

    name: str
    kind: str
    """"convolution", "recurrence", "dense", "pooling", "activation", "embedding" or "flattening"."""
    shape: tuple[int, ...]
    """Of what it puts out for one sequence."""
    parameters: int
    multiply_adds: int
    repeats: int = 1
    """How often it runs one after the other: the steps of a loop."""


@dataclass(frozen=True, eq=False)
class Contestant:
    """One network that learns, and how it does."""

    key: str
    """Its name, and where there are two of them, which: "cnn", "cnn-shuffled"."""
    counted: Counted
    steps: np.ndarray
    """(M,) the first update of each bucket."""
    loss: np.ndarray
    """(M,) cross-entropy of the batches in nats, before each update."""
    loss_low: np.ndarray
    loss_high: np.ndarray
    test_steps: np.ndarray
    """(K,) updates done."""
    test_accuracy: np.ndarray
    """(K,) share of all test examples that is classified rightly."""
    milliseconds: float
    """One update, forward, backward and optimiser: the median of the last ones. NaN before the first."""
    seconds: float
    """All its updates so far."""
    is_shuffled: bool = False
    """Whether it learns from exchanged positions."""
    exploded_at: int | None = None
    """The update whose loss was no number; it rests since then."""

    @property
    def accuracy(self) -> float:
        """On all test examples, now; NaN before the first test."""
        return float(self.test_accuracy[-1]) if len(self.test_accuracy) else float("nan")


@dataclass(frozen=True, eq=False)
class Reading:
    """What one layer makes of the example: maps of a convolution or the states of a loop over positions."""

    layer: str
    kind: str
    """"maps" (channels, positions), "pictures" (channels, height, width) or "states" (units, positions)."""
    values: np.ndarray
    """float32."""
    stride: float
    """Positions of the input from one value to the next."""
    offset: float
    """The position of the input under the middle of the first value."""


@dataclass(frozen=True, eq=False)
class Opened:
    """The pinned example, and what every network makes of it."""

    index: int
    """Of the test example, or −1 for what the person typed."""
    name: str
    """"test example 12, a 7"."""
    values: np.ndarray
    """(T, C) float32: what is read; a picture is (rows, columns)."""
    truth: int | None
    """Its class, where that is known."""
    order: np.ndarray | None
    """The permutation of positions in force, or None."""
    probabilities: Mapping[str, np.ndarray]
    """(K,) by key of the contestant."""
    readings: Mapping[str, tuple[Reading, ...]]
    """By key of the contestant."""
    examples: int = 1
    """Test examples among which it was chosen."""
    tokens: tuple[str, ...] = ()
    """(T,) for text: the character at each position."""


@dataclass(frozen=True, eq=False)
class Shuffled:
    """What exchanging positions does."""

    window: int
    """Positions were exchanged within windows of so many."""
    windows: tuple[int, ...]
    """All windows on the slider, from 1 (none) to the length (completely)."""
    at_once: Mapping[str, float]
    """By name: accuracy of the network trained in order, on exchanged positions, without learning anew."""
    sweep: Mapping[str, np.ndarray]
    """By name: (windows,) the same for each window; NaN where not measured yet."""


@dataclass(frozen=True, eq=False)
class Remembered:
    """How far back each network finds the answer."""

    lags: tuple[int, ...]
    chance: float
    solved: float
    """From which accuracy a lag counts as solved."""
    accuracy: Mapping[str, tuple[float, ...]]
    """By name: reached at the lags done so far, in their order."""
    longest: Mapping[str, int | None]
    fields: Mapping[str, int | None]
    """By name: the theoretical receptive field; None where it is everything that was read."""
    influence_lags: np.ndarray
    """(P,) steps back, of the next."""
    influence: Mapping[str, np.ndarray]
    """By name: (P,) mean over sequences of ‖∂ logit of the answer / ∂ x(T − lag)‖, relative to the
    largest; as trained at the longest lag it solved."""
    influence_at: Mapping[str, int]
    """By name: that lag."""


@dataclass(frozen=True, eq=False)
class Moved:
    """How well each network does on patterns that were moved, stretched or cut short."""

    shifts: np.ndarray
    """(S,) positions, to the right where positive."""
    shift_accuracy: Mapping[str, np.ndarray]
    """By name: (S,); NaN where not measured yet."""
    stretches: np.ndarray
    """(Z,) factors."""
    stretch_accuracy: Mapping[str, np.ndarray]
    cuts: np.ndarray
    """(U,) share of the sequence that is read; the rest is silence."""
    cut_accuracy: Mapping[str, np.ndarray]
    shown: tuple[float, float, float] = (0.0, 1.0, 1.0)
    """Shift, stretch and cut of the example that is opened."""


@dataclass(frozen=True, eq=False)
class Costs:
    """What a pass costs on this machine."""

    lengths: np.ndarray
    """(L,)"""
    forward_by_length: Mapping[str, np.ndarray]
    """By name: (L,) milliseconds, median; NaN where not measured yet. Batch and width as said."""
    backward_by_length: Mapping[str, np.ndarray]
    widths: np.ndarray
    """(W,)"""
    forward_by_width: Mapping[str, np.ndarray]
    backward_by_width: Mapping[str, np.ndarray]
    counted_by_length: Mapping[str, tuple[Counted, ...]]
    """By name: one for each length."""
    batch: int
    width: int
    length: int
    """The width of the curves over length, and the length of those over width."""
    threads: int


@dataclass(frozen=True)
class Row:
    """One line of the table at the end."""

    claim: str
    """What a textbook says, in a sentence: "A CNN suits data on a grid." """
    about: str
    """"data", "memory", "architecture", "cost", "best uses" or "limits"."""
    experiment: str
    """The experiment that measures it."""
    measured: str
    """What was measured, with its numbers; "" where the experiment has not run yet."""
    verdict: Literal["agrees", "disagrees", "open"]


@dataclass(frozen=True)
class Kept:
    """What an experiment that ran before found, as it stands beside its name."""

    experiment: str
    finding: str
    step: int
    total: int


@dataclass(frozen=True, eq=False)
class GridVersusLoopSnapshot(Snapshot):
    """Everything that may be seen in this lab."""

    experiment: str = ""
    title: str = ""
    asks: str = ""
    """The experiment's question, in a sentence."""
    finding: str = ""
    """What was measured, in a sentence or two; "" before there is anything to say."""
    timed_finding: str = ""
    """What was measured of this machine's speed, in a sentence; or ""."""
    published: str = ""
    """What is known from the literature, with its source."""
    about: str = ""
    """The data, in a sentence."""
    positions: str = "position"
    """What a position is called: "time step", "row", "pixel", "character"."""
    classes: tuple[str, ...] = ()
    length: int = 0
    step: int = 0
    """Steps done, updates of every network where they learn."""
    total: int = 0
    """Of the whole experiment."""
    chance: float = 0.0
    """Accuracy of guessing."""
    networks: tuple[str, ...] = ()
    """Names in the contest, in order."""
    contestants: tuple[Contestant, ...] = ()
    counted: tuple[Counted, ...] = ()
    """What each network is, also where none learns."""
    opened: Opened | None = None
    shuffled: Shuffled | None = None
    remembered: Remembered | None = None
    moved: Moved | None = None
    costs: Costs | None = None
    table: tuple[Row, ...] = ()
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """By experiment: those that have run."""
