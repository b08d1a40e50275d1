"""Everything that may be seen in the language modelling lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lab import Snapshot
from engine.labs.language_modelling.config import LanguageModellingConfig

if TYPE_CHECKING:
    import numpy as np

    from engine.explain.next_characters import Guess
    from engine.explain.next_words import NextWord


@dataclass(frozen=True)
class CellReading:
    """What one of the three networks makes of the text."""

    cell: str
    """ "rnn", "lstm" or "gru"."""
    parameters: int
    hidden: int
    """Units in its hidden state."""
    surprise: np.ndarray
    """(N,) −ln P of each character given all before it, in nats, read-only."""
    nats_per_character: float | None
    """The mean of `surprise`; None of an empty text."""
    characters: tuple[Guess, ...]
    """What may come next, most probable first."""
    words: tuple[NextWord, ...]
    """The same for whole words; empty until they are found."""
    file_nats: float | None = None
    """Nats per character over the whole of an opened file."""
    untouched_nats: float | None = None
    """The mean surprise of the same network left alone, where something in it is meddled with."""


@dataclass(frozen=True)
class States:
    """A quantity of one network for every unit after every character, and one unit picked out."""

    cell: str
    quantity: str
    values: np.ndarray
    """(H, N) float32, in the order of `units`, read-only."""
    units: np.ndarray
    """(H,) the unit in each row, read-only."""
    limits: tuple[float, float]
    """Ends of the colour scale."""
    unit: int
    """The picked unit."""
    gates: tuple[str, ...]
    """What `of_unit` has a row of."""
    of_unit: np.ndarray
    """(gates, N) float32 everything there is of the picked unit, read-only."""


@dataclass(frozen=True)
class Trajectory:
    """The path of one network's hidden state in the principal components of the reference text."""

    cell: str
    points: np.ndarray
    """(M, 3) after each word or each character, read-only."""
    labels: tuple[str, ...]
    """(M,) the words or characters."""
    share: tuple[float, ...]
    """Each axis' share of the variance over the reference text."""
    low: np.ndarray
    """(3,) ends of the axes, read-only."""
    high: np.ndarray
    pinned: tuple[tuple[str, np.ndarray, tuple[str, ...]], ...] = ()
    """Sentences kept to compare with, their (M, 3) paths and labels."""


@dataclass(frozen=True)
class Track:
    """How closely one unit follows one thing in the reference text."""

    unit: int
    feature: str
    definition: str
    measure: str
    """ "ROC AUC" or "Spearman's rho"."""
    figure: float
    """The measure: 0.5 is nothing for the area under the curve, 0 for rho."""
    strength: float
    """0 to 1, comparable between the two."""


@dataclass(frozen=True)
class Memory:
    """How much each character moved one network's prediction of what comes after them: of the first byte of
    the chosen character, or after the whole text of the most probable byte.
    """

    cell: str
    log_norms: np.ndarray
    """(N,) ln of the gradient of ln P(that byte) with respect to what was read at each character."""
    half_distance: int | None
    """Within how many of the last characters half of the influence lies; None where there are none."""
    predicted: str
    """The byte's printable name."""
    probability: float


@dataclass(frozen=True)
class BrushedPlace:
    """A stretch of the reference text, as long as the brushed phrase, where some of its units stay on."""

    start: int
    stop: int
    before: str
    """A little of what stands before the stretch."""
    match: str
    """The stretch itself."""
    after: str
    on: int
    """How many of the brushed units are on at each of its characters."""
    share: float
    """Of all brushed units and characters of the stretch, the share in which the unit is on, 0 to 1."""


@dataclass(frozen=True)
class Brush:
    """The units of one network that stay on through a phrase, and where else they are on together.

    On means that |h| is above the threshold with the same sign throughout (LSTMVis, Strobelt et al. 2018).
    """

    cell: str
    start: int
    """First character of the phrase in the text that is read."""
    stop: int
    """The character after its last."""
    threshold: float
    hidden: int
    """Units of which these stay on."""
    units: tuple[int, ...]
    """Strongest first."""
    strengths: tuple[float, ...]
    """Each one's mean h over the phrase."""
    steadiest: float
    """The threshold below which one unit at least stays on; 0 where every unit changes sign."""
    places: tuple[BrushedPlace, ...] | None
    """Where most of the units are on first; None until the reference text is read."""


