"""Everything that may be seen in the convnet training lab. Arrays are read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.lab import Snapshot

if TYPE_CHECKING:
    import numpy as np

    from engine.explain.mosaic import Mosaic
    from engine.explain.shown_layer import ShownLayer
    from engine.explain.why import Heat
    from engine.labs.convnet_training.collected import Collected
    from engine.labs.convnet_training.config import ConvnetTrainingConfig
    from engine.labs.convnet_training.left_runs import Keeping
    from engine.labs.convnet_training.stages import Stage
    from engine.models.layer import Layer


@dataclass(frozen=True, eq=False)
class DataView:
    """The pictures that are learned from."""

    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    """(C, H, W) of every picture."""
    train_counts: tuple[int, ...]
    """Pictures of each class that are learned from."""
    test_counts: tuple[int, ...]
    """Pictures of each class that are not."""
    split: str
    """How it came to be so, in a sentence."""
    source: str
    examples: np.ndarray
    """(K, M, S, S, 3) uint8: the first few pictures of each class, black where it has fewer."""
    skipped: tuple[str, ...] = ()
    """A sentence for each picture that could not be read."""


@dataclass(frozen=True)
class NetworkView:
    """The network as it is built."""

    title: str
    design: str
    """As JSON, to be edited."""
    parameters: int
    multiply_adds: int
    problem: str = ""
    """Why the edited network cannot be built; the one before goes on."""
    problem_at: int | None = None
    """The block it is about."""


@dataclass(frozen=True, eq=False)
class BatchView:
    """The pictures of an update, varied as the network got them."""

    update: int
    """The newest that was made, counted from 1; the first before it is made."""
    pictures: np.ndarray
    """(B, S, S, 3) uint8"""
    labels: tuple[int, ...]
    names: tuple[str, ...]
    is_varied: bool
    """Whether they may differ from the pictures of the set."""


@dataclass(frozen=True, eq=False)
class Watched:
    """What was measured beside loss and accuracy while a run went."""

    rate_steps: np.ndarray
    rate: np.ndarray
    """Learning rates."""
    layers: tuple[str, ...]
    """The layers that learn."""
    steps: np.ndarray
    """(W,) updates whose gradients are in the next."""
    gradient_norms: np.ndarray
    """(L, W) L2 norm of each layer's gradient."""
    ratio_steps: np.ndarray
    update_ratios: np.ndarray
    """(L, V) how much an update changed each layer's weights, as a share of them."""
    clock_steps: np.ndarray
    clock: np.ndarray
    """When these updates were made, in seconds since 1970."""


@dataclass(frozen=True, eq=False)
class Curves:
    """How one run went."""

    name: str
    """"Run 2: plain, 0.002"."""
    steps: np.ndarray
    """(M,) first update of each bucket."""
    loss: np.ndarray
    """(M,) nats a picture, of the batches before their updates."""
    loss_low: np.ndarray
    loss_high: np.ndarray
    accuracy_steps: np.ndarray
    accuracy: np.ndarray
    """Share of the batches' pictures classified rightly."""
    test_steps: np.ndarray
    """(S,) updates done."""
    test_loss: np.ndarray
    test_accuracy: np.ndarray
    begun_at: int = 0
    """The update from which it branched off another run."""
    watched: Watched | None = None


