"""One picture in the network as it was after the shown update: maps, gradients, filters, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from engine.ask import Answer, Cell
from engine.errors import UserError
from engine.explain.inspection import Inspection, Look
from engine.explain.layer_gradient import layer_gradient
from engine.explain.mosaic import Mosaic, as_maps, mosaic, thumbnail
from engine.explain.questions import answer_cell
from engine.explain.shown_layer import ShownLayer, default_layer, show_layer
from engine.explain.why import Effort, Heat, explain
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import Seen
from engine.models.classifier import Classifier, ready
from engine.models.preprocessing import Preprocessing
from engine.read_only import read_only

MOST_FILTERS = 256
"""Kernels that are drawn at most."""
POINTS, SAMPLES, NOISE = 64, 24, 0.15
"""Points of integrated gradients, noisy copies of SmoothGrad, and how noisy: the other lab’s defaults."""


@dataclass(frozen=True, eq=False)
class Pinned:
    """The picture that is looked at."""

    pixels: Tensor
    """(C, H, W) uint8."""
    name: str
    truth: int | None
    """Its class, where it is known."""
    is_drawn: bool = False
    """Whether the person has drawn it."""


class Looking:
    """Looks at one picture with the copy of the network that `run` keeps; learning never notices."""

    def __init__(self, run: TrainingRun, pinned: Pinned, config: ConvnetTrainingConfig) -> None:
        self.run, self.pinned, self.config = run, pinned, config
        self.aspect = 2.0
        self.heat: Heat | None = None
        self.question: Cell | None = None
        self.answer: Answer | None = None
        self.thumbnails: Mapping[str, Mosaic] = {}
        self._gradients: ShownLayer | None = None
        channels = run.data.shape[0]
        self.inspection = Inspection(
            Classifier(
                name="training",
                title=run.design.name,
                model=ready(run.network),
                preprocessing=Preprocessing(
                    run.data.shape[1], run.data.shape[1], (0.0,) * channels, (1.0,) * channels
                ),
                classes=run.data.classes,
                source="trained here",
            ),
            run.training.device,
        )
        self.look_again()

    def close(self) -> None:
        """Remove the hooks."""
        self.inspection.close()

    # Looking -----------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Show the pinned picture to the network as it is in the copy now."""
        x = self.run.x(self.pinned.pixels[None])
        self.look: Look = self.inspection.look(x, as_rgb(self.pinned.pixels), self.layer_name)
        self.show_layer()

    def open_up(self) -> Look:
        """The same with every layer kept."""
        if not self.look.is_open:
            self.look = self.inspection.open_up(self.look)
        return self.look

    @property
    def layer_name(self) -> str:
        """The layer on show."""
        chosen = self.config.layer
        return chosen if chosen in self.inspection.by_name else default_layer(self.inspection)

    @property
    def target(self) -> int:
        """The class that is asked about: the picture's own, or the most probable."""
        truth = self.pinned.truth
        return int(self.look.probabilities.argmax()) if truth is None else truth

    def show_layer(self) -> None:
        """Draw the maps of the layer on show, and what the loss does to them."""
        look = self.open_up() if self.config.scale == "network" else self.look
        self.shown = self._drawn(look)
        self._gradients = self._draw_gradients()
        self._filters = self._draw_filters()

    def _drawn(self, look: Look) -> ShownLayer:
        return show_layer(
            self.inspection,
            look,
            self.layer_name,
            order=self.config.order,  # ty: ignore[invalid-argument-type] - checked against the same choices
            scale=self.config.scale,  # ty: ignore[invalid-argument-type]
            channel=self.config.channel,
            aspect=self.aspect,
        )

    def _draw_gradients(self) -> ShownLayer | None:
        """dL/dA of the shown layer's maps, in their order; None where the loss does not depend on it."""
        module = self.inspection.module(self.layer_name)
        try:
            gradient = as_maps(layer_gradient(self.inspection.model, module, self.look.x, self.target))
        except UserError:
            return None
        return shown_of(self.layer_name, gradient, self.aspect, self.shown.channel)

    def _draw_filters(self) -> ShownLayer | None:
        """The kernels of the layer on show, or of the first convolution where that has none."""
        layer = _convolution(self.inspection, self.layer_name)
        if layer is None:
            return None
        weight = self.inspection.module(layer).weight
        kernels = weight.detach().flatten(0, 1)[:MOST_FILTERS]
        return shown_of(layer, kernels, self.aspect, 0)

    def draw_layers(self) -> Iterator[tuple[int, int]]:
        """A few small maps of every layer, in slices."""
        look, names = self.open_up(), list(self.inspection.by_name)
        drawn: dict[str, Mosaic] = {}
        for done, name in enumerate(names, start=1):
            drawn[name] = thumbnail(as_maps(look.outputs[name][0]))
            if done % 8 == 0:
                yield done, len(names)
        self.thumbnails = drawn

    def explain(self) -> Iterator[tuple[int, int]]:
        """What speaks for the class, by the chosen method, in slices."""
        effort = Effort(
            patch=max(2, self.run.data.shape[1] // 8),
            integration_steps=POINTS,
            smoothgrad_samples=SAMPLES,
            smoothgrad_noise=NOISE,
            seed=self.config.seed,
        )
        layer = self.inspection.last_convolutional() if self.config.explain == "grad-cam" else ""
        for heat in explain(self.config.explain, self.inspection, self.look, self.target, layer, effort):
            self.heat = heat
            yield heat.done, heat.total

    # Questions ---------------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain a value of the picture, the maps, the classes or the strip."""
        self.question, self.answer = cell, None
        if cell is not None:
            self.answer = answer_cell(self.inspection, self.open_up(), cell, self.shown, self.heat)

    def seen(self) -> Seen:
        """Everything that may be seen of it."""
        return Seen(
            picture=self.look.rgb,
            name=self.pinned.name,
            truth=self.pinned.truth,
            probabilities=read_only(self.look.probabilities.detach().float().cpu().numpy().copy()),
            shown=self.shown,
            gradients=self._gradients,
            thumbnails=self.thumbnails,
            filters=self._filters,
            heat=self.heat,
            is_drawn=self.pinned.is_drawn,
        )


def shown_of(name: str, maps: Tensor, aspect: float, channel: int) -> ShownLayer:
    """Signed values (C, H, W) as maps on one scale that is the same on both sides of zero."""
    high = float(maps.abs().max())
    limits = (-high, high) if high > 0 and np.isfinite(high) else (-1.0, 1.0)
    drawn = mosaic(maps.detach().float(), scale="network", limits=limits, aspect=aspect)
    values = read_only(maps.detach().float().cpu().numpy().copy())
    picked = min(channel, len(values) - 1)
    return ShownLayer(name, drawn, values, picked, values[picked], limits)


def as_rgb(picture: Tensor) -> np.ndarray:
    """(C, H, W) uint8 as (H, W, 3), grey repeated."""
    colours = picture.cpu().expand(3, -1, -1) if picture.shape[0] == 1 else picture.cpu()
    return read_only(colours.permute(1, 2, 0).contiguous().numpy())


def _convolution(inspection: Inspection, name: str) -> str | None:
    convolutions = [
        layer.name
        for layer in inspection.layers
        if isinstance(inspection.module(layer.name), nn.Conv2d) and layer.kernel != (1, 1)
    ]
    return name if name in convolutions else next(iter(convolutions), None)
