"""One picture in front of one network: everything that is computed about it, at once or in jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from engine.ask import Answer, Cell
from engine.data.images import Picture
from engine.data.prepare import normalise, prepare
from engine.data.what_if import IDENTITY, WhatIf, apply
from engine.explain.comparison import Divergence, layer_divergence
from engine.explain.inspection import Inspection, Look
from engine.explain.mosaic import Mosaic, as_maps, thumbnail
from engine.explain.questions import answer_cell, carried_over
from engine.explain.shown_layer import ShownLayer, default_layer, show_layer
from engine.explain.sweep import Sweep, sweep
from engine.explain.why import TITLES, Effort, Heat, explain
from engine.jobs import Job, Jobs
from engine.labs.image_classification.config import (
    EFFORT,
    LAST_LAYER,
    SHOWN_LAYER,
    WHAT_IF,
    ImageClassificationConfig,
)
from engine.labs.image_classification.snapshot import Score

TOP = 5


class Scene:
    """A picture, what the network makes of it, and what follows.

    A new picture or a moved slider costs one forward pass that keeps the shown layer only. The rest
    follows in jobs: every layer for the strip, the explanation, the chart against a slider. There the look
    of before is let go, too: giving its memory back takes a sixth of a forward pass.
    """

    def __init__(
        self,
        inspection: Inspection,
        picture: Picture,
        config: ImageClassificationConfig,
        jobs: Jobs,
        *,
        aspect: float,
        pinned: Look | None,
        former: Scene | None = None,
    ) -> None:
        self.inspection, self.picture, self.config, self._jobs = inspection, picture, config, jobs
        self.aspect, self.pinned = aspect, pinned
        self._prepared = prepare(picture.rgb, inspection.classifier.preprocessing)
        self.heat: Heat | None = None
        self.sweep: Sweep | None = None
        self.thumbnails: Mapping[str, Mosaic] = {}
        self.divergences: tuple[Divergence, ...] = ()
        self.question: Cell | None = None
        self._asked_of: tuple[int, ...] = ()
        """The shape of the heat map that a question is about: the next method's has another."""
        if former is not None and former.inspection is inspection:
            self.question, self._asked_of = former.question, former._asked_of
        self.answer: Answer | None = None
        self._former: Look | None = former.look if former else None
        # What may fail comes first: the jobs of the scene before go on until this one stands.
        self.look = self._run(self._what_if)
        self._untouched = self.look if self._is_untouched else self._run(IDENTITY)
        self.show_layer()
        self._follow()
        self.start_sweep()

    # The picture as the sliders make it -----------------------------------------------------------

    @property
    def _what_if(self) -> WhatIf:
        return WhatIf(**{name: getattr(self.config, name) for name in WHAT_IF})

    @property
    def _is_untouched(self) -> bool:
        return replace(self._what_if, seed=IDENTITY.seed) == IDENTITY

    def _run(self, what_if: WhatIf) -> Look:
        changed = apply(self._prepared, what_if)
        rgb = (changed * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        rgb.setflags(write=False)
        return self.inspection.look(normalise(changed, self._prepared.preprocessing), rgb, self.layer_name)

    def look_again(self) -> None:
        """Classify the picture as the sliders make it, then queue what follows from it."""
        self._former, self.look = self.look, self._run(self._what_if)
        self.show_layer()
        self._follow()

    def _follow(self) -> None:
        """Queue what follows from another look."""
        self.answer = None
        self.start_layers()
        self.start_explanation()

    def open_up(self) -> Look:
        """The current forward pass with every layer kept."""
        if not self.look.is_open:
            self.look = self.inspection.open_up(self.look)
        return self.look

    @property
    def top(self) -> tuple[Score, ...]:
        """The most probable classes, most probable first."""
        labels = self.inspection.classifier.classes
        best = self.look.probabilities.topk(min(TOP, len(labels)))
        return tuple(
            Score(index, labels[index], value, float(self._untouched.probabilities[index]))
            for value, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        )

    @property
    def target(self) -> int:
        """The class to explain: the chosen one, else the most probable."""
        return int(self.look.probabilities.argmax()) if self.config.target is None else self.config.target

    # The shown layer ------------------------------------------------------------------------------

    @property
    def layer_name(self) -> str:
        """The layer on show."""
        return self.config.layer or default_layer(self.inspection)

    def show_layer(self) -> None:
        """Draw the shown layer's maps as the settings want them."""
        config = self.config
        self.shown: ShownLayer = show_layer(
            self.inspection,
            self.open_up() if config.scale == "network" else self.look,
            self.layer_name,
            order=config.order,  # ty: ignore[invalid-argument-type] - checked against the same choices
            scale=config.scale,  # ty: ignore[invalid-argument-type]
            channel=config.channel,
            aspect=self.aspect,
        )

    # Questions ------------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain a value; it is explained anew when the picture changes."""
        self.question, self.answer = cell, None
        if cell is not None:
            self.answer = answer_cell(self.inspection, self.open_up(), cell, self.shown, self.heat)
        if self.answer is not None and self.heat is not None:
            self._asked_of = self.heat.values.shape

    def forget_question(self, *arrays: str) -> None:
        """Let go of a question about one of these arrays, which now shows something else."""
        if self.question is not None and self.question.array in arrays:
            self.ask(None)

    def _ask_again(self, array: str, shape: tuple[int, ...]) -> None:
        """Of a question about a heat map: ask about what is drawn there now, an array of this shape."""
        if self.question is not None and self.question.array == "heat":
            self.ask(replace(carried_over(self.question, self._asked_of or shape, shape), array=array))

    # Jobs -----------------------------------------------------------------------------------------

    def start_layers(self) -> None:
        """Draw the strip of all layers, and compare them with the pinned picture's."""
        self._jobs.start(Job("layers", "Opening the layers", self._draw_layers(), rank=0, for_screen=True))

    def _draw_layers(self) -> Iterator[tuple[int, int]]:
        self._former = None
        look, names = self.open_up(), list(self.inspection.by_name)
        self.ask(self.question)
        drawn: dict[str, Mosaic] = {}
        yield 1, len(names) + 1
        for done, name in enumerate(names, start=2):
            drawn[name] = thumbnail(as_maps(look.outputs[name][0]))
            if done % 8 == 0:
                yield done, len(names) + 1
        self.thumbnails = drawn
        self.divergences = layer_divergence(look.outputs, self.pinned.outputs) if self.pinned else ()

    def start_explanation(self) -> None:
        """Compute the heat map of the chosen method, if one is chosen."""
        self.heat = None
        self._jobs.drop("explanation")
        if self.config.explain != "none":
            self._jobs.start(Job("explanation", TITLES[self.config.explain], self._explain(), rank=1))
        else:
            self._ask_again("picture", self.look.rgb.shape[:2])

    def _explain(self) -> Iterator[tuple[int, int]]:
        config = self.config
        effort = Effort(**{name: getattr(config, name) for name in EFFORT})
        side = self.inspection.classifier.preprocessing.crop
        if effort.patch >= side:  # it would cover all of a small picture at once
            effort = replace(effort, patch=max(2, side // 4))
        for heat in explain(
            config.explain, self.inspection, self.look, self.target, self._explained_layer(), effort
        ):
            self.heat = heat
            self._ask_again("heat", heat.values.shape)
            yield heat.done, heat.total

    def _explained_layer(self) -> str:
        chosen = self.config.explain_layer
        if chosen == SHOWN_LAYER:
            return self.layer_name
        return self.inspection.last_convolutional() if chosen == LAST_LAYER else chosen

    def start_sweep(self) -> None:
        """Chart the classes against the chosen slider."""
        self.sweep = None
        title = f"Chart against {self.config.settings()[self.config.sweep].label.lower()}"
        self._jobs.start(Job("sweep", title, self._chart(), rank=2, for_screen=True))

    def _chart(self) -> Iterator[tuple[int, int]]:
        for found in sweep(self.inspection, self._prepared, self._what_if, self.config.sweep):
            self.sweep = found
            yield found.done, len(found.values)