@dataclass(frozen=True, eq=False)
class Learning:
    """How the run in front stands."""

    curves: Curves
    step: int
    """Updates done."""
    planned: int
    """Updates of the whole run."""
    per_epoch: int
    pictures_per_second: float
    rate: float
    """The learning rate of the newest update."""
    layers: tuple[str, ...]
    """The layers that learn."""
    watched: np.ndarray
    """(W,) updates whose gradients are in the next."""
    gradient_norms: np.ndarray
    """(L, W) L2 norm of each layer's gradient."""
    ratio_steps: np.ndarray
    update_ratios: np.ndarray
    """(L, V) how much an update changed each layer's weights, as a share of them."""
    epochs: tuple[int, ...]
    """The updates after each kept epoch, to go back to."""
    moments: tuple[int, ...]
    """All updates to go back to."""
    shown: int
    """The update after which the network is seen."""
    follows: bool
    """Whether that is always the newest."""
    preparing: tuple[int, int] | None = None
    """(done, all) pictures through the layers that never change, before the first update."""
    failed_at: int | None = None
    """The update whose loss was no number."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One picture in the network as it was after update `Learning.shown`."""

    picture: np.ndarray
    """(S, S, 3) uint8: what it reads."""
    name: str
    truth: int | None
    """Its class, where it is known."""
    probabilities: np.ndarray
    """(K,)"""
    shown: ShownLayer
    """The feature maps of the layer on show."""
    gradients: ShownLayer | None
    """What the loss of this picture does to each value of them."""
    thumbnails: Mapping[str, Mosaic] = field(default_factory=dict)
    """A few small maps of every layer, as far as they are drawn yet."""
    filters: ShownLayer | None = None
    """The weights of the layer on show, or of the first convolution where that has none."""
    heat: Heat | None = None
    is_drawn: bool = False
    """Whether the person has drawn it."""


@dataclass(frozen=True, eq=False)
class Ridge:
    """How the values of a layer were spread at some moments of the run, oldest first."""

    steps: np.ndarray
    """(R,) updates done."""
    shares: np.ndarray
    """(R, B) float32: the share of the values in each of B equal bins."""
    low: np.ndarray
    """(R,) where the first bin begins."""
    high: np.ndarray
    """(R,) where the last one ends."""


@dataclass(frozen=True, eq=False)
class Health:
    """How the layers do, measured on a fixed sample of the pictures."""

    step: int
    layer: str
    """The layer whose activations are told."""
    weighing: str
    """The layer whose weights, gradients and updates are told: the same, or one before it with weights."""
    ridges: Mapping[str, Ridge]
    """Of its "activations", "weights", "gradients" and "updates", as far as it has them."""
    dead: Mapping[str, float]
    """Share of each ReLU layer's channels that are zero on the whole sample."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """A test picture and what it was taken for."""

    index: int
    name: str
    picture: np.ndarray
    """(S, S, 3) uint8."""
    truth: int
    predicted: int
    probability: float
    """Of the class that it was taken for."""
    loss: float


@dataclass(frozen=True, eq=False)
class Verdict:
    """How the network does on the test pictures."""

    step: int
    of: int
    """Pictures that were asked."""
    accuracy: float
    loss: float
    confusion: np.ndarray
    """(K, K) pictures of class `row` taken for class `column`."""
    worst: tuple[Mistake, ...]
    """With the largest loss, worst first."""
    cell: tuple[int, int] | None = None
    """The chosen cell of the confusion matrix."""
    in_cell: tuple[Mistake, ...] = ()
    """The first pictures in it."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """The values before the last layer, as points in a plane."""

    step: int
    method: str
    """"PCA" or "t-SNE"."""
    points: np.ndarray
    """(N, 2) float32."""
    labels: np.ndarray
    """(N,)"""
    predicted: np.ndarray
    """(N,)"""
    explained: float
    """Share of the variance that the plane shows; NaN for t-SNE."""
    pictures: np.ndarray
    """(N, S, S, 3) uint8, small."""
    names: tuple[str, ...]
    indices: np.ndarray
    """(N,) which test pictures they are."""


@dataclass(frozen=True)
class ConvnetTrainingSnapshot(Snapshot):
    """Everything that may be seen in this lab."""

    config: ConvnetTrainingConfig
    data: DataView | None = None
    network: NetworkView | None = None
    layers: tuple[Layer, ...] = ()
    learning: Learning | None = None
    runs: tuple[Curves, ...] = ()
    """Runs that were kept to compare with, oldest first; the one in front is not among them."""
    seen: Seen | None = None
    health: Health | None = None
    verdict: Verdict | None = None
    embedding: Embedding | None = None
    finding: str = ""
    keeping: Keeping | None = None
    """What there is to say of runs that outlive the program; None where they do not."""
    stage: Stage | None = None
    """Of the update that is gone through in slow motion."""
    handed: tuple[int, str] | None = None
    """How often the network was handed over to another lab, and the path of its newest file."""
    collected: Collected | None = None
    """Pictures that the person has collected."""
    batch: BatchView | None = None
    """The newest batch as the network got it."""
