"""One language model in training: truncated back-propagation through time over carried state."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.checkpoint import load_tensors, save_tensors
from engine.errors import UserError
from engine.models.byte_tokens import START, VOCABULARY
from engine.models.character_evaluation import surprises
from engine.models.character_model import Cell, CharacterModel, CharacterModelConfig, detached
from engine.training.corpus import Corpus, ShuffledStreams
from engine.training.growth import widened
from engine.training.presets import PRESETS

CLIP = 1.0
"""Largest L2 norm of the whole gradient (Pascanu et al. 2013)."""
BETAS = (0.9, 0.99)
WEIGHT_DECAY = 0.01
WARM_UP = 200_000
"""Characters over which the learning rate rises."""
EXCERPTS, EXCERPT, EXCERPT_WARM_UP = 8, 2048, 256
"""Evenly spaced excerpts of each held-out text that are watched: how many, bytes scored, bytes before."""

FRONT_MATTER = 0.05
"""Share of a text before the first excerpt: an eighth of the watched figure would be a table of contents."""


@dataclass(frozen=True)
class Options:
    """What decides every number of a training run, together with the texts."""

    preset: str
    cell: Cell
    hidden: int
    learning_rate: float
    streams: int
    length: int
    seed: int = 0

    @classmethod
    def of_preset(cls, name: str, cell: Cell, *, seed: int = 0, narrow: bool = False) -> Options:
        """The options of the preset's final stage, or of its narrow one. KeyError where it has none."""
        preset = PRESETS[name]
        stage = preset.narrow if narrow else preset.final
        if stage is None:
            raise KeyError(f"the preset {name} has no narrow stage")
        return cls(
            name, cell, stage.hidden[cell], stage.learning_rate[cell], preset.streams, stage.length, seed
        )

    @property
    def model(self) -> CharacterModelConfig:
        """What is trained."""
        return CharacterModelConfig(self.cell, self.hidden, PRESETS[self.preset].embedding)

    @property
    def restarts(self) -> float:
        """The share of the lines met at the beginning of a batch that are read from a state of zeros."""
        return PRESETS[self.preset].restarts


