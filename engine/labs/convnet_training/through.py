"""One update in slow motion: made by the trainer itself, seen layer by layer forth and back, then done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.ask import Answer, Cell
from engine.errors import UserError
from engine.explain.inspection import Look
from engine.explain.mosaic import Mosaic, as_maps, thumbnail
from engine.explain.shown_layer import ShownLayer, show_layer
from engine.labs.convnet_training.looking import Looking, as_rgb, shown_of
from engine.labs.convnet_training.passing import Passing
from engine.labs.convnet_training.stage_questions import STAGE_CELLS, StageQuestions
from engine.labs.convnet_training.stages import LayerUpdate, Stage
from engine.read_only import read_only
from engine.training.pictures.trainer import Underway, copied


class Through:
    """The next update of the run that `looking` looks at, a stage at each `advance`.

    It is the trainer's own update, interrupted: the forward pass is computed at the first forward stage, the
    backward pass at the first backward stage, the update at the last, and hooks keep what every layer put out
    and received for the first picture of the batch. Whoever leaves before the last stage leaves the run as it
    was. Raises UserError where the run has no update left.
    """

    def __init__(self, looking: Looking) -> None:
        self.looking, self.run = looking, looking.run
        training = self.run.training
        if not self.run.is_prepared or training.is_over:
            then = "Raise the number of epochs, branch off an earlier moment, or start over"
            raise UserError("There is no update left to go through", "this run has done all its epochs", then)
        self.stage: Stage | None = None
        self.is_over = False
        """Whether the last stage is on show."""
        self.question: Cell | None = None
        self.answer = None
        self._network = copied(training.network).train()  # as it is before the update, to explain it by
        self._number = training.steps + 1
        self._pass = Passing(training.network, tuple(looking.inspection.by_name))
        self._questions: StageQuestions | None = None
        self._stages = self._go()

    def advance(self) -> None:
        """Do the next stage; nothing where the last is on show."""
        self.stage = next(self._stages, self.stage)
        self.is_over = self.stage is not None and self.stage.phase == "update"
        self._answer_again()

    def close(self) -> None:
        """Leave the update where it is: made, or not at all."""
        self._stages.close()
        self._pass.close()

    def ask(self, cell: Cell | None) -> bool:
        """Explain a value of the stage on show, now and at the next ones; False where it is none of those."""
        self.question = cell if cell is not None and cell.array in STAGE_CELLS else None
        self._answer_again()
        return self.question is not None

    def _answer_again(self) -> None:
        self.answer: Answer | None = None
        if self.question is not None and self.stage is not None and self._questions is not None:
            self.answer = self._questions.answer(self.question, self.stage)

    # The stages ----------------------------------------------------------------------------------------

    def _go(self) -> Iterator[Stage]:
        training = self.run.training
        parts = training.parts()
        now = self._timed(lambda: next(parts))
        told = self._told(now)
        yield Stage(phase="batch", **told)
        with self._pass.forward():
            self._timed(lambda: next(parts))
        yield from self._forward(told)
        told |= self._loss(now)
        yield Stage(phase="loss", **told)
        self._timed(lambda: next(parts))
        yield from self._backward(told)
        yield self._update(told, now, lambda: self._timed(lambda: next(parts)))

    def _told(self, now: Underway) -> dict[str, Any]:
        """What is said of every stage."""
        training, data = self.run.training, self.run.data.train
        index = int(training.batch_at(now.step)[0][0])
        picture = data.pictures[index]
        if now.inputs.shape[1:] == picture.shape:
            picture = (now.inputs[0] * 255).round().to(torch.uint8)
        return {
            "update": self._number,
            "picture": as_rgb(picture),
            "name": data.names[index],
            "truth": int(now.labels[0]),
            "size": len(now.labels),
        }

    def _forward(self, told: dict[str, Any]) -> Iterator[Stage]:
        kept = self._pass
        look = Look(kept.first, told["picture"], kept.logits, kept.logits.softmax(0), kept.outputs)
        self._questions = StageQuestions(self._network, self.looking.inspection, kept, self._number)
        thumbnails: dict[str, Mosaic] = {}
        for place, name in enumerate(kept.outputs, start=1):
            thumbnails = thumbnails | {name: thumbnail(as_maps(kept.outputs[name][0]))}
            told["thumbnails"], told["shown"] = thumbnails, self._maps(look, name)
            yield Stage(phase="forward", layer=name, place=place, layers=len(kept.outputs), **told)

    def _maps(self, look: Look, name: str) -> ShownLayer:
        config = self.looking.config
        return show_layer(
            self.looking.inspection,
            look,
            name,
            order=config.order,  # ty: ignore[invalid-argument-type] - checked against the same choices
            scale=config.scale,  # ty: ignore[invalid-argument-type]
            channel=None,
            aspect=self.looking.aspect,
        )

    def _loss(self, now: Underway) -> dict[str, Any]:
        logits = self._pass.logits
        return {
            "probabilities": read_only(logits.softmax(0).float().cpu().numpy().copy()),
            "picture_loss": float(F.cross_entropy(logits[None], now.labels[:1])),
            "loss": float("nan") if now.loss is None else float(now.loss.detach()),
        }

    def _backward(self, told: dict[str, Any]) -> Iterator[Stage]:
        kept = self._pass
        look = Look(kept.first, told["picture"], kept.logits, kept.logits.softmax(0), kept.outputs)
        thumbnails: Mapping[str, Mosaic] = {}
        names = [name for name in reversed(kept.outputs) if name in kept.gradients]
        for place, name in enumerate(names, start=1):
            gradient = as_maps(kept.gradients[name][0])
            shown = self._maps(look, name)
            told["shown"] = shown
            told["gradients"] = shown_of(name, gradient, self.looking.aspect, shown.channel)
            thumbnails = {**thumbnails, name: thumbnail(gradient, signed=True)}
            told["thumbnails"] = thumbnails
            told["gradient_norm"] = _gradient_norm(self.run.training.network.get_submodule(name))
            told["map_gradient_norm"] = float(gradient.float().norm())
            yield Stage(phase="backward", layer=name, place=place, layers=len(names), **told)

    def _update(self, told: dict[str, Any], now: Underway, make: Callable[[], object]) -> Stage:
        before = {name: p.detach().clone() for name, p in self._learning()}
        self._pass.let_statistics_move()
        make()
        self.run.remember()
        if self.run.training.record.failed_at is None:
            told["updates"] = _updates(before, dict(self._learning()))
            told["loss_after"] = self.run.training.loss_again(now)
        told["gradient_norm"] = told["map_gradient_norm"] = None
        return Stage(phase="update", **told)

    def _learning(self) -> list[tuple[str, Tensor]]:
        named = self.run.training.network.named_parameters()
        return [(name, parameter) for name, parameter in named if parameter.requires_grad]

    def _timed(self, call: Callable[[], Underway]) -> Underway:
        """A part of the update, whose time counts as that of learning."""
        begun = time.perf_counter()
        try:
            return call()
        finally:
            self.run.seconds += time.perf_counter() - begun


def _gradient_norm(layer: nn.Module) -> float | None:
    squares = [float(p.grad.float().square().sum()) for p in layer.parameters() if p.grad is not None]
    return math.sqrt(sum(squares)) if squares else None


def _updates(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> tuple[LayerUpdate, ...]:
    """By layer how far its parameters moved together."""
    squares: dict[str, list[float]] = {}
    for name, old in before.items():
        kept = squares.setdefault(name.rpartition(".")[0], [0.0, 0.0])
        kept[0] += float((after[name].detach() - old).float().square().sum())
        kept[1] += float(old.float().square().sum())
    tiny = torch.finfo(torch.float32).tiny
    return tuple(
        LayerUpdate(layer, math.sqrt(moved), math.sqrt(moved) / max(math.sqrt(own), tiny))
        for layer, (moved, own) in squares.items()
    )
