"""One classifier opened up: what it says of a picture, and every layer's maps, measured on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

import numpy as np
import torch
from torch import Tensor, nn

from engine.ask import Answer
from engine.errors import UserError
from engine.explain.arithmetic import answer, explain_input, explain_softmax
from engine.explain.mosaic import as_maps
from engine.models.anatomy import measure
from engine.models.classifier import Classifier
from engine.models.layer import Layer
from engine.probe import Probe

LOW, HIGH = 0.01, 0.99
"""Quantiles between which a colour scale runs, so that one spike does not darken the rest."""


@dataclass(frozen=True)
class Look:
    """One forward pass on one picture: `x` is (1, C, S, S), `logits` and `probabilities` (classes,)."""

    x: Tensor
    rgb: np.ndarray
    """What the network saw, (S, S, 3) uint8."""
    logits: Tensor
    probabilities: Tensor
    outputs: dict[str, Tensor] = field(default_factory=dict)
    """Batch of one, by layer name: the watched layer at once, every layer after `open_up`."""
    inputs: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether every layer was kept, not only the watched one."""
        return bool(self.inputs)


class Inspection:
    """A classifier, its layers as measured, and the hooks that look into them.

    `look` runs the network and keeps the watched layer only, which costs next to nothing; `open_up`
    runs it again and keeps all layers, for questions and for the strip. Raises `UserError` for a network
    that has none.
    """

    def __init__(self, classifier: Classifier, device: torch.device) -> None:
        self.classifier = classifier
        self.device = device
        self.model: nn.Module = classifier.model.to(device)
        side, channels = classifier.preprocessing.crop, len(classifier.preprocessing.mean)
        self.layers = measure(self.model, torch.zeros(1, channels, side, side, device=device))
        if not self.layers:
            raise UserError("There is nothing to see in this network", "it has no layers")
        self.by_name: dict[str, Layer] = {layer.name: layer for layer in self.layers}
        self._probe = Probe(self.model)

    def close(self) -> None:
        """Remove every hook."""
        self._probe.close()

    def layer(self, name: str) -> Layer:
        """The measured layer of that name. Raises `UserError` where there is none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise UserError(
                f"The network has no layer “{name}”", "", f"Its layers are: {', '.join(self.by_name)}"
            ) from None

    def module(self, name: str) -> nn.Module:
        """The module behind a layer. Raises `UserError` where there is none."""
        return self.model.get_submodule(self.layer(name).name)

    def look(self, x: Tensor, rgb: np.ndarray, watched: str) -> Look:
        """Classify a picture and keep the watched layer's output."""
        return self._run(x, rgb, [watched] if watched else [], inputs=False)

    def open_up(self, look: Look) -> Look:
        """The same picture with every layer's input and output kept."""
        return self._run(look.x, look.rgb, list(self.by_name), inputs=True)

    def _run(self, x: Tensor, rgb: np.ndarray, names: list[str], *, inputs: bool) -> Look:
        self._probe.watch(names, inputs=inputs)
        with torch.no_grad():
            logits = self.model(x.to(self.device))[0]
        return Look(x, rgb, logits, logits.softmax(0), self._probe.outputs, self._probe.inputs)

    def output(self, look: Look, name: str) -> Tensor:
        """A layer's output without the batch, running the network again if it was not kept."""
        output = look.outputs.get(name)
        if output is None:
            output = self.look(look.x, look.rgb, self.layer(name).name).outputs[name]
        return output[0]

    def maps(self, look: Look, name: str) -> Tensor:
        """A layer's output as feature maps (C, H, W)."""
        return as_maps(self.output(look, name))

    def last_convolutional(self) -> str:
        """The last layer whose output still has places, where Grad-CAM is usually taken."""
        places = [
            item.name for item in self.layers if len(item.shape) == 3 and item.shape[1] * item.shape[2] > 1
        ]
        if not places:
            raise UserError("The network has no feature maps", "every layer puts out single numbers")
        return places[-1]

    def limits(self, look: Look) -> tuple[float, float]:
        """The colour scale of the whole network: quantiles over an even sample of every layer's values.

        They always rise; values that are not finite are left out.
        """
        values = torch.cat([_sample(output) for output in look.outputs.values()])
        values = values[values.isfinite()]
        if not len(values):
            return 0.0, 1.0
        low, high = values.quantile(torch.tensor([LOW, HIGH])).tolist()
        if not low < high:
            low, high = float(values.min()), float(values.max())
        return (low, high) if low < high else (low - 0.5, low + 0.5)

    def explain(self, look: Look, name: str, index: tuple[int, ...]) -> Answer:
        """How one value of a layer came about. `look` must be open."""
        return answer(self.model, self.by_name, look.inputs, look.outputs, name, index)

    def explain_class(self, look: Look, index: int) -> Answer:
        """How a class's probability follows from the logits."""
        return explain_softmax(look.logits[None].cpu(), self.classifier.classes, index)

    def explain_pixel(self, look: Look, row: int, column: int) -> Answer:
        """How a pixel's three bytes became the network's input."""
        about = self.classifier.preprocessing
        return explain_input(look.x, look.rgb, about.mean, about.std, row, column)


def _sample(values: Tensor, count: int = 2048) -> Tensor:
    """About `count` of the values, evenly, and not from the same few columns of every map."""
    flat = values.detach().flatten()
    stride = max(1, flat.numel() // count)
    while stride > 1 and gcd(stride, values.shape[-1]) > 1:
        stride += 1
    return flat[::stride].float().cpu()
