"""Several models learning the same batches in lockstep, watched while they do: training before one's eyes."""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.models.byte_tokens import VOCABULARY
from engine.models.character_model import Cell, CharacterModel, detached
from engine.optimisers import Adam
from engine.training.corpus import Corpus, ShuffledStreams
from engine.training.language_model import BETAS, CLIP, WEIGHT_DECAY
from engine.training.live_held_out import Excerpts
from engine.training.live_record import LAYERS, LearningRecord, layer_of
from engine.training.own_corpus import count_characters

WARM_UP_STEPS = 100
"""Updates over which the learning rate rises."""
FRESH = 2048
"""Bytes that a stream reads from one zero state to the next, the streams taking turns. A vanilla RNN that
is never shown a beginning learns to depend on the state it carries: measured after 450 updates, 2.2 nats a
character with it and 11.6 from zero, where every text that a person types begins."""
BATCHES: Mapping[str, tuple[int, int]] = {"small": (16, 32), "medium": (16, 12), "shipped": (8, 8)}
"""Streams and mean length with which one update of all three models takes one core about 50 ms where they
have 218/128/144 or 474/256/292 units, and about 150 ms with the 1248/640/736 units of those that ship."""


class LiveTraining:
    """Every model learns by truncated back-propagation through time, its state carried from batch to batch.

    Now and then one stream's state begins at zero again (`FRESH`). The numbers are those that AdamW gives
    each model trained alone on the same batches. A model whose loss or gradient is no number any more rests
    from then on, with the last weights whose loss was one.
    """

    def __init__(
        self,
        corpus: Corpus,
        models: Mapping[Cell, CharacterModel],
        learning_rates: Mapping[Cell, float],
        streams: int,
        length: int,
        seed: int,
    ) -> None:
        self._streams = ShuffledStreams(list(corpus.train.values()), streams, length, seed)
        self._stream_count, self._fresh_every = streams, max(1, FRESH // (length * streams))
        self._learners = {
            cell: _Learner(model, learning_rates[cell], streams) for cell, model in models.items()
        }
        self._excerpts = Excerpts(corpus.held_out.values())
        self.steps = 0
        """Updates done of each model."""
        self.characters = 0
        """Characters that each model has read, some of them again."""
        self.trained_on = count_characters(corpus.train.values())
        """Characters of the corpus that are learned from."""
        self.kept_back = count_characters(corpus.held_out.values())
        """Characters of the corpus that are not."""

    @property
    def epochs(self) -> float:
        """How often the whole text was read."""
        return self._streams.epoch

    @property
    def records(self) -> dict[Cell, LearningRecord]:
        """What was written down of each model; the records go on growing."""
        return {cell: learner.record for cell, learner in self._learners.items()}

    @property
    def over(self) -> bool:
        """Whether every model rests, so that there is nothing left to learn."""
        return len(self.failed_at) == len(self._learners)

    @property
    def failed_at(self) -> dict[Cell, int]:
        """The models that rest, and the step at which their loss or gradient was no number."""
        found = {cell: record.failed_at for cell, record in self.records.items()}
        return {cell: step for cell, step in found.items() if step is not None}

    def step(self, pace: float = 1.0, *, watch: bool = False) -> None:
        """One update of each model that does not rest; `pace` multiplies every learning rate.

        With `watch`, what each layer's gradient and update were is measured too.
        """
        for _ in self.updates(pace, watch=watch):
            pass

    def updates(self, pace: float = 1.0, *, watch: bool = False) -> Generator[Cell, None, None]:
        """One step in slices: the cell after its model is updated. To be gone through to the end."""
        batch = self._streams.next()
        scale = pace * min(1.0, (self.steps + 1) / WARM_UP_STEPS)
        turn, left = divmod(self.steps, self._fresh_every)
        fresh = turn % self._stream_count if left == 0 else None
        for cell, learner in self._learners.items():
            if learner.record.failed_at is None:
                if fresh is not None:
                    learner.begin_again(fresh)
                learner.update(batch, self.steps + 1, scale, watch=watch)
                yield cell
        self.steps += 1
        self.characters += count_characters([batch[:, 1:].numpy()])

    def score_held_out(self) -> Generator[tuple[int, int], None, None]:
        """Score the models, as they are at the first slice, on what is kept back: (done, total) after each.

        The figures, nats a character, go into the records at that step, whatever is learned meanwhile. Of a
        long text up to 20 evenly spaced excerpts of 1024 bytes are scored.
        """
        step, excerpts = self.steps, self._excerpts
        learners = [learner for learner in self._learners.values() if learner.record.failed_at is None]
        models = [copy.deepcopy(learner.model) for learner in learners]
        for index, (learner, model) in enumerate(zip(learners, models, strict=True)):
            for done, nats in excerpts.nats(model):
                if done == excerpts.columns and math.isfinite(nats):
                    learner.record.held_out.append(step, nats / excerpts.characters)
                yield index * excerpts.columns + done, len(models) * excerpts.columns

    def weights(self) -> dict[str, torch.Tensor]:
        """The weights of all models as "cell.name": their own, which go on changing (`Moments` copies)."""
        return {
            f"{cell}.{name}": weight
            for cell, learner in self._learners.items()
            for name, weight in learner.model.state_dict().items()
        }

    @torch.no_grad()
    def load(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Put back what `weights` returned; raises KeyError, and changes nothing, where one is missing.

        Only the weights travel: optimisers, carried states, the reading and the records stay as they are.
        """
        pairs = [(own, weights[name]) for name, own in self.weights().items()]
        for own, given in pairs:
            own.copy_(given)
        for learner in self._learners.values():
            learner.keep_weights()


class _Learner:
    """One model, its optimiser, the state it carries, and its weights as they were before the last update."""

    def __init__(self, model: CharacterModel, rate: float, streams: int) -> None:
        self.model = model.train()  # cuDNN has no gradient of a recurrent layer in evaluation mode
        self.record = LearningRecord()
        self._parameters: list[torch.Tensor] = list(model.parameters())
        self._layers = np.array([layer_of(name) for name, _ in model.named_parameters()])
        self._optimiser = Adam(self._parameters, rate, BETAS, weight_decay=WEIGHT_DECAY, decoupled=True)
        self._state = model.initial_state(streams)
        self._before = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def keep_weights(self) -> None:
        """Remember the weights as they are: what is gone back to where the next loss is no number."""
        torch._foreach_copy_(self._before, self._parameters)

    @torch.no_grad()
    def begin_again(self, stream: int) -> None:
        """Set one stream's state to zero, as at the beginning of a text."""
        for part in self._state if isinstance(self._state, tuple) else (self._state,):
            part[:, stream] = 0

    def update(self, batch: torch.Tensor, step: int, scale: float, *, watch: bool) -> None:
        """Learn `batch` (B, T+1) at `scale` times the learning rate, and write down what happened."""
        loss = self._read(batch.to(self.model.head.weight.device))
        nats = loss.item()
        if not math.isfinite(nats):
            self._rest(step)
            return
        self.keep_weights()
        self.record.loss.append(step, nats * _bytes_per_character(batch[:, 1:]))
        self._optimiser.zero_grad()
        loss.backward()
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norms = self._by_layer(gradients) if watch else None
        if not nn.utils.clip_grad_norm_(self._parameters, CLIP).isfinite():
            self._rest(step)
            return
        self._optimiser.step(scale * self._optimiser.lr)
        if norms is not None:
            self._watch(step, norms)

    def _read(self, batch: torch.Tensor) -> torch.Tensor:
        """Mean nats a byte, and the state carried on."""
        logits, state = self.model(batch[:, :-1], self._state)
        self._state = detached(state)
        return F.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))

    @torch.no_grad()
    def _rest(self, step: int) -> None:
        torch._foreach_copy_(self._parameters, self._before)
        self._optimiser.zero_grad()
        self.record.failed_at = step

    @torch.no_grad()
    def _watch(self, step: int, norms: np.ndarray) -> None:
        """Write down the gradient norms (L,) and how much of each layer's weights the update changed."""
        weights = self._by_layer(self._before)
        changes = self._by_layer(torch._foreach_sub(self._parameters, self._before))
        if np.isfinite(weights).all() and np.isfinite(changes).all():
            ratios = changes / np.maximum(weights, np.finfo(np.float32).tiny)
            self.record.watch(step, norms.tolist(), ratios.tolist())

    def _by_layer(self, tensors: list[torch.Tensor] | tuple[torch.Tensor, ...]) -> np.ndarray:
        """The L2 norm of each layer's share of `tensors`, one for each parameter: (L,) float64."""
        norms = torch.stack(torch._foreach_norm(tensors)).double().cpu().numpy()
        return np.sqrt(np.bincount(self._layers, norms**2, len(LAYERS)))


def _bytes_per_character(tokens: torch.Tensor) -> float:
    """By how much nats a byte become nats a character; characters cut at the edges of a batch even out."""
    return tokens.numel() / max(1, count_characters([tokens.numpy()]))