@dataclass(frozen=True)
class Learning:
    """How the training of one network has gone so far. Arrays are read-only."""

    cell: str
    parameters: int
    hidden: int
    steps: np.ndarray
    """(M,) the first step of each bucket of the losses, at most a thousand or so."""
    loss: np.ndarray
    """(M,) mean nats per character of the batches in the bucket."""
    loss_low: np.ndarray
    loss_high: np.ndarray
    held_out_steps: np.ndarray
    """(K,) the steps after which the text that is kept back was scored."""
    held_out: np.ndarray
    """(K,) nats per character of it."""
    layers: tuple[str, ...]
    """What the next two have a row of: "embedding", "input weights", "recurrent weights", "output layer"."""
    watched: np.ndarray
    """(W,) the first step of each bucket of the next two."""
    gradient_norms: np.ndarray
    """(L, W) L2 norm of each layer's gradient, before clipping."""
    update_ratios: np.ndarray
    """(L, W) ‖change of the weights‖ / ‖weights‖ of one step."""
    sample: str
    """What it wrote after the text on the line, at `sample_step`."""
    sample_step: int
    failed_at: int | None = None
    """The step at which its loss was no number any more; it rests since then."""


@dataclass(frozen=True)
class Training:
    """A run in which the three networks learn the same batches of the person's text."""

    text: str
    """The name of the file or folder."""
    characters: int
    """Of it, those that are learned from."""
    held_out: int
    """Characters at the end of each text that are kept back."""
    step: int
    """Updates done of each network."""
    read: int
    """Characters that each network has read, some of them again."""
    epochs: float
    """How often the text was read."""
    moments: tuple[int, ...]
    """Steps whose weights are kept, ascending: where one can go back to."""
    shown: int
    """The step whose weights every other view shows."""
    follows: bool
    """Whether the views follow the training; else they stay at `shown`."""
    cells: tuple[Learning, ...]


@dataclass(frozen=True)
class Meddling:
    """Something the person did to one network, from a character on."""

    cell: str
    kind: str
    """ "off" (a unit's hidden state is 0), "hold" (a gate is held at `value`), "reset" (the state before the
    character is 0, once)."""
    place: int
    """First character of `text` that is read so; negative where it stands before what is read."""
    unit: int | None = None
    """None is all units."""
    gate: str = ""
    """The gate that is held, as `States.gates` names it."""
    value: float = 0.0


@dataclass(frozen=True)
class LanguageModellingSnapshot(Snapshot):
    """Everything that may be seen in this lab. Arrays are read-only."""

    config: LanguageModellingConfig
    typed: str = ""
    """The whole text on the line."""
    text: str = ""
    """What the networks have read of it: the end where it is long."""
    left_out: int = 0
    """Characters at the beginning of `typed` that are not read."""
    unread: int = 0
    """Characters at the end of `typed` that are still to be read."""
    networks: int = 0
    """How often other networks came to be looked at: what was drawn of those before is not theirs."""
    edit: int = 0
    """The number of the person's last change that is in force."""
    turn: int = 0
    """How often the lab itself changed the text: opened a file, wrote on."""
    labels: tuple[str, ...] = ()
    """A printable name of each character of `text`."""
    readings: tuple[CellReading, ...] = ()
    states: States | None = None
    trajectories: tuple[Trajectory, ...] = ()
    """One for each network whose reading of the reference text is done."""
    tracks: tuple[Track, ...] = ()
    """What the picked unit follows, most closely first."""
    trackers: tuple[Track, ...] = ()
    """The units that follow the chosen feature most closely."""
    memory: tuple[Memory, ...] = ()
    """One for each network; empty until it is measured."""
    predicted: int | None = None
    """The character of `text` whose prediction `memory` is about; None is what comes next."""
    brush: Brush | None = None
    """What the brushed phrase tells; None where nothing is brushed."""
    file: str = ""
    """Name of the opened file, of which `text` is the beginning."""
    note: str = ""
    """How the file was read (its encoding), or the like."""
    training: Training | None = None
    """The run on the person's own text; None until one was begun."""
    meddling: tuple[Meddling, ...] = ()
    """What is done to the networks, in the order in which the person did it."""
