"""One network learning to tell pictures apart, an update at a time; it goes on exactly from any update."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.pictures import LabelledPictures
from engine.errors import UserError
from engine.models.designs import DesignedNetwork
from engine.optimisers import SGD, Adam, Optimiser
from engine.training.pictures.batches import Batches
from engine.training.pictures.evaluation import Evaluation, evaluated
from engine.training.pictures.held import Held
from engine.training.pictures.randomness import DROPOUT, drawn_from
from engine.training.pictures.recipe import Recipe
from engine.training.pictures.record import PictureRecord, layers_of

WATCHED = 8
"""Of so many updates, one measures how much it changed the weights."""
READ_BACK = 32
"""Updates on a GPU whose figures wait there until they are read together: each reading makes it wait."""
ADAM_BETA_2, MOMENTUM = 0.999, 0.9
EVERY = 2**31
"""More pictures than there are."""


@dataclass(slots=True)
class Underway:
    """An update that is being made."""

    step: int
    """Updates made before it."""
    inputs: Tensor
    """(B, C, H, W) float, or features of frozen layers."""
    labels: Tensor
    """(B,)"""
    logits: Tensor | None = None
    """(B, K), once they are computed."""
    loss: Tensor | None = None
    """Of the batch, in nats a picture, with the graph that leads to it."""


class PictureTraining:
    """Trains `network` on pictures; `step` does an update. The numbers are those of a plain PyTorch loop.

    Every random choice depends on the recipe's seed and the update only. What passes through frozen layers is
    computed once, by `prepare`, which has to be gone through before the first update.
    """

    def __init__(self, network: DesignedNetwork, pictures: LabelledPictures, recipe: Recipe) -> None:
        self.network = network
        self.recipe = recipe
        self.steps = 0
        """Updates done."""
        self.held = Held(network, pictures)
        """The pictures that are learned from, as the layers that learn receive them."""
        learning = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self._parameters: list[Tensor] = [parameter for _, parameter in learning]
        names = [name for name, _ in learning]
        self.record = PictureRecord(layers_of(names))
        self._layers = np.array([self.record.layers.index(name.rpartition(".")[0]) for name in names])
        self._optimiser = _optimiser(recipe, self._parameters)
        network.train()
        self._frozen = {name for name, module in network.named_modules() if not module.training}
        self._has_dropout = any(isinstance(m, nn.Dropout | nn.Dropout2d) for m in network.modules())
        self._batches: Batches | None = None
        self._waiting: list[tuple[int, Tensor, float]] = []
        self._ratios: list[tuple[int, Tensor]] = []
        self._names, self._changed = names, list[Tensor]()

    # How far it is ---------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._parameters[0].device

    @property
    def steps_per_epoch(self) -> int:
        """Updates in which every picture is learned from once."""
        return self._need_batches().per_epoch

    @property
    def planned(self) -> int:
        """Updates of the whole run."""
        return self.recipe.epochs * self.steps_per_epoch

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or the loss is no number."""
        return self.record.failed_at is not None or self.steps >= self.planned

    def change(self, recipe: Recipe) -> None:
        """Go on by another recipe from the next update: other rates, epochs, or ways to vary pictures.

        ValueError where the optimiser, the batch or the seed is another: that is another run.
        """
        kept = ("optimiser", "batch", "seed")
        if any(getattr(recipe, name) != getattr(self.recipe, name) for name in kept):
            raise ValueError("another optimiser, batch or seed is another run")
        self.recipe = recipe
        self._optimiser.momentum, self._optimiser.weight_decay = recipe.momentum, recipe.weight_decay

    # Learning ----------------------------------------------------------------------------------------

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Pass every picture through the layers that never change, in slices of (done, total)."""
        yield from self.held.prepare()

    def step(self) -> None:
        """One update. Nothing happens where the run is over."""
        for _ in self.parts():
            pass

    def parts(self) -> Iterator[Underway]:
        """The next update, with a stop after its batch, its loss, its gradients, and when it is made.

        Whoever stops for good before the last has made none, but for the statistics of batch norm, which the
        forward pass moves. Nothing comes where the run is over.
        """
        if self.is_over:
            return
        inputs, labels = self._need_batches().batch(self.steps, self.recipe.augmentation)
        now = Underway(self.steps, inputs, labels)
        yield now
        self.network.train()
        with self._own_dropout():
            logits = now.logits = self._logits(inputs)
        loss = now.loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        yield now
        self._optimiser.zero_grad()
        loss.backward()
        yield now
        rate = self.recipe.rate(self.steps, self.planned)
        figures = self._figures(loss, logits, labels)
        if self._keeps(figures, rate):
            self._update(rate)
        if len(self._waiting) >= READ_BACK:
            self.read_back()
        yield now

    def batch_at(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of update `step` (from 0): which pictures it holds (B,), its inputs as it gets them, its labels."""
        batches = self._need_batches()
        return (batches.indices(step), *batches.batch(step, self.recipe.augmentation))

    def loss_again(self, now: Underway) -> float:
        """The loss of a batch with the weights as they are, in training mode; nothing of the run changes."""
        network = copied(self.network).train()
        with torch.no_grad(), self._own_dropout(now.step):
            logits = _forward(network)(now.inputs)
            smoothing = self.recipe.label_smoothing
            return float(F.cross_entropy(logits, now.labels, label_smoothing=smoothing))

    def _logits(self, inputs: Tensor) -> Tensor:
        """(B, K). Raises UserError where a batch of one leaves batch normalisation nothing to compare."""
        try:
            return _forward(self.network)(inputs)
        except ValueError as error:
            if len(inputs) > 1:
                raise
            raise UserError(
                "One picture cannot be a batch here",
                "batch normalisation compares the pictures of a batch with each other",
                "Choose a larger batch, or take the batch normalisation out of the network",
                details=str(error),
            ) from error

    def _own_dropout(self, step: int | None = None) -> AbstractContextManager[None]:
        """The units that update `step`, or the next one, leaves out."""
        if not self._has_dropout:
            return nullcontext()
        return drawn_from(self.recipe.seed, DROPOUT, self.steps if step is None else step, self.device)

    @torch.no_grad()
    def _figures(self, loss: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        """(2 + P,) the loss, the share of right answers, and the norm of each parameter's gradient."""
        right = (logits.argmax(1) == labels).to(torch.float32).mean()
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self._parameters]
        return torch.stack([loss.detach(), right, *torch._foreach_norm(gradients)])

    def _keeps(self, figures: Tensor, rate: float) -> bool:
        """Write an update down, on the CPU at once. False where its loss is no number."""
        self._waiting.append((self.steps + 1, figures, rate))
        if self.device.type == "cpu":
            self.read_back()
        return self.record.failed_at is None

    @torch.no_grad()
    def _update(self, rate: float) -> None:
        watched = self.steps % WATCHED == 0
        before = [parameter.clone() for parameter in self._parameters] if watched else []
        self._optimiser.step(rate)
        self.steps += 1
        if watched:
            changed = torch._foreach_sub(self._parameters, before)
            pairs = [torch.stack(torch._foreach_norm(each)) for each in (list(changed), before)]
            self._ratios.append((self.steps, torch.stack(pairs)))
            self._changed = list(changed)

    @property
    def last_update(self) -> dict[str, Tensor]:
        """By layer, what the newest update that was measured added to its weights, biases left out."""
        pairs = zip(self._names, self._changed, strict=False)
        return {name.rpartition(".")[0]: changed for name, changed in pairs if changed.dim() > 1}

    def read_back(self) -> None:
        """Bring what was measured into the record; on a GPU, one wait for all of it."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            for (step, _, rate), row in zip(waiting, _read([f for _, f, _ in waiting]), strict=True):
                if self.record.failed_at is not None:
                    break
                if not math.isfinite(row[0]):
                    self.record.failed_at = step
                    break
                self.record.write_down(step, row[0], row[1], rate, self._by_layer(row[2:]))
        ratios, self._ratios = self._ratios, []
        for (step, _), (changed, weights) in zip(ratios, _read([r for _, r in ratios]), strict=True):
            if self.record.failed_at is None or step < self.record.failed_at:
                shares = self._by_layer(changed) / np.maximum(
                    self._by_layer(weights), np.finfo(np.float32).tiny
                )
                self.record.write_down_ratios(step, shares)

    def _by_layer(self, norms: np.ndarray) -> np.ndarray:
        """(L,) the L2 norm of each layer's parameters together, from (P,) that of each parameter."""
        return np.sqrt(np.bincount(self._layers, norms.astype(np.float64) ** 2, len(self.record.layers)))

    def _need_batches(self) -> Batches:
        if self._batches is None:
            recipe = self.recipe
            self._batches = Batches(self.held.inputs, self.held.labels, recipe.batch, recipe.seed)
        elif self._batches.inputs is not self.held.inputs:
            self._batches.inputs = self.held.inputs  # the features that `prepare` has computed since
        return self._batches

    # The score ---------------------------------------------------------------------------------------

    def score(self, held: Held, *, most: int = EVERY) -> Generator[tuple[int, int], None, Evaluation]:
        """What the network, as it is now, makes of `held`, in slices; learning may go on meanwhile.

        With `most`, only so many of them, drawn with the recipe's seed.
        """
        network, step = copied(self.network).eval(), self.steps
        yield from held.prepare()
        chosen = held.drawn(most, self.recipe.seed)
        return (yield from evaluated(_forward(network), held, chosen, step))

    def hold(self, pictures: LabelledPictures) -> Held:
        """`pictures` to be scored again and again: what frozen layers make of them is computed once."""
        return Held(self.network, pictures)

    def let_go(self) -> None:
        """Let go of gradients, and give what PyTorch holds in reserve of a GPU's memory back."""
        self._optimiser.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.read_back()

    # Going back --------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly as from here: the tensors are the run's own (copy them)."""
        weights = {
            f"network.{name}": t for name, t in self.network.state_dict().items() if self._changes(name)
        }
        return weights | {f"optimiser.{name}": t for name, t in self._optimiser.tensors().items()}

    @torch.no_grad()
    def go_on_from(self, state: Mapping[str, Tensor], step: int) -> None:
        """Be as after `step` updates, from what `state` returned then. KeyError where it does not fit."""
        own = self.state()
        for name in own:
            if state[name].shape != own[name].shape:
                raise KeyError(name)
        for name, tensor in own.items():
            tensor.copy_(state[name])
        self.steps = step
        self._waiting, self._ratios = [], []
        self.record.failed_at = None

    def _changes(self, name: str) -> bool:
        """Whether learning changes this tensor: what is frozen need not be kept."""
        return name.rpartition(".")[0] not in self._frozen


def copied(network: DesignedNetwork) -> DesignedNetwork:
    """A copy whose weights are its own, but for those that never change."""
    shared = {id(p): p for p in network.parameters() if not p.requires_grad}
    return copy.deepcopy(network, shared)


def _forward(network: DesignedNetwork) -> Callable[[Tensor], Tensor]:
    """From what `Held.inputs` holds, as float, to logits (B, K)."""
    return network.from_features if network.has_frozen else network


def _optimiser(recipe: Recipe, parameters: list[Tensor]) -> Optimiser:
    if recipe.optimiser == "adam":
        betas = recipe.momentum, ADAM_BETA_2
        return Adam(parameters, recipe.learning_rate, betas, weight_decay=recipe.weight_decay, decoupled=True)
    # Made with a momentum, so that its buffers are there whenever a person wants some.
    found = SGD(parameters, recipe.learning_rate, MOMENTUM, recipe.weight_decay, nesterov=True)
    found.momentum = recipe.momentum
    return found


def _read(rows: list[Tensor]) -> np.ndarray:
    """All rows in one transfer from the device."""
    return torch.stack(rows).cpu().numpy() if rows else np.zeros((0, 0), np.float32)