class LanguageModelTraining:
    """A model, its optimiser (AdamW), the carried state, and where in the texts it is.

    One thread, denormals flushed: with vanishing gradients they make a step several times slower.
    """

    def __init__(self, options: Options, corpus: Corpus) -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        torch.manual_seed(options.seed)
        self.options, self._corpus = options, corpus
        self._use(CharacterModel(options.model))
        self._streams = ShuffledStreams(
            list(corpus.train.values()), options.streams, options.length, options.seed
        )
        self.characters = 0
        """Read so far, counted in bytes, of which the texts have one a character but for a few accents."""
        self.begun_at = 0
        """How many `characters` a narrower model had read from which this one was widened."""

    @property
    def epochs(self) -> float:
        """How often all texts were read."""
        return self._streams.epoch

    def step(self, rate: float) -> tuple[float, float]:
        """One update at the learning rate `rate`: (mean nats a byte, gradient norm before clipping)."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = self._streams.next()
        if self.options.restarts:
            self._begin_again(batch)
        logits, state = self.model(batch[:, :-1], detached(self._state))
        self._state = detached(state)
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
        self._optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), CLIP, error_if_nonfinite=True)
        self._optimiser.step()
        self.characters += batch[:, 1:].numel()
        return loss.item(), norm.item()

    def _begin_again(self, batch: torch.Tensor) -> None:
        """Set to zero the state of rows of `batch` (B, T+1) that begin where a line does, of a share of them.

        Chance starts from the seed and the position, so that a resumed training needs nothing more.
        """
        chosen = np.random.default_rng((self.options.seed, self.characters)).random(len(batch))
        begins = (batch[:, 0] == START) & (batch[:, 1] != START)
        fresh = begins & torch.from_numpy(chosen < self.options.restarts)
        for part in self._state if isinstance(self._state, tuple) else (self._state,):
            part[:, fresh] = 0.0

    def watch(self) -> dict[str, float]:
        """Nats a character over the excerpts of each held-out text, by its name."""
        return {name: _watched(self.model, text) for name, text in self._corpus.held_out.items()}

    def save(self, path: Path, notes: dict[str, Any]) -> None:
        """Everything that is needed to go on exactly, and `notes` beside it, atomically."""
        tensors = {f"model.{name}": weight for name, weight in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            moments = self._optimiser.state[parameter]
            tensors |= {f"{key}.{name}": moments[key] for key in ("exp_avg", "exp_avg_sq", "step")}
        carried = self._state if isinstance(self._state, tuple) else (self._state,)
        tensors |= {f"state.{index}": part for index, part in enumerate(carried)}
        facts = {
            "options": asdict(self.options),
            "characters": self.characters,
            "begun_at": self.begun_at,
            "position": self._streams.position(),
        }
        save_tensors(path, tensors, {"training": json.dumps(facts), "notes": json.dumps(notes)})

    def restore(self, path: Path) -> dict[str, Any]:
        """Go on from a file of `save`; returns its notes. Raises UserError where the options differ."""
        tensors, facts, notes = _read(path)
        if facts["options"] != asdict(self.options):
            raise UserError(
                f"{path.name} can't be resumed",
                f"it was trained with {facts['options']} and not with {asdict(self.options)}",
                "Give the same options again, or another output folder",
            )
        self.model.load_state_dict(_below("model.", tensors))
        for name, parameter in self.model.named_parameters():
            keys = ("exp_avg", "exp_avg_sq", "step")
            self._optimiser.state[parameter] = {key: tensors[f"{key}.{name}"] for key in keys}
        carried = tuple(_below("state.", tensors)[str(i)] for i in range(len(_below("state.", tensors))))
        self._state = (carried[0], carried[1]) if len(carried) == 2 else carried[0]
        self._streams.seek(facts["position"])
        self.characters, self.begun_at = facts["characters"], facts["begun_at"]
        return notes

    def grow(self, path: Path) -> None:
        """Go on from the checkpoint of a narrower model: its weights widened, the optimiser and state new.

        Raises UserError where it reads other texts or other streams.
        """
        tensors, facts, _ = _read(path)
        narrow = Options(**facts["options"])
        if replace(narrow, hidden=0, learning_rate=0, length=0) != replace(
            self.options, hidden=0, learning_rate=0, length=0
        ):
            raise UserError(f"{path.name} can't be widened", "it was trained on another reading of the texts")
        model = CharacterModel(narrow.model)
        model.load_state_dict(_below("model.", tensors))
        self._use(widened(model, self.options.hidden))
        self._streams.seek(facts["position"])
        self.characters = self.begun_at = facts["characters"]

    def _use(self, model: CharacterModel) -> None:
        self.model = model
        self._optimiser = torch.optim.AdamW(
            model.parameters(), self.options.learning_rate, BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )
        self._state = model.initial_state(self.options.streams)


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any], dict[str, Any]]:
    """A checkpoint's tensors, its facts, and the notes of whoever saved it."""
    tensors, strings = load_tensors(path)
    return tensors, json.loads(strings["training"]), json.loads(strings["notes"])


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _watched(model: CharacterModel, text: np.ndarray) -> float:
    whole = EXCERPT_WARM_UP + EXCERPT
    last = max(0, len(text) - whole)
    begins = np.linspace(min(FRONT_MATTER * len(text), last), last, EXCERPTS).astype(int)
    pieces = [text[begin : begin + whole] for begin in begins]
    skipped = [min(EXCERPT_WARM_UP, len(text) // 2)] * EXCERPTS
    nats = sum(float(values.sum()) for values in surprises(model, pieces, skipped))
    return nats / sum(_characters(piece[skip:]) for piece, skip in zip(pieces, skipped, strict=True))


def _characters(text: np.ndarray) -> int:
    """All bytes but those that continue a character."""
    return int((text & 0xC0 != 0x80).sum())
