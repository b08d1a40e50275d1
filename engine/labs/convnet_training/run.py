"""One training run: the network that learns, the copy of it that is seen, its past and its score."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

from engine.budget import Budget
from engine.data.pictures import PictureData
from engine.labs.convnet_training.snapshot import Curves, Learning, Watched
from engine.models.designs import Design, DesignedNetwork, build
from engine.moments import Moments
from engine.read_only import read_only
from engine.training.pictures.batches import as_input
from engine.training.pictures.evaluation import Evaluation
from engine.training.pictures.recipe import Recipe
from engine.training.pictures.trainer import PictureTraining, copied

EPOCH_BYTES, RING_BYTES = 256_000_000, 128_000_000
"""Memory for the states after epochs, and for those within the last one."""
LOOKING, SCORING, EXAMINING = 0.012, 0.008, 0.01
"""Shares of the time that may go to looking at the present weights, to scoring them on test pictures, and to
what changes slowly: histograms of all layers, and the plane of the values before the last."""
REMEMBERING = 0.01
"""Share of it that may go to keeping updates within an epoch to go back to."""
SCORED = 1000
"""Test pictures on which a network is scored while it learns; all of them are asked when it rests."""
PICTURES_FOR_SCALE = 10_000
"""Pictures from which the mean and spread of each channel are taken."""


class TrainingRun:
    """Begins with random weights, with those of `network`, or as a branch of another run."""

    def __init__(
        self,
        name: str,
        data: PictureData,
        design: Design,
        recipe: Recipe,
        device: torch.device,
        network: DesignedNetwork | None = None,
    ) -> None:
        if network is None:
            mean, std = scale_of(data)
            network = build(design, data.shape, len(data.classes), mean=mean, std=std, seed=recipe.seed)
        self.name, self.data, self.design = name, data, design
        self.training = PictureTraining(network.to(device), data.train, recipe)
        self.test = self.training.hold(data.test)
        self.begun_at, self.opening, self.seconds = 0, 0, 0.0
        """The update that it branched off at, those that the lab did by itself, and how long all took."""
        self.look, self.scoring, self.examining = Budget(LOOKING), Budget(SCORING), Budget(EXAMINING)
        self.remembering = Budget(REMEMBERING)
        self.network: DesignedNetwork = copied(self.training.network).eval()
        """A copy as it was after update `shown`: what every view looks at."""
        self.shown, self.follows = 0, True
        self._past: Mapping[str, Tensor] = {}
        """The state after update `shown`, where that is looked back at."""
        self.verdict: Evaluation | None = None
        """The newest score on test pictures."""
        self._preparing = self.training.prepare() if self.training.network.has_frozen else None
        self.preparing: tuple[int, int] | None = None
        self._epochs, self._ring = Moments(EPOCH_BYTES), Moments(RING_BYTES)
        self._keep()

    # Learning -----------------------------------------------------------------------------------------

    @property
    def step_count(self) -> int:
        """Updates done."""
        return self.training.steps

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do of it."""
        return self._preparing is None and self.training.is_over

    @property
    def is_prepared(self) -> bool:
        """Whether updates have begun, or may begin."""
        return self._preparing is None

    def step(self) -> None:
        """One update; before the first, a slice of what frozen layers make of the pictures."""
        if self._preparing is not None:
            self.preparing = next(self._preparing, None)
            if self.preparing is None:
                self._preparing = None
            return
        begun = time.perf_counter()
        self.training.step()
        self.seconds += time.perf_counter() - begun
        self.remember()

    def go_back_whole(self) -> None:
        """After an update, or what comes before the first, has failed halfway: stand where all is whole.

        That is at the newest state that is kept. What was written down stays; the updates since are made
        again, exactly, when the run goes on.
        """
        if self._preparing is not None:
            self._preparing = self.training.prepare()
        newest = self.moments[-1]
        self.training.let_go()
        self.training.go_on_from(self._kept_at(newest), newest)

    def remember(self) -> None:
        """Keep every epoch's end, and some of the updates since: to be called after each update."""
        if self.training.record.failed_at is not None:
            return
        step = self.training.steps
        if step % self.training.steps_per_epoch == 0:
            self._epochs.keep(step, self.training.state())
            self._ring = Moments(RING_BYTES)
        if self._ring.wanted(step) and self.remembering.due:
            with self.remembering.spent():
                self._ring.keep(step, self.training.state())

    def _keep_present(self) -> None:
        """Also the newest update is one to go back to."""
        step = self.training.steps
        if step not in self.moments and self.training.record.failed_at is None:
            self._ring.keep(step, self.training.state())

    def change(self, recipe: Recipe) -> None:
        """Go on by another recipe."""
        self.training.change(recipe)

    def _keep(self) -> None:
        for moments in (self._epochs, self._ring):
            moments.keep(self.training.steps, self.training.state())

    def branch(self, name: str, recipe: Recipe) -> TrainingRun:
        """Another run that begins as this one was after the update that is shown."""
        other = TrainingRun(name, self.data, self.design, recipe, self.training.device)
        other.begun_at = self.shown
        other.begin_from(self.state_at(self.shown), self.shown)
        return other

    def begin_from(self, state: Mapping[str, Tensor], step: int) -> None:
        """Be as a run was after `step` updates; there is nothing before that to go back to.

        KeyError where `state` is of another network.
        """
        self.training.go_on_from(state, step)
        self.shown = step
        self._epochs, self._ring = Moments(EPOCH_BYTES), Moments(RING_BYTES)
        self._keep()
        self.show()

    # Being seen -----------------------------------------------------------------------------------

    @property
    def moments(self) -> tuple[int, ...]:
        """All updates to go back to, ascending."""
        return tuple(sorted({*self._epochs.steps, *self._ring.steps}))

    def state_at(self, step: int) -> Mapping[str, Tensor]:
        """What `PictureTraining.state` was after a kept update, or is now. KeyError for any other."""
        if step == self.training.steps:
            return self.training.state()
        if step == self.shown and not self.follows:
            return self._past
        return self._kept_at(step)

    def _kept_at(self, step: int) -> Mapping[str, Tensor]:
        with suppress(KeyError):
            return self._ring.at(step)
        return self._epochs.at(step)

    def state_to_keep(self) -> Mapping[str, Tensor]:
        """What `PictureTraining.state` is now, on the CPU, which no further update changes."""
        with suppress(KeyError):
            return self._kept_at(self.training.steps)
        return {name: tensor.detach().to("cpu", copy=True) for name, tensor in self.training.state().items()}

    @torch.no_grad()
    def show(self) -> None:
        """Let the copy be as the network was after update `shown`; where it follows, as it is now."""
        if self.follows:
            self.shown = self.training.steps
        state = self.state_at(self.shown)
        for name, tensor in self.network.state_dict().items():
            if f"network.{name}" in state:
                tensor.copy_(state[f"network.{name}"])

    def go_to(self, step: int | None) -> None:
        """Look at the network as it was at the kept update nearest to `step`, or follow it again."""
        self.follows = step is None
        if step is not None:
            self._keep_present()
            self.shown = min(self.moments, key=lambda kept: (abs(kept - step), kept))
            self._past = self._kept_at(self.shown)  # learning may go on and let go of it
        self.show()

    def score(self, *, most: int) -> Iterator[tuple[int, int]]:
        """Ask the network, as it is now, about test pictures, in slices."""
        self.verdict = yield from self.training.score(self.test, most=most)
        step, record = self.verdict.step, self.training.record
        if self.verdict.labels.size and not (record.test_scores and record.test_scores[-1][0] >= step):
            record.test_scores.append((step, self.verdict.loss, self.verdict.accuracy))

    def x(self, pictures: Tensor) -> Tensor:
        """Pictures (B, C, H, W) uint8 as the network reads them."""
        return as_input(pictures.to(self.training.device))

    def curves(self) -> Curves:
        """How it went so far."""
        record = self.training.record
        steps, low, high, mean = record.loss.arrays()
        accuracy_steps, _, _, accuracy = record.accuracy.arrays()
        scores = np.array(record.test_scores, np.float64).reshape(-1, 3)
        return Curves(
            name=self.name,
            steps=steps,
            loss=mean,
            loss_low=low,
            loss_high=high,
            accuracy_steps=accuracy_steps,
            accuracy=accuracy,
            test_steps=read_only(scores[:, 0].copy()),
            test_loss=read_only(scores[:, 1].copy()),
            test_accuracy=read_only(scores[:, 2].copy()),
            begun_at=self.begun_at,
            watched=self._watched(),
        )

    def _watched(self) -> Watched:
        record = self.training.record
        rate_steps, _, _, rates = record.rate.arrays()
        steps, norms = record.norms.arrays()
        ratio_steps, ratios = record.ratios.arrays()
        clock_steps, clock, _, _ = record.clock.arrays()
        return Watched(
            rate_steps=rate_steps,
            rate=rates,
            layers=record.layers,
            steps=steps,
            gradient_norms=norms.T,
            ratio_steps=ratio_steps,
            update_ratios=ratios.T,
            clock_steps=clock_steps,
            clock=clock,
        )

    def view(self) -> Learning:
        """How it stands."""
        training, record = self.training, self.training.record
        training.read_back()
        curves = self.curves()
        watched = curves.watched or self._watched()
        done = training.steps - self.begun_at
        return Learning(
            curves=curves,
            step=training.steps,
            planned=training.planned,
            per_epoch=training.steps_per_epoch,
            pictures_per_second=self.pictures / self.seconds if done and self.seconds else 0.0,
            rate=float(watched.rate[-1]) if len(watched.rate) else 0.0,
            layers=watched.layers,
            watched=watched.steps,
            gradient_norms=watched.gradient_norms,
            ratio_steps=watched.ratio_steps,
            update_ratios=watched.update_ratios,
            epochs=self._epochs.steps,
            moments=self.moments,
            shown=self.shown,
            follows=self.follows,
            preparing=self.preparing,
            failed_at=record.failed_at,
        )

    @property
    def pictures(self) -> float:
        """Pictures that were learned from, some of them again."""
        done = self.training.steps - self.begun_at
        return done / self.training.steps_per_epoch * len(self.data.train.labels)


def scale_of(data: PictureData) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of the pictures that are learned from, from 0 to 1."""
    pictures = data.train.pictures
    step = max(1, len(pictures) // PICTURES_FOR_SCALE)
    sample = as_input(pictures[::step]).double()
    mean, std = sample.mean((0, 2, 3)), sample.std((0, 2, 3)).clamp_min(1 / 255)
    return tuple(mean.tolist()), tuple(std.tolist())
