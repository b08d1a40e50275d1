"""A training run on the person's text: networks in lockstep, their copies that are seen, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy

import torch

from engine.budget import Budget
from engine.labs.language_modelling.config import LanguageModellingConfig
from engine.labs.language_modelling.snapshot import Learning, Training
from engine.labs.language_modelling.sources import Source
from engine.models.character_model import CELLS, Cell, CharacterModel, CharacterModelConfig
from engine.models.language_models import load_language_models
from engine.moments import Moments
from engine.training.live import BATCHES, LiveTraining
from engine.training.live_record import LAYERS
from engine.training.own_corpus import corpus_of
from engine.training.presets import PRESETS

KEPT_BYTES = 384_000_000
"""Memory for the weights of earlier steps: hundreds of moments of small networks, sixteen of the largest."""
PRESET_OF = {"small": "names", "medium": "shakespeare"}
"""Whose sizes and learning rates new networks take."""
FINE_TUNING = 0.1
"""Learning rate of networks that go on, as a share of the one they began with: what they know is kept."""
WATCHED = 4
"""Of so many steps, one measures gradients and updates."""
LOOKING, LISTENING, SCORING, READING = 0.01, 0.015, 0.01, 0.01
"""Shares of the time that may go to showing the present weights, to what they say and write, to the score on
the text that is kept back, and to reading the reference text: on one core about every 1.5, 15 and 10 seconds,
while the reading, which is done once, takes four minutes. What they leave of the 7 % that being seen may cost
goes to drawing, which holds the interpreter lock meanwhile."""


class TrainingRun:
    """Begins with a text. Raises `UserError` where that is too short to learn from."""

    def __init__(self, source: Source, config: LanguageModellingConfig) -> None:
        self.source = source
        self.look, self.listen, self.scoring = Budget(LOOKING), Budget(LISTENING), Budget(SCORING)
        self.reading = Budget(READING)
        self.shown, self.follows = 0, True
        self.is_writing = False
        """Whether the networks that are seen write: until they have done so they stay as they are."""
        models, self._live = _begun(source, config)
        self.models = {cell: deepcopy(model).eval() for cell, model in models.items()}
        """Copies of the networks as they were at the step `shown`: what every view looks at."""
        self._moments = Moments(KEPT_BYTES)
        self._samples = dict.fromkeys(models, ("", 0))
        self._keep()
        self.view = self._view()
        """How it goes, as of the last `show`."""

    @property
    def is_over(self) -> bool:
        """Whether there is no network left that can go on."""
        return len(self._live.failed_at) == len(self.models)

    def step(self, pace: float) -> None:
        """One update of each network, at `pace` times its learning rate."""
        self._live.step(pace, watch=self._live.steps % WATCHED == 0)
        if self._moments.wanted(self._live.steps):
            self._keep()

    def _keep(self) -> None:
        self._moments.keep(self._live.steps, self._live.weights())

    # Being seen -----------------------------------------------------------------------------------

    def show(self) -> None:
        """Where it follows, take the networks as they are now; in any case tell how it goes now."""
        if self.follows and self.shown != self._live.steps:
            self._take(self._live.weights())
            self.shown = self._live.steps
        self.view = self._view()

    def go_to(self, step: int | None) -> None:
        """Show the networks as they were at the kept step nearest to `step`, or follow them again."""
        self.follows = step is None
        if step is not None:
            self.shown = self._moments.nearest(step)
            self._take(self._moments.at(self.shown))
        self.show()

    @torch.no_grad()
    def _take(self, weights: Mapping[str, torch.Tensor]) -> None:
        for cell, model in self.models.items():
            for name, weight in model.state_dict().items():
                weight.copy_(weights[f"{cell}.{name}"])

    def score(self) -> Iterator[tuple[int, int]]:
        """Measure the networks on the text that is kept back, a slice at a time."""
        yield from self.scoring.sliced(self._live.score_held_out())
        self.view = self._view()

    def sample(self, write: Callable[[str], Iterator[str]]) -> Iterator[tuple[int, int]]:
        """Let each network write; `write` does it for one cell, telling after each slice what is written.

        Meanwhile the weights stay; where the person went to others, what was begun is no network's, and lost.
        """
        self.is_writing = True
        try:
            for done, cell in enumerate(self.models):
                step, text = self.shown, ""
                for written in write(cell):
                    text = written
                    yield done, len(self.models)
                if step == self.shown:
                    self._samples[cell] = text, step
        finally:
            self.is_writing = False
        self.view = self._view()

    def _view(self) -> Training:
        live = self._live
        return Training(
            text=self.source.name,
            characters=live.trained_on,
            held_out=live.kept_back,
            step=live.steps,
            read=live.characters,
            epochs=live.epochs,
            moments=self._moments.steps,
            shown=self.shown,
            follows=self.follows,
            cells=tuple(self._learning(cell) for cell in self.models),
        )

    def _learning(self, cell: str) -> Learning:
        record, model = self._live.records[cell], self.models[cell]
        steps, low, high, mean = record.loss.arrays()
        scored, _, _, held_out = record.held_out.arrays()
        watched, norms, ratios = record.watched()
        sample, at = self._samples[cell]
        return Learning(
            cell=cell,
            parameters=sum(weight.numel() for weight in model.parameters()),
            hidden=model.config.hidden,
            steps=steps,
            loss=mean,
            loss_low=low,
            loss_high=high,
            held_out_steps=scored,
            held_out=held_out,
            layers=LAYERS,
            watched=watched,
            gradient_norms=norms,
            update_ratios=ratios,
            sample=sample,
            sample_step=at,
            failed_at=record.failed_at,
        )


def _begun(
    source: Source, config: LanguageModellingConfig
) -> tuple[dict[Cell, CharacterModel], LiveTraining]:
    """The networks as they begin, and what trains them."""
    streams, length = BATCHES["shipped" if config.from_default else config.size]
    corpus = corpus_of(source.texts, streams, length)
    torch.manual_seed(config.seed)
    models, rates = _shipped(config.model) if config.from_default else _new(config.size)
    return models, LiveTraining(corpus, models, rates, streams, length, config.seed)


def _new(size: str) -> tuple[dict[Cell, CharacterModel], dict[Cell, float]]:
    """Networks with random weights and about equal numbers of parameters, and their learning rates."""
    preset = PRESETS[PRESET_OF[size]]
    models = {
        cell: CharacterModel(CharacterModelConfig(cell, preset.final.hidden[cell], preset.embedding))
        for cell in CELLS
    }
    return models, dict(preset.final.learning_rate)


def _shipped(kind: str) -> tuple[dict[Cell, CharacterModel], dict[Cell, float]]:
    """The networks that ship for one kind of text, and the learning rates with which they go on."""
    kind = kind if kind in PRESETS else "prose"
    rates = PRESETS[kind].final.learning_rate
    return load_language_models(kind), {cell: FINE_TUNING * rate for cell, rate in rates.items()}
